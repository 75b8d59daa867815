/* SPDX-License-Identifier: MPL-2.0 */
/**
 * H.264 by x264: Annex B access units without delay. There are no B-frames and
 * no lookahead, so each picture goes in and its access unit comes out; every
 * IDR carries its SPS and PPS.
 */
#include <string.h>

/* x264.h wants it first. */
#include <stdint.h>
#include <x264.h>

#include "base/memory.h"
#include "encode/color.h"
#include "encode/encoder.h"

/* The quantiser is ours to choose for each picture. x264's own choice by CRF
 * depends on the pictures before (a refresh at a lower CRF came out worse than
 * what it refreshed) and costs a quarter of the encoder's time. With constant
 * QP x264 clamps what a picture asks for to the range between its I and B
 * quantisers, and these factors (x264 allows 0.01...10) open that range from 0 to
 * 51: 30 + 6 log2(0.03) < 0, 30 - 6 log2(0.03) > 51. An I factor above 1 would
 * open it too, but x264 makes its bitstream buffers larger by that factor. */
#define BASE_QUANTIZER 30
#define I_FACTOR 0.03f
#define B_FACTOR 0.03f

/* ITU-T H.273: what pf_planes_convert does, and what a screen's pixels are. */
#define MATRIX_BT601 6
#define TRANSFER_SRGB 13
#define PRIMARIES_BT709 1

#define MACROBLOCK_PX 16u

/* From this build on encoders may be opened and closed by several threads at
 * once, on which ffmpeg's libx264 wrapper relies too; before, they shared tables. */
_Static_assert(X264_BUILD >= 158, "x264's open and close have to be thread safe");

typedef struct h264_encoder {
    pf_encoder base;
    x264_t *codec;
    x264_param_t parameters;
    pf_planes planes;
    int64_t picture_count;
    uint32_t profile;
} h264_encoder;

static pf_status configure(h264_encoder *self, pf_error *error) {
    const pf_encoder_format *format = &self->base.format;
    x264_param_t *parameters = &self->parameters;
    if (x264_param_default_preset(parameters, "ultrafast", "zerolatency") < 0) {
        return pf_error_set(error, PF_STATUS_ENCODER, "x264 lacks its preset ultrafast");
    }
    parameters->i_log_level = X264_LOG_NONE;
    parameters->i_width = (int)self->planes.width_px;
    parameters->i_height = (int)self->planes.height_px;
    parameters->i_csp = format->full_color ? X264_CSP_I444 : X264_CSP_I420;
    parameters->i_fps_num = format->fps;
    parameters->i_fps_den = 1;
    parameters->b_vfr_input = 0;
    parameters->i_threads = (int)format->thread_count;
    parameters->b_sliced_threads = format->thread_count > 1;
    parameters->i_keyint_max = X264_KEYINT_MAX_INFINITE;
    parameters->b_repeat_headers = 1;
    parameters->b_annexb = 1;
    parameters->b_aud = 0;
    parameters->rc.i_rc_method = X264_RC_CQP;
    parameters->rc.i_qp_constant = BASE_QUANTIZER;
    parameters->rc.f_ip_factor = I_FACTOR;
    parameters->rc.f_pb_factor = B_FACTOR;
    parameters->analyse.b_mb_info = 1;
    parameters->vui.b_fullrange = 1;
    parameters->vui.i_colmatrix = MATRIX_BT601;
    parameters->vui.i_transfer = TRANSFER_SRGB;
    parameters->vui.i_colorprim = PRIMARIES_BT709;
    if (x264_param_apply_profile(parameters, format->full_color ? "high444" : "baseline") < 0) {
        return pf_error_set(error, PF_STATUS_ENCODER, "x264 refuses the stream's profile");
    }
    return PF_STATUS_OK;
}

/** Opened with the first picture, on the thread that encodes it. */
static pf_status open_codec(h264_encoder *self, pf_error *error) {
    if (configure(self, error) != PF_STATUS_OK) {
        return error->status;
    }
    self->codec = x264_encoder_open(&self->parameters);
    if (self->codec == NULL) {
        return pf_error_set(error, PF_STATUS_ENCODER, "x264 cannot open an encoder of %ux%u px",
                            self->planes.width_px, self->planes.height_px);
    }
    return PF_STATUS_OK;
}

static void point_picture(h264_encoder *self, const pf_encode_request *request,
                          x264_picture_t *picture) {
    x264_picture_init(picture);
    picture->i_type = request->keyframe ? X264_TYPE_IDR : X264_TYPE_AUTO;
    picture->i_qpplus1 = (int)request->quality + 1;
    picture->i_pts = self->picture_count++;
    picture->prop.mb_info = request->constant;
    picture->img.i_csp = self->parameters.i_csp;
    picture->img.i_plane = 3;
    for (int index = 0; index < 3; index++) {
        picture->img.plane[index] = self->planes.plane[index];
        picture->img.i_stride[index] = self->planes.stride_bytes[index];
    }
}

/** Reads profile_idc, constraint flags and level_idc of the SPS, if there is
 * one (ITU-T H.264, 7.3.2.1.1). */
static void note_profile(h264_encoder *self, const x264_nal_t *units, int unit_count) {
    for (int index = 0; index < unit_count; index++) {
        if (units[index].i_type == NAL_SPS) {
            const uint8_t *unit = units[index].p_payload;
            int start_code_bytes = unit[2] == 1 ? 3 : 4;
            const uint8_t *sps = unit + start_code_bytes + 1;
            self->profile = (uint32_t)sps[0] << 16 | (uint32_t)sps[1] << 8 | sps[2];
        }
    }
}

static pf_status hand_out(h264_encoder *self, const pf_encode_request *request,
                          const x264_nal_t *units, size_t size_bytes, int picture_type,
                          pf_buffer_pool *pool, pf_encode_result *result, pf_error *error) {
    pf_buffer *buffer = pf_buffer_acquire(pool, request->header_bytes + size_bytes);
    if (buffer == NULL) {
        return pf_error_no_memory(error, "an H.264 stripe");
    }
    /* x264 lays the NAL units of a picture out one behind the other. */
    memcpy(buffer->bytes + request->header_bytes, units[0].p_payload, size_bytes);
    *result = (pf_encode_result){.buffer = buffer,
                                 .payload_bytes = (uint32_t)size_bytes,
                                 .keyframe = picture_type == X264_TYPE_IDR,
                                 .intra = IS_X264_TYPE_I(picture_type),
                                 .h264_profile = self->profile};
    return PF_STATUS_OK;
}

static bool row_is_constant(const uint8_t *constant, uint32_t count) {
    return memchr(constant, 0, count) == NULL;
}

/** The planes stay from picture to picture: only rows of macroblocks that have
 * changed are converted again. */
static void convert(h264_encoder *self, const pf_encode_request *request) {
    uint32_t height = request->image.height_px;
    uint32_t count = (request->image.width_px + MACROBLOCK_PX - 1) / MACROBLOCK_PX;
    const uint8_t *constant = request->constant;
    for (uint32_t y = 0; y < height; y += MACROBLOCK_PX) {
        uint32_t rows = height - y < MACROBLOCK_PX ? height - y : MACROBLOCK_PX;
        if (constant == NULL || !row_is_constant(constant + y / MACROBLOCK_PX * count, count)) {
            pf_planes_convert(&self->planes, pf_image_rows(request->image, y, rows), y);
        }
    }
    pf_timeline_mark(request->timeline, PF_STAGE_CONVERT, pf_clock_now_ns());
}

static pf_status h264_encode(pf_encoder *encoder, const pf_encode_request *request,
                             pf_buffer_pool *pool, pf_encode_result *result, pf_error *error) {
    h264_encoder *self = (h264_encoder *)encoder;
    if (self->codec == NULL && open_codec(self, error) != PF_STATUS_OK) {
        return error->status;
    }
    convert(self, request);
    x264_picture_t in, out;
    point_picture(self, request, &in);
    x264_nal_t *units;
    int unit_count;
    int size_bytes = x264_encoder_encode(self->codec, &units, &unit_count, &in, &out);
    if (size_bytes <= 0) {
        return pf_error_set(error, PF_STATUS_ENCODER, "x264 gave no picture (%d)", size_bytes);
    }
    note_profile(self, units, unit_count);
    return hand_out(self, request, units, (size_t)size_bytes, out.i_type, pool, result, error);
}

static void h264_destroy(pf_encoder *encoder) {
    h264_encoder *self = (h264_encoder *)encoder;
    if (self->codec != NULL) {
        x264_encoder_close(self->codec);
    }
    pf_planes_destroy(&self->planes);
    pf_free(self);
}

static const pf_encoder_ops h264_ops = {.encode = h264_encode, .destroy = h264_destroy};

pf_status pf_h264_create(const pf_encoder_format *format, pf_encoder **encoder, pf_error *error) {
    h264_encoder *self = pf_alloc(1, sizeof *self);
    if (self == NULL || !pf_planes_create(&self->planes, format->width_px, format->height_px, 2,
                                          format->full_color)) {
        pf_free(self);
        return pf_error_no_memory(error, "an H.264 encoder");
    }
    self->base.ops = &h264_ops;
    self->base.format = *format;
    *encoder = &self->base;
    return PF_STATUS_OK;
}
