/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A source of pictures that are the same in every run and on every machine, for
 * counting instructions. Its damage is exact, and a grab costs next to nothing:
 * it shows a picture that has been painted beforehand.
 */
#ifndef PF_BENCH_SCENES_H
#define PF_BENCH_SCENES_H

#include "source/source.h"

#define SCENE_WIDTH_PX 1280u
#define SCENE_HEIGHT_PX 720u

/** What the pictures are made of. */
typedef struct scene_stock {
    /** A screen of text, and a high one to scroll through. */
    uint32_t *page;
    uint32_t *roll;
    /** Pictures of video one behind the other. */
    uint32_t *video;
} scene_stock;

/** One way in which a screen changes. */
typedef struct scene {
    const char *name;
    /** From frame to frame. */
    uint64_t interval_ns;
    /** What each frame is told of. */
    pf_rect damage;
    void (*paint)(const scene_stock *stock, pf_rect damage, uint32_t index, uint32_t *pixels);
} scene;

#define SCENE_COUNT 4u
extern const scene scenes[SCENE_COUNT];

/** The most frames that one source may show. */
#define SCENE_FRAMES_MAX 32u

typedef struct scene_source {
    pf_source base;
    const scene *scene;
    const scene_stock *stock;
    /** The one that the frame shows, and the one to paint in. */
    uint32_t *shown;
    uint32_t *next;
} scene_source;

/** False where there is no memory. */
bool scene_stock_init(scene_stock *stock);
void scene_stock_deinit(scene_stock *stock);

/** Borrows the stock. False where there is no memory. */
bool scene_source_init(scene_source *source, const scene *scene, const scene_stock *stock);
void scene_source_deinit(scene_source *source);

/** Paints what the next grab shows. `index` counts the frames from 0. */
void scene_source_paint(scene_source *source, uint32_t index);

#endif
