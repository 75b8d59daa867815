/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Partial pictures and copies against a reader that loses nothing: in place of
 * decoding a JPEG it takes the true pixels of its rectangle, so that after each
 * frame its picture has to be the screen, pointer and all, pixel by pixel.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "capture/frame.h"
#include "damage/scroll.h"
#include "session.h"
#include "test.h"

enum { WIDTH = 500, HEIGHT = 330, CURSOR = 20 };

typedef uint32_t picture[HEIGHT][WIDTH];

typedef struct desk {
    pf_source base;
    picture screen;
    picture frame;
    pf_damage damage;
    uint32_t cursor[CURSOR][CURSOR];
    pf_sprite cursor_sprite;

    pf_wake wake;
    pf_outbox outbox;
    pf_frame_stage stage;
    uint64_t now_ns;
    /** What the reader sees, and what it should see. */
    picture seen;
    picture truth;
    uint32_t copy_count;
    uint64_t sent_px;
} desk;

static pf_status desk_damage(pf_source *source, pf_damage *damage, pf_error *error) {
    (void)error;
    *damage = ((desk *)source)->damage;
    pf_bands_clear(&((desk *)source)->damage.bands);
    return PF_STATUS_OK;
}

static pf_status desk_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                           void *context, pf_error *error) {
    (void)error;
    desk *self = (desk *)source;
    for (uint32_t band = 0; band < pf_band_count(HEIGHT); band++) {
        if (pf_bands_has(bands, band)) {
            uint32_t y = band * PF_BAND_ROWS, rest = HEIGHT - y;
            memcpy(self->frame[y], self->screen[y],
                   sizeof self->frame[0] * (rest < PF_BAND_ROWS ? rest : PF_BAND_ROWS));
            arrived(context, (pf_band_range){band, band + 1});
        }
    }
    return PF_STATUS_OK;
}

static pf_status desk_cursor(pf_source *source, pf_source_cursor *cursor, pf_error *error) {
    (void)error;
    *cursor = (pf_source_cursor){.image = ((desk *)source)->cursor_sprite};
    return PF_STATUS_OK;
}

static const pf_source_ops desk_ops = {
    .damage = desk_damage, .grab = desk_grab, .read_cursor = desk_cursor};

static desk *set_up(bool refresh) {
    desk *self = calloc(1, sizeof *self);
    CHECK(pf_pool_acquire());
    CHECK(pf_wake_init(&self->wake));
    pf_outbox_init(&self->outbox, &self->wake, 16);
    self->base.ops = &desk_ops;
    self->base.frame = (pf_image){(const uint8_t *)self->frame, WIDTH * 4, WIDTH, HEIGHT};
    self->stage.source = &self->base;
    self->stage.outbox = &self->outbox;
    self->stage.wake = &self->wake;
    self->now_ns = PF_NS_PER_S;
    memset(self->cursor, 0xff, sizeof self->cursor); /* opaque white */
    pf_settings settings = default_settings("none");
    settings.stripe_header = PF_HEADER_EXTENDED;
    settings.capture_cursor = PF_CURSOR_BLEND;
    settings.use_paint_over_quality = refresh;
    pf_error error = {0};
    CHECK_EQUAL(pf_frame_stage_init(&self->stage, &settings, &error), PF_STATUS_OK);
    return self;
}

static void tear_down(desk *self) {
    pf_frame_stage_deinit(&self->stage);
    pf_outbox_deinit(&self->outbox);
    pf_wake_deinit(&self->wake);
    pf_pool_release();
    free(self);
}

static void draw_truth(desk *self) {
    memcpy(self->truth, self->screen, sizeof self->truth);
    const pf_sprite *cursor = &self->cursor_sprite;
    for (int32_t y = cursor->y; cursor->pixels != NULL && y < cursor->y + CURSOR; y++) {
        for (int32_t x = cursor->x; x < cursor->x + CURSOR; x++) {
            if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT) {
                self->truth[y][x] = 0xffffff;
            }
        }
    }
}

static void take_stripe(desk *self, const pf_stripe *stripe) {
    static picture before;
    bool copy = stripe->type == PF_STRIPE_COPY;
    if (copy) {
        memcpy(before, self->seen, sizeof before);
    }
    CHECK(stripe->x + stripe->width <= WIDTH && stripe->y + stripe->height <= HEIGHT);
    CHECK(stripe->height > 0 && stripe->width > 0);
    for (uint32_t row = 0; row < stripe->height; row++) {
        const uint32_t *from = copy ? &before[stripe->source_y + row][stripe->source_x]
                                    : &self->truth[stripe->y + row][stripe->x];
        memcpy(&self->seen[stripe->y + row][stripe->x], from, stripe->width * 4);
    }
    self->copy_count += copy;
    self->sent_px += copy ? 0 : (uint64_t)stripe->width * stripe->height;
}

/** Checks that the reader has the pixels that there are. */
static void check_row(const desk *self, uint32_t y) {
    /* At once, mostly: under the sanitizers each pixel is an access to be checked. */
    if (memcmp(self->seen[y], self->truth[y], sizeof self->seen[y]) == 0) {
        return;
    }
    for (uint32_t x = 0; x < WIDTH; x++) {
        /* The X of BGRX means nothing. */
        CHECK_EQUAL(self->seen[y][x] & 0xffffff, self->truth[y][x] & 0xffffff);
    }
}

static void take_frame(desk *self, bool keyframe) {
    enum { STRIPES_MAX = 64 };
    pf_frame_request request = {.now_ns = self->now_ns, .damaged = true, .keyframe = keyframe};
    pf_error error = {0};
    draw_truth(self);
    CHECK_EQUAL(pf_frame_take(&self->stage, &request, &error), PF_STATUS_OK);
    pf_stripe stripes[STRIPES_MAX];
    pf_state state = {.size_bytes = sizeof state};
    uint32_t count = pf_outbox_drain(&self->outbox, stripes, STRIPES_MAX, &state);
    for (uint32_t index = 0; index < count; index++) {
        CHECK(index == 0 || stripes[index].type != PF_STRIPE_COPY);
        take_stripe(self, &stripes[index]);
        pf_stripe_release(NULL, (void *)(uintptr_t)stripes[index].context);
    }
    for (uint32_t y = 0; y < HEIGHT; y++) {
        check_row(self, y);
    }
}

static pf_rect random_rect(uint32_t side_min) {
    uint32_t x = pf_random_below(WIDTH - side_min), y = pf_random_below(HEIGHT - side_min);
    return (pf_rect){x, y, side_min + pf_random_below(WIDTH - x - side_min + 1),
                     side_min + pf_random_below(HEIGHT - y - side_min + 1)};
}

static void paint(desk *self, pf_rect rect, bool noise) {
    uint32_t color = pf_random_below(0x1000000);
    for (uint32_t y = rect.y; y < rect.y + rect.height; y++) {
        for (uint32_t x = rect.x; x < rect.x + rect.width; x++) {
            self->screen[y][x] = noise ? pf_random_below(0x1000000) : color;
        }
    }
    pf_damage_add(&self->damage, rect);
}

/** Moves the pixels of a rectangle up by so many rows, or down, and paints the
 * rows that come free. */
static void scroll(desk *self, pf_rect rect, uint32_t rows, bool up) {
    static picture before;
    memcpy(before, self->screen, sizeof before);
    for (uint32_t y = 0; y + rows < rect.height; y++) {
        uint32_t to = rect.y + y + (up ? 0 : rows), from = rect.y + y + (up ? rows : 0);
        memcpy(&self->screen[to][rect.x], &before[from][rect.x], rect.width * 4);
    }
    pf_damage_add(&self->damage, rect);
    pf_rect free_rows = rect;
    free_rows.y += up ? rect.height - rows : 0;
    free_rows.height = rows;
    paint(self, free_rows, true);
}

static void move_cursor(desk *self) {
    bool shown = pf_random_below(4) > 0;
    self->cursor_sprite = (pf_sprite){.pixels = shown ? (const uint8_t *)self->cursor : NULL,
                                      .width_px = CURSOR,
                                      .height_px = CURSOR,
                                      .x = (int32_t)pf_random_below(WIDTH) - CURSOR / 2,
                                      .y = (int32_t)pf_random_below(HEIGHT) - CURSOR / 2,
                                      .serial = 1};
}

static void do_something(desk *self) {
    switch (pf_random_below(6)) {
    case 0:
        paint(self, random_rect(1), pf_random_below(2));
        break;
    case 1:
        move_cursor(self);
        break;
    case 2:
        break;
    default: {
        pf_rect rect = random_rect(120);
        scroll(self, rect, 1 + pf_random_below(rect.height / 2), pf_random_below(2));
    }
    }
}

static void the_reader_sees_the_screen_whatever_moves(void) {
    uint32_t copies = 0;
    for (int round = 0; round < 12; round++) {
        desk *self = set_up(round % 2);
        paint(self, (pf_rect){0, 0, WIDTH, HEIGHT}, true);
        take_frame(self, false);
        for (int step = 0; step < 60; step++) {
            for (uint32_t count = pf_random_below(3); count > 0; count--) {
                do_something(self);
            }
            self->now_ns += pf_random_below(10) == 0 ? PF_NS_PER_S : PF_NS_PER_S / 60;
            take_frame(self, pf_random_below(20) == 0);
        }
        copies += self->copy_count;
        CHECK_EQUAL(self->stage.counters.changed_without_damage, 0);
        tear_down(self);
    }
    CHECK(copies > 50);
}

static void a_scrolled_line_costs_a_line(void) {
    desk *self = set_up(false);
    paint(self, (pf_rect){0, 0, WIDTH, HEIGHT}, true);
    take_frame(self, false);
    self->sent_px = 0;
    pf_rect text = {64, 32, 384, 256};
    for (int step = 0; step < 20; step++) {
        scroll(self, text, 16, true);
        self->now_ns += PF_NS_PER_S / 30;
        take_frame(self, false);
    }
    CHECK_EQUAL(self->copy_count, 20);
    CHECK_EQUAL(self->sent_px, 20 * 384 * 16);
    tear_down(self);
}

/** While a stripe is busy its pictures are sent without a look: that the pixels
 * are those of the last look again does not mean that the reader has them. */
static void pixels_that_come_back_after_a_busy_time_are_sent(void) {
    /* Each that is shorter than a busy time takes to begin, and some that are longer. */
    for (int period = 1; period <= 40; period += period < 12 ? 1 : 4) {
        desk *self = set_up(false);
        paint(self, (pf_rect){0, 0, WIDTH, HEIGHT}, true);
        take_frame(self, false);
        pf_rect lamp = {70, 70, 60, 20};
        for (int step = 0; step < 200; step++) {
            bool on = step % period == 0;
            for (uint32_t y = lamp.y; y < lamp.y + lamp.height; y++) {
                for (uint32_t x = lamp.x; x < lamp.x + lamp.width; x++) {
                    self->screen[y][x] = on ? 0xffffff : 0x404040u + (uint32_t)(step % 7);
                }
            }
            pf_damage_add(&self->damage, lamp);
            self->now_ns += PF_NS_PER_S / 60;
            take_frame(self, false);
        }
        CHECK_EQUAL(self->stage.counters.changed_without_damage, 0);
        tear_down(self);
    }
}

static void a_copied_place_is_refreshed_at_rest(void) {
    desk *self = set_up(true);
    paint(self, (pf_rect){0, 0, WIDTH, HEIGHT}, true);
    take_frame(self, false);
    scroll(self, (pf_rect){0, 0, WIDTH, 320}, 64, true);
    self->now_ns += PF_NS_PER_S / 60;
    take_frame(self, false);
    CHECK_EQUAL(self->copy_count, 1);
    self->sent_px = 0;
    self->now_ns += PF_NS_PER_S;
    take_frame(self, false);
    CHECK(self->sent_px >= WIDTH * 256);
    tear_down(self);
}

/** Two pictures of which the second shows a part of the first moved by `shift`. */
static void make_pair(uint32_t *before, uint32_t *after, pf_rect part, int32_t shift) {
    for (uint32_t index = 0; index < WIDTH * HEIGHT; index++) {
        before[index] = pf_random_below(8) > 0 ? 0 : pf_random_below(0x1000000);
        after[index] = before[index];
    }
    for (uint32_t y = 0; y < part.height; y++) {
        uint32_t to = part.y + y, from = (uint32_t)((int32_t)to - shift);
        memcpy(after + to * WIDTH + part.x, before + from * WIDTH + part.x, part.width * 4);
    }
}

static void what_moved_is_found_exactly(void) {
    uint32_t *pixels = malloc(2 * sizeof(picture));
    uint32_t *before = pixels, *after = pixels + WIDTH * HEIGHT;
    pf_image images[] = {{(const uint8_t *)before, WIDTH * 4, WIDTH, HEIGHT},
                         {(const uint8_t *)after, WIDTH * 4, WIDTH, HEIGHT}};
    pf_scroll_memory memory = {0};
    for (int round = 0; round < 100; round++) {
        int32_t shift = 1 + (int32_t)pf_random_below(100);
        pf_rect part = {128, 100 + pf_random_below(20), 256, 110};
        shift = round % 2 ? shift : -shift;
        make_pair(before, after, part, shift);
        pf_scroll scroll;
        CHECK(pf_scroll_find(images[0], images[1], &memory, &scroll));
        CHECK(memcmp(&scroll.to, &part, sizeof part) == 0);
        CHECK_EQUAL((int32_t)scroll.to.y - (int32_t)scroll.from_y, shift);
        CHECK(pf_scroll_again(images[0], images[1], &scroll));
        CHECK(!pf_scroll_again(images[0], images[0], &scroll));
        scroll.from_y += 1;
        CHECK(!pf_scroll_again(images[0], images[1], &scroll));
    }
    CHECK(!pf_scroll_find(images[0], images[0], &memory, &(pf_scroll){0}));
    pf_scroll_memory_free(&memory);
    pf_fault_after(0);
    CHECK(!pf_scroll_find(images[0], images[1], &memory, &(pf_scroll){0}));
    pf_fault_after(-1);
    free(pixels);
}

const pf_test scroll_tests[] = {
    TEST(what_moved_is_found_exactly),
    TEST(the_reader_sees_the_screen_whatever_moves),
    TEST(a_scrolled_line_costs_a_line),
    TEST(pixels_that_come_back_after_a_busy_time_are_sent),
    TEST(a_copied_place_is_refreshed_at_rest),
    TESTS_END,
};
