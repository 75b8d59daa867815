/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Handles: the number of a slot and the slot's generation, so that one that was
 * freed is told from the one that took its place.
 *
 * A table's owner has a lock, under which its functions are called, and sees to it
 * that an object which was found stays.
 */
#ifndef PF_BASE_HANDLE_H
#define PF_BASE_HANDLE_H

#include <stdint.h>

/** Zeroed before its first use. */
typedef struct pf_handle_slot {
    /** What the slot's present handle names; NULL where there is none. */
    void *object;
    uint32_t generation;
} pf_handle_slot;

typedef struct pf_handle_table {
    pf_handle_slot *slots;
    uint32_t slot_count;
    /** Low bits of a handle that hold the slot's number + 1. There are 32 bits of
     * generation above: 20 at most keep a handle below 2^53, where a JavaScript number
     * is exact. */
    uint32_t number_bits;
} pf_handle_table;

/** The number of the slot that a handle is of which was found. */
uint32_t pf_handle_number(const pf_handle_table *table, uint64_t handle);

/** Puts an object into a slot that has none, and returns its handle, never 0. */
uint64_t pf_handle_put(pf_handle_table *table, uint32_t number, void *object);

/** The object; NULL for a stale handle. */
void *pf_handle_find(const pf_handle_table *table, uint64_t handle);

/** Makes the handle stale. What it named; NULL where it was stale already. */
void *pf_handle_take(pf_handle_table *table, uint64_t handle);

#endif
