/* SPDX-License-Identifier: MPL-2.0 */
#include "base/buffer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"

/* Capacities are powers of two from 1 KiB to 2 GiB, so that a returned buffer
 * fits the next stripe of about its size. The largest picture, 16384x16384 px, takes
 * 1 GiB, and as a tapped frame some bytes more. */
#define CLASS_SHIFT_MIN 10
#define CLASS_COUNT 22

struct pf_buffer_pool {
    pthread_mutex_t lock;
    pf_buffer *idle[CLASS_COUNT];
    size_t idle_bytes;
    size_t idle_bytes_max;
    /** The creator, and every buffer that is not idle. */
    size_t holder_count;
};

/* What every pool of the process holds: a capture that is gone can no longer
 * be asked. */
static atomic_uint_fast64_t total_bytes;
static atomic_uint_fast64_t lent_bytes;
static atomic_uint_fast32_t lent_count;

static size_t footprint_bytes(uint32_t capacity_bytes) {
    return sizeof(pf_buffer) + capacity_bytes;
}

static unsigned class_of(size_t capacity_bytes) {
    unsigned class = 0;
    while (class < CLASS_COUNT && ((size_t)1 << (class + CLASS_SHIFT_MIN)) < capacity_bytes) {
        class ++;
    }
    return class;
}

pf_buffer_pool *pf_buffer_pool_create(size_t idle_bytes_max) {
    pf_buffer_pool *pool = pf_alloc(1, sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pool->idle_bytes_max = idle_bytes_max;
    pool->holder_count = 1;
    return pool;
}

static void buffer_destroy(pf_buffer *buffer) {
    atomic_fetch_sub(&total_bytes, footprint_bytes(buffer->capacity_bytes));
    pf_free(buffer);
}

static void pool_destroy(pf_buffer_pool *pool) {
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        while (pool->idle[class] != NULL) {
            pf_buffer *buffer = pool->idle[class];
            pool->idle[class] = buffer->next;
            buffer_destroy(buffer);
        }
    }
    pthread_mutex_destroy(&pool->lock);
    pf_free(pool);
}

void pf_buffer_pool_release(pf_buffer_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->idle_bytes_max = 0;
    size_t holder_count = --pool->holder_count;
    pthread_mutex_unlock(&pool->lock);
    if (holder_count == 0) {
        pool_destroy(pool);
    }
}

static pf_buffer *take_idle(pf_buffer_pool *pool, unsigned class) {
    pf_buffer *buffer = pool->idle[class];
    if (buffer != NULL) {
        pool->idle[class] = buffer->next;
        pool->idle_bytes -= footprint_bytes(buffer->capacity_bytes);
    }
    return buffer;
}

static pf_buffer *buffer_create(pf_buffer_pool *pool, unsigned class) {
    uint32_t capacity_bytes = (uint32_t)1 << (class + CLASS_SHIFT_MIN);
    pf_buffer *buffer = pf_alloc_bytes(footprint_bytes(capacity_bytes));
    if (buffer == NULL) {
        return NULL;
    }
    buffer->pool = pool;
    buffer->capacity_bytes = capacity_bytes;
    atomic_fetch_add(&total_bytes, footprint_bytes(capacity_bytes));
    return buffer;
}

pf_buffer *pf_buffer_acquire(pf_buffer_pool *pool, size_t capacity_bytes) {
    unsigned class = class_of(capacity_bytes);
    if (class == CLASS_COUNT) {
        return NULL;
    }
    pthread_mutex_lock(&pool->lock);
    pf_buffer *buffer = take_idle(pool, class);
    if (buffer == NULL) {
        buffer = buffer_create(pool, class);
    }
    if (buffer != NULL) {
        pool->holder_count++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (buffer != NULL) {
        buffer->next = NULL;
        buffer->lent = 0;
        memset(&buffer->stripe, 0, sizeof buffer->stripe);
    }
    return buffer;
}

pf_buffer *pf_buffer_grow(pf_buffer *buffer, size_t used_bytes, size_t capacity_bytes) {
    pf_buffer *larger = pf_buffer_acquire(buffer->pool, capacity_bytes);
    if (larger == NULL) {
        return NULL;
    }
    memcpy(larger->bytes, buffer->bytes, used_bytes);
    pf_buffer_release(buffer);
    return larger;
}

static void settle_loan(pf_buffer *buffer) {
    if (buffer->lent) {
        buffer->lent = 0;
        atomic_fetch_sub(&lent_bytes, footprint_bytes(buffer->capacity_bytes));
        atomic_fetch_sub(&lent_count, 1);
    }
}

void pf_buffer_release(pf_buffer *buffer) {
    pf_buffer_pool *pool = buffer->pool;
    size_t size_bytes = footprint_bytes(buffer->capacity_bytes);
    settle_loan(buffer);
    pthread_mutex_lock(&pool->lock);
    int keep = pool->idle_bytes + size_bytes <= pool->idle_bytes_max;
    if (keep) {
        unsigned class = class_of(buffer->capacity_bytes);
        buffer->next = pool->idle[class];
        pool->idle[class] = buffer;
        pool->idle_bytes += size_bytes;
    }
    size_t holder_count = --pool->holder_count;
    pthread_mutex_unlock(&pool->lock);
    if (!keep) {
        buffer_destroy(buffer);
    }
    if (holder_count == 0) {
        pool_destroy(pool);
    }
}

void pf_buffer_lend(pf_buffer *buffer) {
    buffer->lent = 1;
    atomic_fetch_add(&lent_bytes, footprint_bytes(buffer->capacity_bytes));
    atomic_fetch_add(&lent_count, 1);
}

void pf_buffer_usage(pf_memory *memory) {
    memory->lent_count = (uint32_t)atomic_load(&lent_count);
    memory->lent_bytes = atomic_load(&lent_bytes);
    memory->buffer_bytes = atomic_load(&total_bytes);
}
