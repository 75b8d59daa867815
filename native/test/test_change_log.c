/* SPDX-License-Identifier: MPL-2.0 */
/** The change log over a stage of painted pixels: it knows the tiles that differ. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/change_log.h"
#include "capture/frame.h"
#include "session.h"
#include "test.h"

enum { WIDTH = 200, HEIGHT = 80, COLUMNS = 4, BANDS = 5 };

/** A screen that is painted on, and what it has told of. */
typedef struct easel {
    pf_source base;
    uint32_t screen[HEIGHT][WIDTH];
    uint32_t frame[HEIGHT][WIDTH];
    pf_damage damage;
} easel;

static pf_status easel_damage(pf_source *source, pf_damage *damage, pf_error *error) {
    (void)error;
    pf_damage *own = &((easel *)source)->damage;
    for (uint32_t band = 0; band < BANDS; band++) {
        if (pf_bands_has(&own->bands, band)) {
            uint32_t left = own->left_px[band], width = own->right_px[band] - left;
            pf_damage_add(damage, (pf_rect){left, band * 16, width, 16});
        }
    }
    pf_bands_clear(&own->bands);
    return PF_STATUS_OK;
}

static pf_status easel_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                            void *context, pf_error *error) {
    (void)error;
    easel *self = (easel *)source;
    for (uint32_t band = 0; band < BANDS; band++) {
        if (pf_bands_has(bands, band)) {
            memcpy(self->frame[band * 16], self->screen[band * 16], sizeof self->frame[0] * 16);
            arrived(context, (pf_band_range){band, band + 1});
        }
    }
    return PF_STATUS_OK;
}

static const pf_source_ops easel_ops = {.damage = easel_damage, .grab = easel_grab};

typedef struct fixture {
    easel source;
    pf_wake wake;
    pf_outbox outbox;
    pf_change_log changes;
    pf_frame_stage stage;
    uint64_t now_ns;
    /** The pixels as the log knows them. */
    uint32_t known[HEIGHT][WIDTH];
    uint64_t token_us;
} fixture;

static fixture *set_up(pf_settings settings) {
    fixture *self = calloc(1, sizeof *self);
    CHECK(pf_pool_acquire());
    CHECK(pf_wake_init(&self->wake));
    pf_outbox_init(&self->outbox, &self->wake, 16);
    pf_change_log_init(&self->changes, &self->outbox);
    self->source.base.ops = &easel_ops;
    self->source.base.frame =
        (pf_image){(const uint8_t *)self->source.frame, WIDTH * 4, WIDTH, HEIGHT};
    self->stage.source = &self->source.base;
    self->stage.outbox = &self->outbox;
    self->stage.wake = &self->wake;
    self->stage.changes = &self->changes;
    self->now_ns = PF_NS_PER_S;
    pf_error error = {0};
    CHECK_EQUAL(pf_frame_stage_init(&self->stage, &settings, &error), PF_STATUS_OK);
    CHECK(pf_change_log_set_size(&self->changes, WIDTH, HEIGHT, false, 0));
    return self;
}

static void tear_down(fixture *self) {
    pf_frame_stage_deinit(&self->stage);
    pf_change_log_deinit(&self->changes);
    pf_outbox_deinit(&self->outbox);
    pf_wake_deinit(&self->wake);
    pf_pool_release();
    free(self);
}

static void drain(fixture *self) {
    enum { ROOM = 32 };
    pf_stripe stripes[ROOM];
    pf_state state = {.size_bytes = sizeof state};
    uint32_t count = pf_outbox_drain(&self->outbox, stripes, ROOM, &state);
    for (uint32_t index = 0; index < count; index++) {
        pf_stripe_release(NULL, (void *)(uintptr_t)stripes[index].context);
    }
}

static void take_frame(fixture *self) {
    pf_frame_request request = {.now_ns = self->now_ns, .damaged = true};
    pf_error error = {0};
    CHECK_EQUAL(pf_frame_take(&self->stage, &request, &error), PF_STATUS_OK);
    self->now_ns += PF_NS_PER_S / 60;
    drain(self);
}

static void catch_up(fixture *self) {
    pf_error error = {0};
    CHECK_EQUAL(pf_frame_catch_up(&self->stage, &error), PF_STATUS_OK);
}

static void fill(fixture *self, pf_rect rect, uint32_t pixel) {
    for (uint32_t y = rect.y; y < rect.y + rect.height; y++) {
        for (uint32_t x = rect.x; x < rect.x + rect.width; x++) {
            self->source.screen[y][x] = pixel;
        }
    }
    pf_damage_add(&self->source.damage, rect);
}

static uint32_t read_changes(fixture *self, uint64_t since_us, pf_rectangle *rectangles,
                             pf_changes *changes) {
    pf_change_query query = {.size_bytes = sizeof query, .since_us = since_us};
    CHECK_EQUAL(pf_change_log_read(&self->changes, &query, NULL, rectangles, changes),
                PF_STATUS_OK);
    return changes->rectangle_count;
}

/** The tiles that have changed since the last time, a bit each. */
static uint32_t changed_tiles(fixture *self) {
    pf_rectangle rectangles[PF_CHANGE_RECTANGLE_COUNT_MAX];
    pf_changes changes;
    uint32_t tiles = 0;
    read_changes(self, self->token_us, rectangles, &changes);
    self->token_us = changes.token_us;
    for (uint32_t index = 0; index < changes.rectangle_count; index++) {
        const pf_rectangle *rect = &rectangles[index];
        for (uint32_t y = rect->y; y < rect->y + rect->height; y += 16) {
            for (uint32_t x = rect->x; x < rect->x + rect->width; x += 64) {
                tiles |= 1u << (y / 16 * COLUMNS + x / 64);
            }
        }
    }
    return tiles;
}

/** Those in which the screen is another than the one the log knew. */
static uint32_t different_tiles(fixture *self) {
    uint32_t tiles = 0;
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < WIDTH; x++) {
            bool differs = self->known[y][x] != self->source.screen[y][x];
            tiles |= (uint32_t)differs << (y / 16 * COLUMNS + x / 64);
        }
    }
    memcpy(self->known, self->source.screen, sizeof self->known);
    return tiles;
}

static pf_rect random_rect(void) {
    uint32_t x = pf_random_below(WIDTH), y = pf_random_below(HEIGHT);
    return (pf_rect){x, y, 1 + pf_random_below(WIDTH - x), 1 + pf_random_below(HEIGHT - y)};
}

/** Stripes are busy most of the time. */
static pf_settings busy_settings(uint32_t output_mode, uint32_t header) {
    pf_settings settings = default_settings("none");
    settings.output_mode = output_mode;
    settings.stripe_header = header;
    settings.stripe_height = 32;
    settings.use_paint_over_quality = 0;
    settings.damage_block_threshold = 2;
    settings.damage_block_duration = 5;
    return settings;
}

/** Paints at random, often what is there already, and takes frames or looks. */
static void paint_and_compare(pf_settings settings) {
    fixture *self = set_up(settings);
    take_frame(self);
    CHECK_EQUAL(changed_tiles(self), (1u << COLUMNS * BANDS) - 1);
    bool exact = false;
    for (uint32_t step = 0; step < 300; step++) {
        if (pf_random_below(40) == 0) {
            exact = !exact;
            pf_change_log_watch(&self->changes, exact ? PF_WATCH_EXACT : PF_WATCH_NOTHING);
            pf_change_log_settle(&self->stage);
        }
        pf_rect rect = random_rect();
        bool repaint = pf_random_below(2) == 0;
        fill(self, rect, repaint ? self->source.screen[rect.y][rect.x] : pf_random_below(5));
        if (pf_random_below(4) == 0) {
            catch_up(self);
        } else {
            take_frame(self);
        }
        uint32_t expected = different_tiles(self), found = changed_tiles(self);
        CHECK_EQUAL(exact ? found : found & expected, expected);
    }
    tear_down(self);
}

static void changes_are_the_tiles_that_differ(void) {
    paint_and_compare(busy_settings(PF_OUTPUT_JPEG, PF_HEADER_PIXELFLUX));
    paint_and_compare(busy_settings(PF_OUTPUT_JPEG, PF_HEADER_EXTENDED));
    paint_and_compare(busy_settings(PF_OUTPUT_H264, PF_HEADER_PIXELFLUX));
}

static void without_motion_they_are_exact_for_nobody_too(void) {
    pf_settings settings = busy_settings(PF_OUTPUT_JPEG, PF_HEADER_PIXELFLUX);
    settings.damage_block_threshold = 0;
    fixture *self = set_up(settings);
    take_frame(self);
    changed_tiles(self);
    for (uint32_t step = 0; step < 200; step++) {
        fill(self, random_rect(), pf_random_below(3));
        take_frame(self);
        uint32_t expected = different_tiles(self);
        CHECK_EQUAL(changed_tiles(self), expected);
    }
    tear_down(self);
}

static void a_change_is_of_the_frame_that_shows_it(void) {
    fixture *self = set_up(busy_settings(PF_OUTPUT_JPEG, PF_HEADER_PIXELFLUX));
    pf_rectangle rectangles[PF_CHANGE_RECTANGLE_COUNT_MAX];
    pf_changes changes;
    take_frame(self);
    take_frame(self); /* Nothing has changed: none is taken. */
    fill(self, (pf_rect){70, 20, 2, 2}, 1);
    catch_up(self);
    CHECK_EQUAL(read_changes(self, 0, rectangles, &changes), 1);
    CHECK_EQUAL(changes.frame_id, self->stage.frame_id);
    uint64_t token_us = changes.token_us;
    take_frame(self);
    CHECK_EQUAL(read_changes(self, token_us, rectangles, &changes), 0);
    CHECK_EQUAL(changes.token_us, token_us);
    fill(self, (pf_rect){70, 20, 2, 2}, 2);
    take_frame(self);
    CHECK_EQUAL(read_changes(self, token_us, rectangles, &changes), 1);
    CHECK_EQUAL(changes.frame_id, self->stage.frame_id - 1);
    CHECK_EQUAL(changes.changed_us, changes.token_us);
    const pf_rectangle expected = {64, 16, 64, 16};
    CHECK(memcmp(&rectangles[0], &expected, sizeof expected) == 0);
    tear_down(self);
}

static void another_region_is_a_change_of_all(void) {
    fixture *self = set_up(busy_settings(PF_OUTPUT_JPEG, PF_HEADER_PIXELFLUX));
    take_frame(self);
    changed_tiles(self);
    CHECK(pf_change_log_set_size(&self->changes, WIDTH, HEIGHT, false, 1));
    CHECK_EQUAL(changed_tiles(self), 0);
    CHECK(pf_change_log_set_size(&self->changes, WIDTH, HEIGHT, true, 1));
    CHECK_EQUAL(changed_tiles(self), (1u << COLUMNS * BANDS) - 1);
    CHECK(pf_change_log_set_size(&self->changes, 65, 17, false, 1));
    CHECK_EQUAL(changed_tiles(self), 1u | 1u << 1 | 1u << COLUMNS | 1u << (COLUMNS + 1));
    tear_down(self);
}

const pf_test change_log_tests[] = {
    TEST(changes_are_the_tiles_that_differ),
    TEST(without_motion_they_are_exact_for_nobody_too),
    TEST(a_change_is_of_the_frame_that_shows_it),
    TEST(another_region_is_a_change_of_all),
    TESTS_END,
};
