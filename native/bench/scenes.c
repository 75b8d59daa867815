/* SPDX-License-Identifier: MPL-2.0 */
#include "scenes.h"

#include <stdlib.h>
#include <string.h>

#include "../test/painter.h"
#include "base/clock.h"

#define SEED 1
#define LINE_PX 16u
#define VIDEO_FRAMES 8u
#define FRAME_PX ((size_t)SCENE_WIDTH_PX * SCENE_HEIGHT_PX)

#define SCROLL_ROWS 600u
#define ROLL_COLUMNS 1024u
#define ROLL_ROWS (SCROLL_ROWS + SCENE_FRAMES_MAX * LINE_PX)

#define FRAME_NS (PF_NS_PER_S / 60)
/* Slower than what counts as motion. */
#define KEYSTROKE_NS (PF_NS_PER_S / 10)

static void paint_still(const scene_stock *stock, pf_rect damage, uint32_t index,
                        uint32_t *pixels) {
    (void)damage;
    (void)index;
    memcpy(pixels, stock->page, FRAME_PX * sizeof *pixels);
}

/** In the area stands the roll from the line `index` on. */
static void paint_lines(const scene_stock *stock, pf_rect damage, uint32_t index,
                        uint32_t *pixels) {
    memcpy(pixels, stock->page, FRAME_PX * sizeof *pixels);
    for (uint32_t y = 0; y < damage.height; y++) {
        memcpy(pixels + (size_t)(damage.y + y) * SCENE_WIDTH_PX + damage.x,
               stock->roll + (size_t)(index * LINE_PX + y) * ROLL_COLUMNS,
               damage.width * sizeof *pixels);
    }
}

static void paint_motion(const scene_stock *stock, pf_rect damage, uint32_t index,
                         uint32_t *pixels) {
    (void)damage;
    memcpy(pixels, stock->video + index % VIDEO_FRAMES * FRAME_PX, FRAME_PX * sizeof *pixels);
}

const scene scenes[SCENE_COUNT] = {
    {"still", FRAME_NS, {0, 0, SCENE_WIDTH_PX, SCENE_HEIGHT_PX}, paint_still},
    {"typing", KEYSTROKE_NS, {320, 302, 200, 20}, paint_lines},
    {"scroll", FRAME_NS, {96, 72, ROLL_COLUMNS, SCROLL_ROWS}, paint_lines},
    {"motion", FRAME_NS, {0, 0, SCENE_WIDTH_PX, SCENE_HEIGHT_PX}, paint_motion},
};

bool scene_stock_init(scene_stock *stock) {
    stock->page = malloc(FRAME_PX * sizeof *stock->page);
    stock->roll = malloc((size_t)ROLL_COLUMNS * ROLL_ROWS * sizeof *stock->roll);
    stock->video = malloc(VIDEO_FRAMES * FRAME_PX * sizeof *stock->video);
    if (stock->page == NULL || stock->roll == NULL || stock->video == NULL) {
        return false;
    }
    /* The page holds the photo until the video has been made of it. */
    bool drawn = pattern_draw("photo", SEED, SCENE_WIDTH_PX, SCENE_HEIGHT_PX, stock->page);
    for (uint32_t index = 0; index < VIDEO_FRAMES; index++) {
        pattern_video(stock->page, SEED, SCENE_WIDTH_PX, SCENE_HEIGHT_PX, index, VIDEO_FRAMES,
                      stock->video + index * FRAME_PX);
    }
    return drawn && pattern_draw("text", SEED, ROLL_COLUMNS, ROLL_ROWS, stock->roll) &&
           pattern_draw("text", SEED + 1, SCENE_WIDTH_PX, SCENE_HEIGHT_PX, stock->page);
}

void scene_stock_deinit(scene_stock *stock) {
    free(stock->page);
    free(stock->roll);
    free(stock->video);
}

static pf_status tell_damage(pf_source *source, pf_damage *damage, pf_error *error) {
    (void)error;
    pf_damage_add(damage, ((scene_source *)source)->scene->damage);
    return PF_STATUS_OK;
}

static void show(scene_source *self, uint32_t *pixels) {
    self->shown = pixels;
    self->base.frame.pixels = (const uint8_t *)pixels;
}

static pf_status grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                      void *context, pf_error *error) {
    (void)error;
    scene_source *self = (scene_source *)source;
    uint32_t *before = self->shown;
    show(self, self->next);
    self->next = before;
    uint32_t count = pf_band_count(SCENE_HEIGHT_PX);
    pf_band_range run = pf_bands_next_run(bands, 0, count);
    for (; run.first < run.end; run = pf_bands_next_run(bands, run.end, count)) {
        arrived(context, run);
    }
    return PF_STATUS_OK;
}

static const pf_source_ops scene_ops = {.damage = tell_damage, .grab = grab};

bool scene_source_init(scene_source *source, const scene *scene, const scene_stock *stock) {
    *source = (scene_source){.scene = scene, .stock = stock};
    source->base.ops = &scene_ops;
    source->base.screen_width = SCENE_WIDTH_PX;
    source->base.screen_height = SCENE_HEIGHT_PX;
    /* x264, libyuv and memcpy take other ways for other alignments. */
    source->next = aligned_alloc(64, FRAME_PX * sizeof *source->next);
    uint32_t *shown = aligned_alloc(64, FRAME_PX * sizeof *shown);
    source->base.frame =
        (pf_image){NULL, SCENE_WIDTH_PX * PF_BYTES_PER_PIXEL, SCENE_WIDTH_PX, SCENE_HEIGHT_PX};
    show(source, shown);
    return source->next != NULL && shown != NULL;
}

void scene_source_deinit(scene_source *source) {
    free(source->shown);
    free(source->next);
}

void scene_source_paint(scene_source *source, uint32_t index) {
    source->scene->paint(source->stock, source->scene->damage, index, source->next);
}
