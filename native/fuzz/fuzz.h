/* SPDX-License-Identifier: MPL-2.0 */
/** What the fuzzers have in common: a target each, one program. */
#ifndef PF_FUZZ_FUZZ_H
#define PF_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fuzz_target {
    const char *name;
    /** Runs one input; ends the process where something is wrong. */
    void (*run)(const uint8_t *bytes, size_t size_bytes);
    /** Calls fuzz_seed for inputs that reach far; NULL where none are needed. */
    void (*write_seeds)(void);
} fuzz_target;

extern const fuzz_target fuzz_settings_target;
extern const fuzz_target fuzz_damage_target;
extern const fuzz_target fuzz_watermark_target;
extern const fuzz_target fuzz_name_target;

/** Writes one file into the folder of seeds. */
void fuzz_seed(const char *name, const void *bytes, size_t size_bytes);

/** The input as it is taken apart; behind its end there are zeros. */
typedef struct fuzz_input {
    const uint8_t *bytes;
    size_t rest;
} fuzz_input;

uint8_t fuzz_take_u8(fuzz_input *input);
uint16_t fuzz_take_u16(fuzz_input *input);
uint32_t fuzz_take_u32(fuzz_input *input);
double fuzz_take_double(fuzz_input *input);
/** low...high, both possible. */
uint32_t fuzz_take_within(fuzz_input *input, uint32_t low, uint32_t high);
/** Fills all of it, with zeros where the input ends before. */
void fuzz_take_bytes(fuzz_input *input, void *to, size_t size_bytes);

/** A file without a name that holds these bytes. Returns its descriptor; `path`
 * gets a path that opens it. */
int fuzz_make_file(const void *bytes, size_t size_bytes, char *path, size_t capacity_bytes);

/** Says what is wrong and ends the process, which libFuzzer tells as a finding. */
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fuzz_fail(__FILE__, __LINE__, #condition);                                             \
        }                                                                                          \
    } while (0)

#endif
