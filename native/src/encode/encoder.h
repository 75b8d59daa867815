/* SPDX-License-Identifier: MPL-2.0 */
/**
 * An encoder of pictures, one after the other: for H.264 those of one stripe, for
 * JPEG any. A codec is a struct of functions and one line in pf_encoder_create.
 *
 * An encoder is used by one thread at a time, not always the same one.
 */
#ifndef PF_ENCODE_ENCODER_H
#define PF_ENCODE_ENCODER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/image.h"
#include "base/timeline.h"

typedef struct pf_encoder pf_encoder;

/** What an encoder is made for; a change of any of it needs another one. */
typedef struct pf_encoder_format {
    /** pf_output_mode. */
    uint32_t output_mode;
    /** JPEG: the widest that any picture will be. */
    uint32_t width_px;
    uint32_t height_px;
    /** 4:4:4 instead of 4:2:0. */
    bool full_color;
    /** Frames a second the stream is announced with. */
    uint32_t fps;
    /** Threads that may work on one picture, 1 or more. */
    uint32_t thread_count;
} pf_encoder_format;

/** What is asked of one picture. */
typedef struct pf_encode_request {
    /** H.264: of the format's size. */
    pf_image image;
    /** H.264: a byte for each 16 by 16 px, row by row, 1 where the pixels are
     * those of the encoder's last picture; NULL where nothing is known. */
    uint8_t *constant;
    /** JPEG quality 0...100, or H.264 quantiser 0...51. */
    uint32_t quality;
    /** Decodable without any picture before it. */
    bool keyframe;
    /** Bytes to leave free in front of the payload. */
    uint32_t header_bytes;
    /** Borrowed: the encoder marks the end of PF_STAGE_CONVERT in it. */
    pf_timeline *timeline;
} pf_encode_request;

/** What came out. */
typedef struct pf_encode_result {
    /** The caller's; the payload begins at header_bytes. */
    pf_buffer *buffer;
    uint32_t payload_bytes;
    /** An IDR; true for every JPEG. */
    bool keyframe;
    /** Intra coded, but no IDR. */
    bool intra;
    /** As in pf_stripe. */
    uint32_t h264_profile;
} pf_encode_result;

typedef struct pf_encoder_ops {
    pf_status (*encode)(pf_encoder *encoder, const pf_encode_request *request, pf_buffer_pool *pool,
                        pf_encode_result *result, pf_error *error);
    void (*destroy)(pf_encoder *encoder);
} pf_encoder_ops;

struct pf_encoder {
    /** For the owner's list. */
    pf_encoder *next;
    const pf_encoder_ops *ops;
    pf_encoder_format format;
};

/** The bit 1 << pf_output_mode for each codec that the library was built with. */
uint32_t pf_encoder_codecs(void);

/** The output mode is one of pf_encoder_codecs. */
pf_status pf_encoder_create(const pf_encoder_format *format, pf_encoder **encoder, pf_error *error);

/** The codecs there are; called by pf_encoder_create. */
pf_status pf_jpeg_create(const pf_encoder_format *format, pf_encoder **encoder, pf_error *error);
pf_status pf_h264_create(const pf_encoder_format *format, pf_encoder **encoder, pf_error *error);

#endif
