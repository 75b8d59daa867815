/* SPDX-License-Identifier: MPL-2.0 */
/** One frame stage over a source that lies: it changes and says nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/frame.h"
#include "session.h"
#include "test.h"

enum { WIDTH = 64, HEIGHT = 320, STRIPE_COUNT = 5 };

typedef struct liar {
    pf_source base;
    uint32_t screen[HEIGHT][WIDTH];
    uint32_t frame[HEIGHT][WIDTH];
    /** Bands it admits to. */
    pf_bands told;
} liar;

static pf_status liar_damage(pf_source *source, pf_damage *damage, pf_error *error) {
    (void)error;
    const pf_bands *told = &((liar *)source)->told;
    for (uint32_t band = 0; band < HEIGHT / PF_BAND_ROWS; band++) {
        uint32_t rows = pf_bands_has(told, band) ? PF_BAND_ROWS : 0;
        pf_damage_add(damage, (pf_rect){0, band * PF_BAND_ROWS, WIDTH, rows});
    }
    return PF_STATUS_OK;
}

static pf_status liar_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                           void *context, pf_error *error) {
    (void)error;
    liar *self = (liar *)source;
    for (uint32_t band = 0; band < HEIGHT / PF_BAND_ROWS; band++) {
        if (pf_bands_has(bands, band)) {
            memcpy(self->frame[band * PF_BAND_ROWS], self->screen[band * PF_BAND_ROWS],
                   sizeof self->frame[0] * PF_BAND_ROWS);
            arrived(context, (pf_band_range){band, band + 1});
        }
    }
    return PF_STATUS_OK;
}

static const pf_source_ops liar_ops = {.damage = liar_damage, .grab = liar_grab};

typedef struct fixture {
    liar source;
    pf_wake wake;
    pf_outbox outbox;
    pf_frame_stage stage;
    uint64_t now_ns;
} fixture;

static fixture *set_up(void) {
    fixture *self = calloc(1, sizeof *self);
    CHECK(pf_pool_acquire());
    CHECK(pf_wake_init(&self->wake));
    pf_outbox_init(&self->outbox, &self->wake, 16);
    self->source.base.ops = &liar_ops;
    self->source.base.frame =
        (pf_image){(const uint8_t *)self->source.frame, WIDTH * 4, WIDTH, HEIGHT};
    self->stage.source = &self->source.base;
    self->stage.outbox = &self->outbox;
    self->stage.wake = &self->wake;
    self->now_ns = PF_NS_PER_S;
    pf_settings settings = default_settings("none");
    settings.use_paint_over_quality = 0;
    pf_error error = {0};
    CHECK_EQUAL(pf_frame_stage_init(&self->stage, &settings, &error), PF_STATUS_OK);
    return self;
}

static void tear_down(fixture *self) {
    pf_frame_stage_deinit(&self->stage);
    pf_outbox_deinit(&self->outbox);
    pf_wake_deinit(&self->wake);
    pf_pool_release();
    free(self);
}

/** Takes a frame and returns how many stripes came of it. */
static uint32_t take_frame(fixture *self, bool keyframe) {
    pf_frame_request request = {.now_ns = self->now_ns, .damaged = true, .keyframe = keyframe};
    pf_error error = {0};
    CHECK_EQUAL(pf_frame_take(&self->stage, &request, &error), PF_STATUS_OK);
    self->now_ns += PF_NS_PER_S / 5;
    pf_stripe stripes[STRIPE_COUNT * 2];
    pf_state state = {.size_bytes = sizeof state};
    uint32_t count = pf_outbox_drain(&self->outbox, stripes, STRIPE_COUNT * 2, &state);
    for (uint32_t index = 0; index < count; index++) {
        pf_stripe_release(NULL, (void *)(uintptr_t)stripes[index].context);
    }
    return count;
}

static void a_change_without_damage_is_found_and_counted(void) {
    fixture *self = set_up();
    CHECK_EQUAL(take_frame(self, false), STRIPE_COUNT);
    self->source.screen[300][7] = 0xffffff; /* stripe 4, and no word of it */
    uint32_t found = 0;
    for (uint32_t frame = 0; frame < 10 && found == 0; frame++) {
        self->source.screen[0][0]++; /* stripe 0, told */
        pf_bands_add(&self->source.told, (pf_band_range){0, 1});
        found = take_frame(self, false) - 1;
    }
    CHECK_EQUAL(found, 1);
    CHECK_EQUAL(self->stage.counters.changed_without_damage, 1);
    CHECK(memcmp(self->source.frame, self->source.screen, sizeof self->source.frame) == 0);
    tear_down(self);
}

static void a_keyframe_looks_at_all_of_the_screen(void) {
    fixture *self = set_up();
    CHECK_EQUAL(take_frame(self, false), STRIPE_COUNT);
    for (uint32_t row = 0; row < HEIGHT; row += 50) {
        self->source.screen[row][3] = 0xff00ff;
    }
    CHECK_EQUAL(take_frame(self, true), STRIPE_COUNT);
    CHECK(memcmp(self->source.frame, self->source.screen, sizeof self->source.frame) == 0);
    CHECK_EQUAL(self->stage.counters.changed_without_damage, STRIPE_COUNT);
    tear_down(self);
}

static void without_damage_there_is_no_frame(void) {
    fixture *self = set_up();
    take_frame(self, false);
    uint64_t rows = self->stage.counters.rows_grabbed, frames = self->stage.counters.frames;
    for (int turn = 0; turn < 20; turn++) {
        CHECK_EQUAL(take_frame(self, false), 0);
    }
    CHECK_EQUAL(self->stage.counters.rows_grabbed, rows);
    CHECK_EQUAL(self->stage.counters.frames, frames);
    tear_down(self);
}

const pf_test frame_tests[] = {
    TEST(a_change_without_damage_is_found_and_counted),
    TEST(a_keyframe_looks_at_all_of_the_screen),
    TEST(without_damage_there_is_no_frame),
    TESTS_END,
};
