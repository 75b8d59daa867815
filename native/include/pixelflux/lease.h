/* SPDX-License-Identifier: MPL-2.0 */
/** What a caller owes, kept where it is given back if the caller ends without a word. */
#ifndef PIXELFLUX_LEASE_H
#define PIXELFLUX_LEASE_H

#include "api.h"
#include "status.h"

/** Stripes that a lease may have room for. */
#define PF_LEASE_STRIPE_COUNT_MAX 1024

/**
 * Memory in which a caller that may end without a word keeps what it owes, such
 * as a thread of JavaScript that is terminated: when the lease ends, what it
 * holds is given back. `capacity` structures pf_stripe follow right behind this
 * one. pf_capture_start and pf_frames_create are to write their handles here, and
 * pf_capture_drain its stripes there. Who takes a stripe over, or releases it, first sets the
 * `context` there to 0.
 */
typedef struct pf_lease {
    uint64_t handle;
    /** A frame source's handle. */
    uint64_t frames;
    /** Set by pf_lease_create. */
    uint32_t capacity;
    uint32_t reserved;
} pf_lease;

/**
 * Makes a lease with room for `capacity` stripes (0...PF_LEASE_STRIPE_COUNT_MAX)
 * and writes its address to *address. The caller owes pf_lease_end.
 *
 * Errors: INVALID_ARGUMENT, NO_MEMORY.
 */
PF_API int32_t pf_lease_create(uint32_t capacity, uint64_t *address);

/**
 * Ends a lease: releases its stripes, frees its frame source, abandons its capture,
 * and gives its memory back. The signature is that of a JavaScriptCore ArrayBuffer deallocator.
 * `context` is the lease's address; `bytes` is not looked at. NULL context:
 * nothing happens.
 *
 * To abandon is pf_capture_stop at once, and pf_capture_free by a thread that is
 * made for it; pf_memory tells when the capture is gone. Where the handle is
 * stale nothing happens: the capture was freed in the usual way. Blocks only
 * where the system refuses the thread, for as long as pf_capture_free does.
 */
PF_API void pf_lease_end(void *bytes, void *context);

#endif
