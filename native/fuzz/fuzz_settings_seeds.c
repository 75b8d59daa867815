/* SPDX-License-Identifier: MPL-2.0 */
/** Programs of calls that reach every codec, header and overlay. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "fuzz_settings.h"
#include "pixelflux.h"

fuzz_field fuzz_fields[FUZZ_FIELD_COUNT_MAX];
uint32_t fuzz_field_count;

void fuzz_fields_read(void) {
    const char *line = strstr(pf_layout(), "pf_settings ");
    for (line = strchr(line, '\n') + 1; *line == ' '; line = strchr(line, '\n') + 1) {
        FUZZ_CHECK(fuzz_field_count < FUZZ_FIELD_COUNT_MAX);
        fuzz_field *field = &fuzz_fields[fuzz_field_count];
        if (sscanf(line, " %63s u32 %u", field->name, &field->offset) == 2) {
            fuzz_field_count++;
        }
    }
    FUZZ_CHECK(fuzz_field_count > 20);
}

/* Steps of a seed, as `run` reads them. */
#define CHANGE(kind) (uint8_t)(2 * (kind))
#define CALL(kind) (uint8_t)(2 * (kind) + 1)
#define START CALL(6)
#define DRAIN CALL(7), FUZZ_STRIPE_COUNT_MAX, FUZZ_WAIT_MS_END - 1
#define UPDATE CALL(0)

static uint8_t index_of(const char *name) {
    uint8_t index = 0;
    while (index < fuzz_field_count && strcmp(fuzz_fields[index].name, name) != 0) {
        index++;
    }
    FUZZ_CHECK(index < fuzz_field_count);
    return index;
}

/** A capture with one setting as given, and then with the watermark too. */
static void write_seed(const char *name, uint8_t value) {
    const uint8_t change = index_of(name), location = index_of("watermark_location");
    const uint8_t mode = index_of("output_mode");
    const uint8_t steps[] = {CHANGE(4), change,    1,         value,    START,     DRAIN,  DRAIN,
                             CHANGE(1), 1,         CHANGE(4), location, 1,         6,      UPDATE,
                             DRAIN,     DRAIN,     CALL(1),   DRAIN,    CHANGE(4), mode,   1,
                             1,         CHANGE(4), change,    1,        value,     UPDATE, DRAIN,
                             DRAIN,     CALL(4),   CALL(2),   DRAIN,    CALL(3)};
    fuzz_seed(name, steps, sizeof steps);
}

void fuzz_settings_write_seeds(void) {
    const uint8_t refused[] = {CALL(5), 5, START, DRAIN, DRAIN, CALL(3), START, DRAIN};
    const uint8_t small[] = {CHANGE(0), 1, 0, 1, 0, 0, 1, START, DRAIN, DRAIN};
    fuzz_fields_read();
    for (uint32_t index = 0; index < fuzz_field_count; index++) {
        write_seed(fuzz_fields[index].name, 1);
    }
    write_seed("stripe_header", PF_HEADER_EXTENDED);
    write_seed("stripe_height", 16);
    write_seed("capture_width", 33);
    write_seed("queue_frames", 16);
    write_seed("h264_crf", 51);
    fuzz_seed("refused", refused, sizeof refused);
    fuzz_seed("small", small, sizeof small);
}
