/* SPDX-License-Identifier: MPL-2.0 */
/** What the fuzzer of the settings and its seeds have in common. */
#ifndef PF_FUZZ_FUZZ_SETTINGS_H
#define PF_FUZZ_FUZZ_SETTINGS_H

#include <stdint.h>

enum {
    FUZZ_FIELD_COUNT_MAX = 64,
    FUZZ_NAME_BYTES_MAX = 64,
    /** Most stripes that one step drains, and the bound of its wait. */
    FUZZ_STRIPE_COUNT_MAX = 8,
    FUZZ_WAIT_MS_END = 12
};

typedef struct fuzz_field {
    char name[FUZZ_NAME_BYTES_MAX];
    uint32_t offset;
} fuzz_field;

/** The u32 fields of pf_settings, as the library's own manifest tells them. */
extern fuzz_field fuzz_fields[FUZZ_FIELD_COUNT_MAX];
extern uint32_t fuzz_field_count;

/** Fills the two above. */
void fuzz_fields_read(void);

void fuzz_settings_write_seeds(void);

#endif
