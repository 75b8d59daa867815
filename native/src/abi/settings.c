/* SPDX-License-Identifier: MPL-2.0 */
#include "abi/settings.h"

#include <stddef.h>
#include <string.h>

#include "encode/encoder.h"
#include "source/source.h"

typedef struct field_range {
    const char *name;
    size_t offset;
    uint32_t min;
    uint32_t max;
} field_range;

#define RANGE(field, low, high)                                                                    \
    { #field, offsetof(pf_settings, field), low, high }

static const field_range ranges[] = {
    RANGE(output_mode, PF_OUTPUT_JPEG, PF_OUTPUT_H264),
    RANGE(capture_x, 0, 32767),
    RANGE(capture_y, 0, 32767),
    RANGE(capture_width, 0, 16384),
    RANGE(capture_height, 0, 16384),
    RANGE(capture_cursor, PF_CURSOR_NONE, PF_CURSOR_STREAM),
    RANGE(jpeg_quality, 0, 100),
    RANGE(paint_over_jpeg_quality, 0, 100),
    RANGE(jpeg_full_color, 0, 1),
    RANGE(h264_crf, 0, 51),
    RANGE(h264_paint_over_crf, 0, 51),
    RANGE(h264_paint_over, PF_H264_PAINT_OVER_IDR, PF_H264_PAINT_OVER_REFINE),
    RANGE(h264_full_color, 0, 1),
    RANGE(h264_full_frame, 0, 1),
    RANGE(stripe_height, 0, 1024),
    RANGE(use_paint_over_quality, 0, 1),
    RANGE(paint_over_trigger_frames, 1, 1000),
    RANGE(damage_block_threshold, 0, 1000),
    RANGE(damage_block_duration, 1, 1000),
    RANGE(watermark_location, PF_WATERMARK_NONE, PF_WATERMARK_ANIMATED),
    RANGE(stripe_header, PF_HEADER_PIXELFLUX, PF_HEADER_EXTENDED),
    RANGE(queue_frames, 1, 16),
    RANGE(reconnect, 0, 1),
};

static pf_status check_ranges(const pf_settings *settings, pf_error *error) {
    for (size_t index = 0; index < sizeof ranges / sizeof *ranges; index++) {
        const field_range *range = &ranges[index];
        uint32_t value;
        memcpy(&value, (const char *)settings + range->offset, sizeof value);
        if (value < range->min || value > range->max) {
            return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                                "%s: expected %u...%u, received %u", range->name, range->min,
                                range->max, value);
        }
    }
    return PF_STATUS_OK;
}

static pf_status check_text(const char *name, const char *text, size_t capacity_bytes,
                            pf_error *error) {
    if (memchr(text, '\0', capacity_bytes) == NULL) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "%s: expected at most %zu bytes and a NUL", name, capacity_bytes - 1);
    }
    return PF_STATUS_OK;
}

static pf_status check_target(const pf_settings *settings, pf_error *error) {
    bool window = settings->window != 0, monitor = settings->monitor[0] != '\0';
    if (window && monitor) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "window, monitor: expected one of the two at most");
    }
    if ((window || monitor) && pf_source_is_ours(settings->display)) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "%s: expected none, since display is no X display",
                            window ? "window" : "monitor");
    }
    return PF_STATUS_OK;
}

static pf_status check_numbers(const pf_settings *settings, pf_error *error) {
    pf_status status = check_ranges(settings, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    if ((pf_encoder_codecs() >> settings->output_mode & 1) == 0) {
        return pf_error_set(error, PF_STATUS_CODEC_MISSING,
                            "this library was built without x264 and cannot make H.264; choose "
                            "JPEG, or use a library that was built with it");
    }
    if (!(settings->target_fps >= 1 && settings->target_fps <= 240)) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "target_fps: expected 1...240, received %g", settings->target_fps);
    }
    if (settings->stripe_height % 16 != 0) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "stripe_height: expected a multiple of 16, received %u",
                            settings->stripe_height);
    }
    return PF_STATUS_OK;
}

/** What is captured: the display, and what of it. */
static pf_status check_subject(const pf_settings *settings, pf_error *error) {
    pf_status status = check_text("display", settings->display, sizeof settings->display, error);
    if (status == PF_STATUS_OK && settings->display[0] == '\0') {
        status = pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                              "display: expected a display's name such as \":0\", received none");
    }
    if (status == PF_STATUS_OK) {
        status = check_text("monitor", settings->monitor, sizeof settings->monitor, error);
    }
    return status == PF_STATUS_OK ? check_target(settings, error) : status;
}

static pf_status check_paths(const pf_settings *settings, pf_error *error) {
    pf_status status = check_text("watermark_path", settings->watermark_path,
                                  sizeof settings->watermark_path, error);
    return status == PF_STATUS_OK ? check_text("authority_path", settings->authority_path,
                                               sizeof settings->authority_path, error)
                                  : status;
}

pf_status pf_settings_check(const pf_settings *settings, pf_error *error) {
    if (settings->size_bytes != sizeof *settings) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "size_bytes: expected %zu, received %u; caller and library are of "
                            "different versions",
                            sizeof *settings, settings->size_bytes);
    }
    pf_status status = check_numbers(settings, error);
    if (status == PF_STATUS_OK) {
        status = check_subject(settings, error);
    }
    return status == PF_STATUS_OK ? check_paths(settings, error) : status;
}
