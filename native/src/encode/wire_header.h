/* SPDX-License-Identifier: MPL-2.0 */
/** The bytes in front of a stripe's payload; docs/wire-format.md. Pure. */
#ifndef PF_ENCODE_WIRE_HEADER_H
#define PF_ENCODE_WIRE_HEADER_H

#include <stdbool.h>

#include "pixelflux.h"

#define PF_WIRE_HEADER_BYTES_MAX 14u

/** The payload of a copy, which only PF_HEADER_EXTENDED has. */
#define PF_WIRE_COPY_BYTES 4u

/** Bytes the header of this pf_stripe_header and pf_stripe_type takes. */
uint32_t pf_wire_header_bytes(uint32_t header, uint32_t type);

/** Writes pf_wire_header_bytes bytes to out. `intra`: an H.264 picture without
 * reference to another, whether or not it is an IDR. */
void pf_wire_header_write(uint8_t *out, uint32_t header, const pf_stripe *stripe, bool intra);

/** Writes the PF_WIRE_COPY_BYTES of a copy's payload to out. */
void pf_wire_copy_write(uint8_t *out, const pf_stripe *stripe);

#endif
