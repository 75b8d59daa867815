/* SPDX-License-Identifier: MPL-2.0 */
/** The bytes in front of a stripe's payload; docs/wire-format.md. Pure. */
#ifndef PF_ENCODE_WIRE_HEADER_H
#define PF_ENCODE_WIRE_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#define PF_WIRE_HEADER_BYTES_MAX 10u

/** Bytes the header of this pf_stripe_header and pf_output_mode takes. */
uint32_t pf_wire_header_bytes(uint32_t header, uint32_t output_mode);

typedef struct pf_wire_fields {
    uint32_t header;
    uint32_t output_mode;
    uint32_t frame_id;
    uint32_t y;
    uint32_t width;
    uint32_t height;
    bool keyframe;
    bool intra;
} pf_wire_fields;

/** Writes pf_wire_header_bytes bytes to out. */
void pf_wire_header_write(uint8_t *out, const pf_wire_fields *fields);

#endif
