/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Stripe buffers and the pool they come from and return to.
 *
 * A buffer has one owner at a time: the encoder that fills it, the outbox, then
 * whoever drained it. Buffers may outlive the capture that made them: the pool
 * stays until its last buffer is back.
 */
#ifndef PF_BASE_BUFFER_H
#define PF_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/timeline.h"
#include "pixelflux.h"

typedef struct pf_buffer_pool pf_buffer_pool;

typedef struct pf_buffer {
    /** For the owner's own list. */
    struct pf_buffer *next;
    pf_buffer_pool *pool;
    /** What drain hands out; the pool does not look at it. */
    pf_stripe stripe;
    pf_timeline timeline;
    /** The outbox's: what the frame's size was when the stripe was queued. */
    uint32_t frame_width;
    uint32_t frame_height;
    uint32_t resize_count;
    uint32_t capacity_bytes;
    uint32_t lent;
    uint8_t bytes[];
} pf_buffer;

/** At most idle_bytes_max are kept for reuse. NULL where memory is refused. */
pf_buffer_pool *pf_buffer_pool_create(size_t idle_bytes_max);

/** The creator lets go; the pool goes with its last buffer. */
void pf_buffer_pool_release(pf_buffer_pool *pool);

/** A buffer of at least capacity_bytes with undefined contents, or NULL. */
pf_buffer *pf_buffer_acquire(pf_buffer_pool *pool, size_t capacity_bytes);

/** A larger buffer with the first used_bytes of this one, which is released;
 * on NULL this one is still the caller's. */
pf_buffer *pf_buffer_grow(pf_buffer *buffer, size_t used_bytes, size_t capacity_bytes);

/** Gives a buffer back, on any thread. */
void pf_buffer_release(pf_buffer *buffer);

/** Counts a buffer as lent to the caller of the C ABI until it is released. */
void pf_buffer_lend(pf_buffer *buffer);

/** Fills in the three buffer figures of pf_memory. */
void pf_buffer_usage(pf_memory *memory);

#endif
