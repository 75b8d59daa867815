/* SPDX-License-Identifier: MPL-2.0 */
#include "base/handle.h"

#include <stddef.h>

uint32_t pf_handle_number(const pf_handle_table *table, uint64_t handle) {
    return (uint32_t)(handle & ((1u << table->number_bits) - 1)) - 1;
}

uint64_t pf_handle_put(pf_handle_table *table, uint32_t number, void *object) {
    pf_handle_slot *slot = &table->slots[number];
    slot->object = object;
    slot->generation++;
    return (uint64_t)slot->generation << table->number_bits | (number + 1);
}

void *pf_handle_find(const pf_handle_table *table, uint64_t handle) {
    uint32_t number = pf_handle_number(table, handle);
    if (number >= table->slot_count) {
        return NULL;
    }
    const pf_handle_slot *slot = &table->slots[number];
    return slot->generation == handle >> table->number_bits ? slot->object : NULL;
}

void *pf_handle_take(pf_handle_table *table, uint64_t handle) {
    void *object = pf_handle_find(table, handle);
    if (object != NULL) {
        table->slots[pf_handle_number(table, handle)].object = NULL;
    }
    return object;
}
