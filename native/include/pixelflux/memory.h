/* SPDX-License-Identifier: MPL-2.0 */
/** What the process holds. */
#ifndef PIXELFLUX_MEMORY_H
#define PIXELFLUX_MEMORY_H

#include "api.h"
#include "status.h"

/** What this process holds, over all captures, the freed ones included. */
typedef struct pf_memory {
    uint32_t size_bytes;
    /** Captures that were started and are not gone: pf_capture_free has not
     * returned for them, nor has the thread that pf_lease_end made. */
    uint32_t capture_count;
    /** Native threads of ours: capture threads and encoder pool. */
    uint32_t thread_count;
    /** Stripe buffers handed out by drain and not released yet. */
    uint32_t lent_count;
    uint64_t lent_bytes;
    /** All native bytes of stripe buffers: queued, lent, and kept for reuse. */
    uint64_t buffer_bytes;
    /** Frame sources that are open, or that a capture has still. */
    uint32_t frame_source_count;
    uint32_t reserved;
} pf_memory;

/** Reads what the process holds. memory->size_bytes must be set.
 * Errors: INVALID_ARGUMENT. */
PF_API int32_t pf_memory_usage(pf_memory *memory);

#endif
