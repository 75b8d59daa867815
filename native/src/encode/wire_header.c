/* SPDX-License-Identifier: MPL-2.0 */
#include "encode/wire_header.h"

#define MARK_JPEG 0x03
#define MARK_H264 0x04
#define MARK_EXTENDED 0x05

#define FLAG_KEYFRAME 0x04
#define FLAG_INTRA 0x08

uint32_t pf_wire_header_bytes(uint32_t header, uint32_t type) {
    switch (header) {
    case PF_HEADER_NONE:
        return 0;
    case PF_HEADER_EXTENDED:
        return PF_WIRE_HEADER_BYTES_MAX;
    default:
        break;
    }
    if (type == PF_STRIPE_H264) {
        return 10;
    }
    return header == PF_HEADER_PIXELFLUX ? 6 : 4;
}

static uint8_t *put_u16(uint8_t *out, uint32_t value) {
    *out++ = (uint8_t)(value >> 8);
    *out++ = (uint8_t)value;
    return out;
}

static void write_extended(uint8_t *out, const pf_stripe *stripe, bool intra) {
    uint32_t flags = stripe->type;
    flags |= stripe->keyframe ? FLAG_KEYFRAME : 0;
    flags |= stripe->type == PF_STRIPE_H264 && intra && !stripe->keyframe ? FLAG_INTRA : 0;
    *out++ = MARK_EXTENDED;
    *out++ = (uint8_t)flags;
    out = put_u16(out, stripe->frame_id >> 16);
    out = put_u16(out, stripe->frame_id);
    out = put_u16(out, stripe->x);
    out = put_u16(out, stripe->y);
    out = put_u16(out, stripe->width);
    put_u16(out, stripe->height);
}

static void write_h264(uint8_t *out, const pf_stripe *stripe, bool intra) {
    *out++ = MARK_H264;
    *out++ = stripe->keyframe ? 1 : intra ? 2 : 0;
    out = put_u16(out, stripe->frame_id);
    out = put_u16(out, stripe->y);
    out = put_u16(out, stripe->width);
    put_u16(out, stripe->height);
}

static void write_jpeg(uint8_t *out, uint32_t header, const pf_stripe *stripe) {
    if (header == PF_HEADER_PIXELFLUX) {
        *out++ = MARK_JPEG;
        *out++ = 0;
    }
    out = put_u16(out, stripe->frame_id);
    put_u16(out, stripe->y);
}

void pf_wire_header_write(uint8_t *out, uint32_t header, const pf_stripe *stripe, bool intra) {
    if (header == PF_HEADER_NONE) {
        return;
    }
    if (header == PF_HEADER_EXTENDED) {
        write_extended(out, stripe, intra);
    } else if (stripe->type == PF_STRIPE_H264) {
        write_h264(out, stripe, intra);
    } else {
        write_jpeg(out, header, stripe);
    }
}

void pf_wire_copy_write(uint8_t *out, const pf_stripe *stripe) {
    put_u16(put_u16(out, stripe->source_x), stripe->source_y);
}
