/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The C ABI as a caller who makes every mistake there is: the input is a program
 * of calls on one capture of a small synthetic screen, with any value in any field
 * of the settings, wild handles, and memory that is refused. Statuses are those the
 * header names, stripes lie where they say, and nothing is left at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/memory.h"
#include "fuzz.h"
#include "fuzz_settings.h"
#include "pixelflux.h"

enum { STEP_COUNT_MAX = 48, START_COUNT_MAX = 3, SIDE_PX_MAX = 512 };

static char watermark_path[64];

typedef struct session {
    pf_settings settings;
    uint64_t handle;
    uint32_t start_count;
    uint32_t last_frame_id;
    uint32_t held_count;
    pf_stripe held[FUZZ_STRIPE_COUNT_MAX];
} session;

static void make_watermark(void) {
    uint8_t pixels[30 * 20 * 4], file[8192];
    memset(pixels, 0x80, sizeof pixels);
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 30, .height = 20, .format = PNG_FORMAT_RGBA};
    png_alloc_size_t size_bytes = sizeof file;
    FUZZ_CHECK(png_image_write_to_memory(&image, file, &size_bytes, 0, pixels, 0, NULL));
    fuzz_make_file(file, size_bytes, watermark_path, sizeof watermark_path);
}

static pf_settings legal_settings(void) {
    return (pf_settings){.size_bytes = sizeof(pf_settings),
                         .display = "synthetic://200x150@500",
                         .target_fps = 240,
                         .jpeg_quality = 75,
                         .paint_over_jpeg_quality = 90,
                         .h264_crf = 25,
                         .h264_paint_over_crf = 18,
                         .use_paint_over_quality = 1,
                         .paint_over_trigger_frames = 1,
                         .damage_block_threshold = 2,
                         .damage_block_duration = 3,
                         .queue_frames = 3};
}

static void set_field(session *self, fuzz_input *input) {
    uint32_t field = fuzz_take_u8(input) % fuzz_field_count, value = 0;
    switch (fuzz_take_u8(input) % 4) {
    case 0:
        value = fuzz_take_u8(input) % 4;
        break;
    case 1:
        value = fuzz_take_u8(input);
        break;
    case 2:
        value = fuzz_take_u16(input);
        break;
    default:
        value = fuzz_take_u32(input);
    }
    memcpy((char *)&self->settings + fuzz_fields[field].offset, &value, sizeof value);
}

static void set_display(session *self, fuzz_input *input) {
    uint32_t width = fuzz_take_u16(input) % (SIDE_PX_MAX + 1);
    uint32_t height = fuzz_take_u16(input) % (SIDE_PX_MAX + 1), rate = fuzz_take_u16(input);
    snprintf(self->settings.display, sizeof self->settings.display, "synthetic://%ux%u@%u", width,
             height, rate % 1200);
}

static void set_text(session *self, fuzz_input *input) {
    switch (fuzz_take_u8(input) % 7) {
    case 0:
        self->settings.watermark_path[0] = '\0';
        break;
    case 1:
    case 2:
        snprintf(self->settings.watermark_path, sizeof self->settings.watermark_path, "%s",
                 watermark_path);
        break;
    case 3:
        memset(self->settings.watermark_path, 'x', sizeof self->settings.watermark_path);
        break;
    case 4:
        memset(self->settings.display, 'x', sizeof self->settings.display);
        break;
    case 5:
        memset(self->settings.authority_path, 'x', sizeof self->settings.authority_path);
        break;
    default:
        fuzz_take_bytes(input, self->settings.watermark_path, 16);
    }
}

static void check_words(void) {
    char words[64] = "";
    FUZZ_CHECK(pf_last_message(words, sizeof words) == PF_STATUS_OK && words[0] != '\0');
}

/** The ranges of pixelflux.h on which memory and time depend. */
static bool is_bounded(const pf_settings *settings) {
    return settings->queue_frames >= 1 && settings->queue_frames <= 16 &&
           settings->target_fps >= 1 && settings->target_fps <= 240 &&
           settings->stripe_height <= 1024 && settings->stripe_height % 16 == 0 &&
           settings->capture_width <= 16384 && settings->capture_height <= 16384 &&
           settings->jpeg_quality <= 100 && settings->paint_over_jpeg_quality <= 100 &&
           settings->h264_crf <= 51 && settings->h264_paint_over_crf <= 51 &&
           settings->stripe_header <= PF_HEADER_EXTENDED && settings->output_mode <= PF_OUTPUT_H264;
}

static void start(session *self) {
    if (self->handle != 0 || self->start_count == START_COUNT_MAX) {
        return;
    }
    self->start_count++;
    self->last_frame_id = 0;
    int32_t status = pf_capture_start(&self->settings, &self->handle);
    FUZZ_CHECK(status != PF_STATUS_OK || is_bounded(&self->settings));
    if (status != PF_STATUS_OK) {
        FUZZ_CHECK(status == PF_STATUS_INVALID_ARGUMENT || status == PF_STATUS_WATERMARK ||
                   status == PF_STATUS_NO_MEMORY || status == PF_STATUS_NO_RESOURCE);
        FUZZ_CHECK(self->handle == 0);
        check_words();
    }
}

static void update(session *self) {
    int32_t status = pf_capture_update(self->handle, &self->settings);
    FUZZ_CHECK(status != PF_STATUS_OK || is_bounded(&self->settings));
    if (status != PF_STATUS_OK && status != PF_STATUS_STALE_HANDLE) {
        FUZZ_CHECK(status < 0 && status >= PF_STATUS_WATERMARK);
        check_words();
    }
}

static void release_held(session *self) {
    while (self->held_count > 0) {
        pf_stripe *stripe = &self->held[--self->held_count];
        pf_stripe_release((void *)(uintptr_t)stripe->bytes, (void *)(uintptr_t)stripe->context);
    }
}

static void check_stripe(session *self, const pf_stripe *stripe, const pf_state *state) {
    FUZZ_CHECK(stripe->bytes != 0 && stripe->context != 0);
    FUZZ_CHECK(stripe->size_bytes > stripe->header_bytes);
    FUZZ_CHECK(stripe->type <= PF_STRIPE_COPY && stripe->keyframe <= 1);
    FUZZ_CHECK(stripe->width > 0 && stripe->x + stripe->width <= state->width);
    FUZZ_CHECK(stripe->height > 0 && stripe->y + stripe->height <= state->height);
    FUZZ_CHECK(stripe->frame_id >= self->last_frame_id);
    self->last_frame_id = stripe->frame_id;
    const uint8_t *payload = (const uint8_t *)(uintptr_t)stripe->bytes + stripe->header_bytes;
    if (stripe->type == PF_STRIPE_JPEG) {
        FUZZ_CHECK(payload[0] == 0xff && payload[1] == 0xd8);
        FUZZ_CHECK(((const uint8_t *)(uintptr_t)stripe->bytes)[stripe->size_bytes - 1] == 0xd9);
    } else if (stripe->type == PF_STRIPE_H264) {
        FUZZ_CHECK(payload[0] == 0 && payload[1] == 0 && payload[2] <= 1);
    } else {
        FUZZ_CHECK(stripe->source_x + stripe->width <= state->width);
        FUZZ_CHECK(stripe->source_y + stripe->height <= state->height);
    }
}

/** Takes some stripes and keeps them until they are given back, or the end. */
static void drain(session *self, fuzz_input *input) {
    pf_state state = {.size_bytes = sizeof state};
    uint32_t count = 0, room = fuzz_take_u8(input) % (FUZZ_STRIPE_COUNT_MAX + 1);
    release_held(self);
    pf_capture_wait(self->handle, fuzz_take_u8(input) % FUZZ_WAIT_MS_END);
    int32_t status = pf_capture_drain(self->handle, self->held, room, &count, &state);
    if (status != PF_STATUS_OK) {
        FUZZ_CHECK(status == PF_STATUS_STALE_HANDLE && count == 0);
        return;
    }
    FUZZ_CHECK(count <= room);
    self->held_count = count;
    for (uint32_t index = 0; index < count; index++) {
        check_stripe(self, &self->held[index], &state);
    }
}

/** Calls with arguments nobody should pass: an error, and nothing else. */
static void misuse(session *self, fuzz_input *input) {
    uint64_t wild = (uint64_t)fuzz_take_u32(input) << 32 | fuzz_take_u32(input);
    if (wild == self->handle) {
        return;
    }
    pf_histogram histogram = {.size_bytes = sizeof histogram};
    pf_stats stats = {.size_bytes = fuzz_take_u16(input)};
    pf_state state = {.size_bytes = fuzz_take_u16(input)};
    uint32_t count;
    char text[1];
    FUZZ_CHECK(pf_capture_stop(wild) == PF_STATUS_STALE_HANDLE);
    FUZZ_CHECK(pf_capture_free(wild) == PF_STATUS_STALE_HANDLE);
    FUZZ_CHECK(pf_capture_join(wild) == PF_STATUS_STALE_HANDLE);
    FUZZ_CHECK(pf_capture_wait(wild, 0) == PF_STATUS_STALE_HANDLE);
    FUZZ_CHECK(pf_capture_message(wild, text, sizeof text) == PF_STATUS_STALE_HANDLE);
    FUZZ_CHECK(pf_capture_drain(wild, NULL, 1, &count, &state) == PF_STATUS_INVALID_ARGUMENT);
    FUZZ_CHECK(pf_capture_start(NULL, NULL) == PF_STATUS_INVALID_ARGUMENT);
    FUZZ_CHECK(pf_capture_histogram(wild, fuzz_take_u32(input), &histogram) < 0);
    pf_capture_histogram(self->handle, fuzz_take_u32(input), &histogram);
    pf_capture_stats(self->handle, &stats);
    stats.size_bytes = sizeof stats;
    pf_capture_stats(self->handle, &stats);
    pf_capture_message(self->handle, text, fuzz_take_u8(input) % 2);
    pf_stripe_release(NULL, NULL);
}

static void end(session *self) {
    if (self->handle != 0) {
        FUZZ_CHECK(pf_capture_free(self->handle) == PF_STATUS_OK);
        FUZZ_CHECK(pf_capture_stop(self->handle) == PF_STATUS_STALE_HANDLE);
        self->handle = 0;
    }
}

static void check_nothing_left(void) {
    pf_memory memory = {.size_bytes = sizeof memory};
    FUZZ_CHECK(pf_memory_usage(&memory) == PF_STATUS_OK);
    FUZZ_CHECK(memory.capture_count == 0 && memory.thread_count == 0);
    FUZZ_CHECK(memory.lent_count == 0 && memory.lent_bytes == 0 && memory.buffer_bytes == 0);
}

static void change(session *self, fuzz_input *input, uint8_t kind) {
    switch (kind) {
    case 0:
        set_display(self, input);
        break;
    case 1:
        set_text(self, input);
        break;
    case 2:
        self->settings.target_fps = fuzz_take_double(input);
        break;
    case 3:
        self->settings = legal_settings();
        break;
    default:
        set_field(self, input);
    }
}

static void call(session *self, fuzz_input *input, uint8_t kind) {
    switch (kind) {
    case 0:
        update(self);
        break;
    case 1:
        pf_capture_request_keyframe(self->handle);
        break;
    case 2:
        pf_capture_stop(self->handle);
        break;
    case 3:
        end(self);
        break;
    case 4:
        misuse(self, input);
        break;
    case 5:
        pf_fault_after(fuzz_take_u8(input) - 1);
        break;
    case 6:
        start(self);
        break;
    default:
        drain(self, input);
    }
}

static void run(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input input = {bytes, size_bytes};
    session self = {.settings = legal_settings()};
    if (fuzz_field_count == 0) {
        fuzz_fields_read();
        make_watermark();
    }
    for (int step = 0; step < STEP_COUNT_MAX && input.rest > 0; step++) {
        uint8_t what = fuzz_take_u8(&input);
        if (what % 2 == 0) {
            change(&self, &input, what / 2 % 10);
        } else {
            call(&self, &input, what / 2 % 10);
        }
    }
    pf_fault_after(-1);
    end(&self);
    release_held(&self);
    check_nothing_left();
}

const fuzz_target fuzz_settings_target = {"settings", run, fuzz_settings_write_seeds};
