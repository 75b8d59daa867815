/* SPDX-License-Identifier: MPL-2.0 */
/**
 * pixelflux.h: the C ABI of pixelflux-ffi, and the whole of it. Its rules are here;
 * it is declared in headers by subject, each of which can be included alone.
 *
 * A *capture* reads the pixels of a source (an X11 screen region first), finds
 * out which full-width horizontal *stripes* changed, encodes those as JPEG or
 * H.264, and keeps them in a bounded queue until the caller drains them.
 *
 * Rules that hold for every function here
 *   - Fixed-width types only. Structures go by pointer and begin with
 *     `size_bytes`, which the caller sets to sizeof the structure it was
 *     compiled (or laid out) for.
 *   - Captures are named by 64-bit handles below 2^53, which carry a
 *     generation: a handle that has been freed gives PF_STATUS_STALE_HANDLE,
 *     never a crash. 0 is never a handle.
 *   - An int32_t result is a pf_status. `Errors:` names those that there can be,
 *     without their PF_STATUS_.
 *   - A NULL pointer where one is required gives PF_STATUS_INVALID_ARGUMENT.
 *   - On any negative status nothing was changed and nothing is owed.
 *   - What is handed out with a `bytes` and a `context` is the caller's, who owes
 *     one pf_stripe_release for it.
 *   - No function calls back into the caller, and none keeps a pointer of the
 *     caller's after it has returned.
 *   - Functions may be called from any thread; those that block say so.
 *
 * A capture's life
 *
 *   pf_capture_start   main thread     returns at once with a handle
 *   pf_capture_wait    poll thread     until news; never takes anything
 *   pf_capture_drain   main thread     takes stripes and reads the state
 *   pf_capture_request_screenshot, pf_capture_drain_screenshots
 *                      main thread     asks for single pictures, and takes them
 *   pf_capture_drain_cursor
 *                      main thread     takes the pointer, where that is a stream
 *   pf_capture_watch, pf_capture_look, pf_capture_changes
 *                      main thread     what changes on the screen
 *   pf_capture_tap, pf_capture_drain_tap
 *                      main thread     the pixels of each frame
 *   pf_capture_stop    any thread      asks for the end, returns at once
 *   pf_capture_join    poll thread     until every native thread has ended
 *   pf_capture_free    any thread      the handle is stale from here on
 */
#ifndef PIXELFLUX_H
#define PIXELFLUX_H

#include "pixelflux/api.h"
#include "pixelflux/capture.h"
#include "pixelflux/changes.h"
#include "pixelflux/cursor.h"
#include "pixelflux/frames.h"
#include "pixelflux/lease.h"
#include "pixelflux/library.h"
#include "pixelflux/memory.h"
#include "pixelflux/screenshot.h"
#include "pixelflux/settings.h"
#include "pixelflux/stats.h"
#include "pixelflux/status.h"
#include "pixelflux/stripe.h"
#include "pixelflux/tap.h"

#endif
