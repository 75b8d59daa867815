// SPDX-License-Identifier: MPL-2.0
/**
 * The exported functions of native/include/, and nothing else.
 *
 * Handles are u64 and below 2^53, so they travel as JavaScript numbers.
 * `"buffer"` refuses `undefined` and `null` in the call itself; `"ptr"` lets
 * them through as NULL and stands only where NULL is legal.
 */
import type { FFIFunction } from "bun:ffi";

export const ABI_SYMBOLS = {
  pf_abi_version: { args: [], returns: "u32" },
  pf_layout: { args: [], returns: "cstring" /* const char * */ },
} as const satisfies Record<string, FFIFunction>;

/** What a poll worker calls; all block. */
export const POLL_SYMBOLS = {
  pf_capture_wait: {
    args: ["u64" /* uint64_t handle */, "u32" /* uint32_t timeout_ms */],
    returns: "i32",
  },
  pf_capture_join: { args: ["u64" /* uint64_t handle */], returns: "i32" },
  pf_frames_wait: {
    args: [
      "u64" /* uint64_t handle */,
      "u64" /* uint64_t serial */,
      "u32" /* uint32_t timeout_ms */,
    ],
    returns: "i32",
  },
} as const satisfies Record<string, FFIFunction>;

/** What a realm's own thread calls. `pf_capture_wait` is for the exit of the process alone. */
export const CAPTURE_SYMBOLS = {
  pf_capture_wait: POLL_SYMBOLS.pf_capture_wait,
  pf_capture_start: {
    args: ["buffer" /* const pf_settings *settings */, "buffer" /* uint64_t *handle */],
    returns: "i32",
  },
  pf_capture_update: {
    args: ["u64" /* uint64_t handle */, "buffer" /* const pf_settings *settings */],
    returns: "i32",
  },
  pf_capture_request_keyframe: { args: ["u64" /* uint64_t handle */], returns: "i32" },
  pf_capture_drain: {
    args: [
      "u64" /* uint64_t handle */,
      "ptr" /* pf_stripe *stripes, NULL where capacity is 0 */,
      "u32" /* uint32_t capacity */,
      "buffer" /* uint32_t *count */,
      "buffer" /* pf_state *state */,
    ],
    returns: "i32",
  },
  pf_capture_request_screenshot: {
    args: ["u64" /* uint64_t handle */, "buffer" /* const pf_screenshot_request *request */],
    returns: "i32",
  },
  pf_capture_drain_screenshots: {
    args: [
      "u64" /* uint64_t handle */,
      "buffer" /* pf_screenshot *screenshots */,
      "u32" /* uint32_t capacity */,
      "buffer" /* uint32_t *count */,
    ],
    returns: "i32",
  },
  pf_capture_drain_cursor: {
    args: [
      "u64" /* uint64_t handle */,
      "buffer" /* pf_cursor *cursor */,
      "buffer" /* uint32_t *count */,
    ],
    returns: "i32",
  },
  pf_capture_tap: {
    args: ["u64" /* uint64_t handle */, "u32" /* uint32_t bytes_max */],
    returns: "i32",
  },
  pf_capture_drain_tap: {
    args: [
      "u64" /* uint64_t handle */,
      "buffer" /* pf_tap_frame *frame */,
      "buffer" /* uint32_t *count */,
    ],
    returns: "i32",
  },
  pf_capture_watch: {
    args: ["u64" /* uint64_t handle */, "u32" /* uint32_t watch */],
    returns: "i32",
  },
  pf_capture_look: {
    args: ["u64" /* uint64_t handle */, "buffer" /* uint64_t *looked_us */],
    returns: "i32",
  },
  pf_capture_changes: {
    args: [
      "u64" /* uint64_t handle */,
      "buffer" /* const pf_change_query *query */,
      "buffer" /* const pf_rectangle *ignored */,
      "buffer" /* pf_rectangle *rectangles */,
      "buffer" /* pf_changes *changes */,
    ],
    returns: "i32",
  },
  pf_stripe_release: { args: ["ptr" /* void *bytes */, "ptr" /* void *context */] },
  pf_capture_stop: { args: ["u64" /* uint64_t handle */], returns: "i32" },
  pf_capture_free: { args: ["u64" /* uint64_t handle */], returns: "i32" },
  pf_lease_create: {
    args: ["u32" /* uint32_t capacity */, "buffer" /* uint64_t *address */],
    returns: "i32",
  },
  pf_lease_end: { args: ["ptr" /* void *bytes */, "ptr" /* void *context */] },
  pf_capture_message: {
    args: [
      "u64" /* uint64_t handle */,
      "buffer" /* char *text */,
      "u32" /* uint32_t capacity_bytes */,
    ],
    returns: "i32",
  },
  pf_last_message: {
    args: ["buffer" /* char *text */, "u32" /* uint32_t capacity_bytes */],
    returns: "i32",
  },
  pf_capture_stats: {
    args: ["u64" /* uint64_t handle */, "buffer" /* pf_stats *stats */],
    returns: "i32",
  },
  pf_capture_histogram: {
    args: [
      "u64" /* uint64_t handle */,
      "u32" /* uint32_t stage */,
      "buffer" /* pf_histogram *histogram */,
    ],
    returns: "i32",
  },
  pf_clock_us: { args: [], returns: "u64" },
  pf_capabilities_read: {
    args: ["buffer" /* pf_capabilities *capabilities */],
    returns: "i32",
  },
  pf_frames_wait: POLL_SYMBOLS.pf_frames_wait,
  pf_frames_create: {
    args: [
      "u32" /* uint32_t width */,
      "u32" /* uint32_t height */,
      "buffer" /* uint64_t *handle */,
    ],
    returns: "i32",
  },
  pf_frames_push: {
    args: [
      "u64" /* uint64_t handle */,
      "buffer" /* const uint8_t *rgba */,
      "u64" /* uint64_t rgba_bytes */,
      "u32" /* uint32_t width */,
      "u32" /* uint32_t height */,
      "u32" /* uint32_t stride_bytes */,
      "ptr" /* const uint32_t *damage, NULL for all of the picture */,
      "u32" /* uint32_t damage_count */,
      "buffer" /* uint64_t *serial */,
    ],
    returns: "i32",
  },
  pf_frames_free: { args: ["u64" /* uint64_t handle */], returns: "i32" },
  pf_memory_usage: { args: ["buffer" /* pf_memory *memory */], returns: "i32" },
} as const satisfies Record<string, FFIFunction>;
