/* SPDX-License-Identifier: MPL-2.0 */
#include "encode/wire_header.h"

#include "pixelflux.h"

#define KIND_JPEG 0x03
#define KIND_H264 0x04

uint32_t pf_wire_header_bytes(uint32_t header, uint32_t output_mode) {
    if (header == PF_HEADER_NONE) {
        return 0;
    }
    if (output_mode == PF_OUTPUT_H264) {
        return 10;
    }
    return header == PF_HEADER_PIXELFLUX ? 6 : 4;
}

static uint8_t *put_u16(uint8_t *out, uint32_t value) {
    *out++ = (uint8_t)(value >> 8);
    *out++ = (uint8_t)value;
    return out;
}

static void write_h264(uint8_t *out, const pf_wire_fields *fields) {
    *out++ = KIND_H264;
    *out++ = fields->keyframe ? 1 : fields->intra ? 2 : 0;
    out = put_u16(out, fields->frame_id);
    out = put_u16(out, fields->y);
    out = put_u16(out, fields->width);
    put_u16(out, fields->height);
}

static void write_jpeg(uint8_t *out, const pf_wire_fields *fields) {
    if (fields->header == PF_HEADER_PIXELFLUX) {
        *out++ = KIND_JPEG;
        *out++ = 0;
    }
    out = put_u16(out, fields->frame_id);
    put_u16(out, fields->y);
}

void pf_wire_header_write(uint8_t *out, const pf_wire_fields *fields) {
    if (fields->header == PF_HEADER_NONE) {
        return;
    }
    if (fields->output_mode == PF_OUTPUT_H264) {
        write_h264(out, fields);
    } else {
        write_jpeg(out, fields);
    }
}
