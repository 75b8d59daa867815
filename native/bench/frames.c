/* SPDX-License-Identifier: MPL-2.0 */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "../test/painter.h"
#include "base/bands.h"

#define SEED 1
#define VIDEO_FRAMES 24
#define SCROLL_SOURCE_ROWS 3200u
#define LINE_PX 16u

struct bench_frames {
    uint32_t width_px;
    uint32_t height_px;
    pf_rect changed;
    void (*paint)(bench_frames *frames, uint32_t index);
    uint32_t *pixels;
    /** What frames are made from: pictures one behind the other, or one high one. */
    uint32_t *source;
};

static size_t frame_pixels(const bench_frames *frames) {
    return (size_t)frames->width_px * frames->height_px;
}

static void paint_video(bench_frames *frames, uint32_t index) {
    size_t count = frame_pixels(frames);
    memcpy(frames->pixels, frames->source + index % VIDEO_FRAMES * count,
           count * sizeof *frames->pixels);
}

static bool prepare_video(bench_frames *frames) {
    size_t count = frame_pixels(frames);
    uint16_t width = (uint16_t)frames->width_px, height = (uint16_t)frames->height_px;
    frames->changed = (pf_rect){0, 0, frames->width_px, frames->height_px};
    frames->paint = paint_video;
    frames->source = calloc(VIDEO_FRAMES * count, sizeof *frames->source);
    if (frames->source == NULL) {
        return false;
    }
    pattern_draw("photo", SEED, width, height, frames->pixels);
    for (uint32_t index = 0; index < VIDEO_FRAMES; index++) {
        pattern_video(frames->pixels, SEED, width, height, index, VIDEO_FRAMES,
                      frames->source + index * count);
    }
    return true;
}

static pf_rect area_within(const bench_frames *frames, pf_rect wanted) {
    uint32_t width = wanted.width < frames->width_px ? wanted.width : frames->width_px;
    uint32_t height = wanted.height < frames->height_px ? wanted.height : frames->height_px;
    return (pf_rect){wanted.x + width <= frames->width_px ? wanted.x : 0,
                     wanted.y + height <= frames->height_px ? wanted.y : 0, width, height};
}

/** Copies rows of the source, from its row `from` on, into the area that changes. */
static void put_area(bench_frames *frames, uint32_t from) {
    const pf_rect *area = &frames->changed;
    for (uint32_t row = 0; row < area->height; row++) {
        memcpy(frames->pixels + (size_t)(area->y + row) * frames->width_px + area->x,
               frames->source + (size_t)(from + row) * area->width,
               area->width * sizeof *frames->pixels);
    }
}

static void paint_scroll(bench_frames *frames, uint32_t index) {
    uint32_t steps = (SCROLL_SOURCE_ROWS - frames->changed.height) / LINE_PX;
    put_area(frames, index % steps * LINE_PX);
}

static void paint_typing(bench_frames *frames, uint32_t index) {
    pattern_draw("text", SEED + 1 + index, (uint16_t)frames->changed.width,
                 (uint16_t)frames->changed.height, frames->source);
    put_area(frames, 0);
}

static bool prepare_text(bench_frames *frames, pf_rect wanted, uint32_t source_rows) {
    frames->changed = area_within(frames, wanted);
    frames->source = calloc((size_t)frames->changed.width * source_rows, sizeof *frames->source);
    if (frames->source == NULL) {
        return false;
    }
    pattern_draw("text", SEED + 99, (uint16_t)frames->width_px, (uint16_t)frames->height_px,
                 frames->pixels);
    return pattern_draw("text", SEED, (uint16_t)frames->changed.width, (uint16_t)source_rows,
                        frames->source);
}

static bool prepare(bench_frames *frames, frames_subject subject) {
    if (strcmp(subject.name, "video") == 0) {
        return prepare_video(frames);
    }
    if (strcmp(subject.name, "scroll") == 0) {
        frames->paint = paint_scroll;
        pf_rect window = {360, 128 + subject.position * PF_BAND_ROWS, 1200, 800};
        return prepare_text(frames, window, SCROLL_SOURCE_ROWS);
    }
    frames->paint = paint_typing;
    pf_rect line = {320, 48 + subject.position * 7 * PF_BAND_ROWS, 400, 20};
    return strcmp(subject.name, "typing") == 0 && prepare_text(frames, line, line.height);
}

bench_frames *frames_create(frames_subject subject, uint32_t width_px, uint32_t height_px) {
    bench_frames *frames = calloc(1, sizeof *frames);
    if (frames == NULL) {
        return NULL;
    }
    frames->width_px = width_px;
    frames->height_px = height_px;
    frames->pixels = calloc(frame_pixels(frames), sizeof *frames->pixels);
    if (frames->pixels == NULL || !prepare(frames, subject)) {
        frames_destroy(frames);
        return NULL;
    }
    return frames;
}

void frames_destroy(bench_frames *frames) {
    free(frames->pixels);
    free(frames->source);
    free(frames);
}

pf_image frames_paint(bench_frames *frames, uint32_t index) {
    frames->paint(frames, index);
    return (pf_image){.pixels = (const uint8_t *)frames->pixels,
                      .stride_bytes = frames->width_px * PF_BYTES_PER_PIXEL,
                      .width_px = frames->width_px,
                      .height_px = frames->height_px};
}

pf_rect frames_changed(const bench_frames *frames) {
    return frames->changed;
}
