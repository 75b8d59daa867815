/* SPDX-License-Identifier: MPL-2.0 */
/** Frame sources as captures read them: damage alone keeps a frame what was pushed. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/wake.h"
#include "pushed.h"
#include "session.h"
#include "source/source.h"
#include "test.h"

#define RECT_COUNT_MAX 4u
#define READER_COUNT 3

/** Pushes noise, of which only the rectangles count. */
static uint64_t push_part(pushed_screen *self) {
    uint32_t padded = self->width + pf_random_below(5), rects[RECT_COUNT_MAX * 4];
    uint32_t *noise = malloc(4ull * padded * self->height);
    for (uint32_t index = 0; index < padded * self->height; index++) {
        noise[index] = pf_random_below(1u << 31) << 1;
    }
    uint32_t count = pf_random_below(RECT_COUNT_MAX + 1);
    for (uint32_t index = 0; index < count; index++) {
        uint32_t *rect = &rects[index * 4];
        rect[0] = pf_random_below(self->width);
        rect[1] = pf_random_below(self->height);
        rect[2] = 1 + pf_random_below(self->width - rect[0]);
        rect[3] = 1 + pf_random_below(self->height - rect[1]);
        for (uint32_t y = rect[1]; y < rect[1] + rect[3]; y++) {
            memcpy(&self->pixels[y * self->width + rect[0]], &noise[y * padded + rect[0]],
                   4ull * rect[2]);
        }
    }
    uint64_t serial = 0;
    CHECK_EQUAL(pf_frames_push(self->handle, (const uint8_t *)noise,
                               4ull * (padded * (self->height - 1) + self->width), self->width,
                               self->height, padded * 4, rects, count, &serial),
                PF_STATUS_OK);
    free(noise);
    return serial;
}

static uint64_t push_something(pushed_screen *self) {
    return pf_random_below(8) == 0 ? push_all(self, 1 + pf_random_below(PUSHED_SIDE_PX_MAX),
                                              1 + pf_random_below(PUSHED_SIDE_PX_MAX))
                                   : push_part(self);
}

static pf_source *open_source(const pushed_screen *self, pf_rect region, pf_wake *wake) {
    pf_source *source = NULL;
    pf_error error = {0};
    pf_source_request request = {.display = self->display, .region = region, .wake = wake};
    CHECK_EQUAL(pf_source_open(&request, &source, &error), PF_STATUS_OK);
    return source;
}

static void ignore_bands(void *context, pf_band_range bands) {
    (void)context, (void)bands;
}

static void grab(pf_source *source, const pf_bands *bands) {
    pf_error error = {0};
    CHECK_EQUAL(source->ops->grab(source, bands, ignore_bands, NULL, &error), PF_STATUS_OK);
}

static void grab_all(pf_source *source) {
    pf_bands all = {0};
    pf_bands_add_rows(&all, 0, source->frame.height_px);
    grab(source, &all);
}

/** Whether the frame shows this rectangle of the screen, black where that ends. */
static bool shows(const pf_source *source, const pushed_screen *self, pf_rect region) {
    for (uint32_t y = 0; y < region.height; y++) {
        for (uint32_t x = 0; x < region.width; x++) {
            const uint8_t *bgrx =
                source->frame.pixels + (size_t)y * source->frame.stride_bytes + 4ull * x;
            uint32_t at_x = region.x + x, at_y = region.y + y, rgba = 0;
            if (at_x < self->width && at_y < self->height) {
                rgba = self->pixels[at_y * self->width + at_x];
            }
            if (bgrx[0] != (rgba >> 16 & 255) || bgrx[1] != (rgba >> 8 & 255) ||
                bgrx[2] != (rgba & 255)) {
                return false;
            }
        }
    }
    return true;
}

/** One turn of a capture that looks at damage alone; returns whether there was any. */
static bool follow(pf_source *source, pf_rect region) {
    static pf_damage damage;
    pf_source_events events = {0};
    pf_error error = {0};
    CHECK_EQUAL(source->ops->dispatch(source, &events, &error), PF_STATUS_OK);
    pf_bands_clear(&damage.bands);
    if (events.screen_resized) {
        CHECK_EQUAL(source->ops->set_region(source, region, &error), PF_STATUS_OK);
        pf_bands_add_rows(&damage.bands, 0, source->frame.height_px);
    }
    if (events.damaged) {
        CHECK_EQUAL(source->ops->damage(source, &damage, &error), PF_STATUS_OK);
    }
    grab(source, &damage.bands);
    return events.damaged;
}

/** Another region, as update() asks for it: there need not be any damage. */
static void move(pf_source *source, pf_rect region) {
    pf_error error = {0};
    follow(source, region);
    CHECK_EQUAL(source->ops->set_region(source, region, &error), PF_STATUS_OK);
    memset((uint8_t *)(uintptr_t)source->frame.pixels, 0x55,
           (size_t)source->frame.stride_bytes * source->frame.height_px);
    grab_all(source);
}

static void damage_alone_keeps_frames_current(void) {
    pf_wake wake;
    CHECK(pf_wake_init(&wake));
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    create_pushed(pushed, 0, 0);
    push_all(pushed, 60, 40);
    pf_rect regions[READER_COUNT] = {{0}, {10, 5, 33, 29}, {40, 0, 0, 20}};
    pf_source *readers[READER_COUNT];
    for (uint32_t index = 0; index < READER_COUNT; index++) {
        readers[index] = open_source(pushed, regions[index], &wake);
        grab_all(readers[index]);
        pf_rect shown = pf_source_fill_region(regions[index], 60, 40);
        CHECK(shows(readers[index], pushed, shown));
    }
    uint64_t serial = 0;
    for (uint32_t step = 0; step < 3000; step++) {
        serial = push_something(pushed);
        uint32_t index = pf_random_below(READER_COUNT);
        if (pf_random_below(20) == 0) {
            regions[index].x = pf_random_below(PUSHED_SIDE_PX_MAX);
            regions[index].height = pf_random_below(PUSHED_SIDE_PX_MAX);
            move(readers[index], regions[index]);
        } else {
            follow(readers[index], regions[index]);
        }
        pf_rect shown = pf_source_fill_region(regions[index], pushed->width, pushed->height);
        CHECK(shows(readers[index], pushed, shown));
        CHECK(!follow(readers[index], regions[index]));
    }
    for (uint32_t index = 0; index < READER_COUNT; index++) {
        follow(readers[index], regions[index]);
    }
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 0), PF_STATUS_OK);
    for (uint32_t index = 0; index < READER_COUNT; index++) {
        readers[index]->ops->close(readers[index]);
    }
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    pf_wake_deinit(&wake);
    session_check_nothing_left();
}

static void a_push_does_not_tear_a_frame(void) {
    pf_wake wake;
    CHECK(pf_wake_init(&wake));
    pushed_screen *pushed = calloc(1, sizeof *pushed), *before = malloc(sizeof *before);
    create_pushed(pushed, 64, 64);
    pf_source *source = open_source(pushed, (pf_rect){0}, &wake);
    grab_all(source);
    for (uint32_t step = 0; step < 200; step++) {
        static pf_damage damage;
        pf_source_events events = {0};
        pf_error error = {0};
        pf_bands_clear(&damage.bands);
        push_all(pushed, 64, 64);
        memcpy(before, pushed, sizeof *before);
        source->ops->dispatch(source, &events, &error);
        source->ops->damage(source, &damage, &error);
        uint64_t serial = push_part(pushed);
        if (step % 2 == 0) {
            serial = push_all(pushed, 1 + pf_random_below(PUSHED_SIDE_PX_MAX), 64);
        }
        grab(source, &damage.bands);
        CHECK(shows(source, before, (pf_rect){0, 0, 64, 64}));
        follow(source, (pf_rect){0});
        CHECK(shows(source, pushed, (pf_rect){0, 0, pushed->width, pushed->height}));
        CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 0), PF_STATUS_OK);
        push_all(pushed, 64, 64);
        follow(source, (pf_rect){0});
    }
    pf_frames_free(pushed->handle);
    source->ops->close(source);
    free(pushed);
    free(before);
    pf_wake_deinit(&wake);
    session_check_nothing_left();
}

static void only_what_a_region_shows_wakes_its_capture(void) {
    pf_wake wake;
    CHECK(pf_wake_init(&wake));
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    create_pushed(pushed, 64, 64);
    pf_source *source = open_source(pushed, (pf_rect){32, 32, 32, 32}, &wake);
    grab_all(source);
    struct pollfd fd = {.fd = source->ops->poll_fd(source), .events = POLLIN};
    uint8_t pixels[64 * 64 * 4] = {1};
    const uint32_t outside[] = {0, 0, 32, 64, 32, 0, 32, 32}, inside[] = {0, 0, 33, 33};
    uint64_t serial = 0;
    pf_frames_push(pushed->handle, pixels, sizeof pixels, 64, 64, 256, outside, 2, &serial);
    CHECK_EQUAL(serial, 1);
    CHECK_EQUAL(poll(&fd, 1, 0), 0);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 0), PF_STATUS_OK);
    pf_frames_push(pushed->handle, pixels, sizeof pixels, 64, 64, 256, inside, 1, &serial);
    CHECK_EQUAL(serial, 2);
    CHECK_EQUAL(poll(&fd, 1, 0), 1);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 1), PF_STATUS_TIMEOUT);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial - 1, 1), PF_STATUS_TIMEOUT);
    follow(source, (pf_rect){32, 32, 32, 32});
    CHECK_EQUAL(poll(&fd, 1, 0), 0);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 0), PF_STATUS_OK);
    pf_frames_push(pushed->handle, pixels, sizeof pixels, 64, 64, 256, inside, 0, &serial);
    CHECK_EQUAL(serial, 2);
    CHECK_EQUAL(poll(&fd, 1, 0), 0);
    /* What was pushed outside is to be taken once it is inside. */
    pf_error error = {0};
    pf_frames_push(pushed->handle, pixels, sizeof pixels, 64, 64, 256, outside, 2, &serial);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 0), PF_STATUS_OK);
    CHECK_EQUAL(source->ops->set_region(source, (pf_rect){0}, &error), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 0), PF_STATUS_TIMEOUT);
    grab_all(source);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, serial, 0), PF_STATUS_OK);
    source->ops->close(source);
    pf_frames_free(pushed->handle);
    free(pushed);
    pf_wake_deinit(&wake);
}

const pf_test frames_source_tests[] = {
    TEST(damage_alone_keeps_frames_current),
    TEST(a_push_does_not_tear_a_frame),
    TEST(only_what_a_region_shows_wakes_its_capture),
    TESTS_END,
};
