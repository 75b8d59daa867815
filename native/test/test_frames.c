/* SPDX-License-Identifier: MPL-2.0 */
/** Frame sources: what is pushed is what captures see, and nothing else. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "session.h"
#include "source/frames.h"
#include "source/source.h"
#include "test.h"

#define SIDE_MAX 100u
#define RECT_COUNT_MAX 4u

/** What has been pushed so far, as RGBA, and by whom it is asked for. */
typedef struct screen {
    uint64_t handle;
    char display[32];
    uint32_t width;
    uint32_t height;
    uint32_t pixels[SIDE_MAX * SIDE_MAX];
} screen;

static void name_screen(screen *self) {
    snprintf(self->display, sizeof self->display, "frames://%llu",
             (unsigned long long)self->handle);
}

static void create_screen(screen *self, uint32_t width, uint32_t height) {
    *self = (screen){.width = width, .height = height};
    CHECK_EQUAL(pf_frames_create(width, height, &self->handle), PF_STATUS_OK);
    name_screen(self);
}

static uint64_t push_all(screen *self, uint32_t width, uint32_t height) {
    uint64_t serial = 0;
    self->width = width;
    self->height = height;
    for (uint32_t index = 0; index < width * height; index++) {
        self->pixels[index] = pf_random_below(1u << 31) << 1;
    }
    CHECK_EQUAL(pf_frames_push(self->handle, (const uint8_t *)self->pixels, width * height * 4ull,
                               width, height, width * 4, NULL, 0, &serial),
                PF_STATUS_OK);
    return serial;
}

/** Pushes noise, of which only the rectangles count. */
static uint64_t push_part(screen *self) {
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

static uint64_t push_something(screen *self) {
    return pf_random_below(8) == 0
               ? push_all(self, 1 + pf_random_below(SIDE_MAX), 1 + pf_random_below(SIDE_MAX))
               : push_part(self);
}

static pf_source *open_source(const screen *self, pf_rect region, pf_wake *wake) {
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
static bool shows(const pf_source *source, const screen *self, pf_rect region) {
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

#define READER_COUNT 3

static void damage_alone_keeps_frames_current(void) {
    pf_wake wake;
    CHECK(pf_wake_init(&wake));
    screen *pushed = calloc(1, sizeof *pushed);
    create_screen(pushed, 0, 0);
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
            regions[index].x = pf_random_below(SIDE_MAX);
            regions[index].height = pf_random_below(SIDE_MAX);
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
    screen *pushed = calloc(1, sizeof *pushed), *before = malloc(sizeof *before);
    create_screen(pushed, 64, 64);
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
            serial = push_all(pushed, 1 + pf_random_below(SIDE_MAX), 64);
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
    screen *pushed = calloc(1, sizeof *pushed);
    create_screen(pushed, 64, 64);
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

static uint64_t start_capture(const screen *pushed, uint32_t output_mode) {
    pf_settings settings = default_settings(pushed->display);
    settings.output_mode = output_mode;
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    return handle;
}

static void captures_and_their_source_end_in_any_order(void) {
    screen *pushed = calloc(1, sizeof *pushed);
    for (uint32_t round = 0; round < 24; round++) {
        bool early = round % 2 == 0, freed_first = round / 2 % 2 == 0;
        create_screen(pushed, 0, 0);
        if (!early) {
            push_all(pushed, 80, 48);
        }
        uint64_t captures[] = {start_capture(pushed, PF_OUTPUT_JPEG),
                               start_capture(pushed, PF_OUTPUT_H264)};
        if (early) {
            push_all(pushed, 80, 48);
        }
        session_log logs[2] = {0};
        session_await_stripes(captures[0], &logs[0], 1);
        session_await_stripes(captures[1], &logs[1], 1);
        push_all(pushed, 96, 64);
        if (freed_first) {
            CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
            CHECK_EQUAL(session_memory().frame_source_count, 1);
        }
        while (logs[0].state.width != 96 || logs[1].state.width != 96) {
            CHECK(session_step(captures[0], &logs[0]) && session_step(captures[1], &logs[1]));
        }
        CHECK_EQUAL(pf_capture_free(captures[round / 4 % 2]), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_free(captures[1 - round / 4 % 2]), PF_STATUS_OK);
        if (!freed_first) {
            CHECK_EQUAL(session_memory().frame_source_count, 1);
            CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
        }
        session_check_nothing_left();
    }
    free(pushed);
}

static int32_t error_of(uint64_t capture, const char *words) {
    session_log log = {0};
    while (session_step(capture, &log)) {
    }
    char message[512] = "";
    pf_capture_message(capture, message, sizeof message);
    CHECK(strstr(message, words) != NULL);
    pf_capture_free(capture);
    return log.state.error;
}

static void sources_that_are_not_there_are_refused(void) {
    screen *pushed = calloc(1, sizeof *pushed);
    create_screen(pushed, 0, 0);
    uint64_t waiting = start_capture(pushed, PF_OUTPUT_JPEG);
    uint64_t stopped = start_capture(pushed, PF_OUTPUT_JPEG);
    CHECK_EQUAL(pf_capture_wait(waiting, 20), PF_STATUS_TIMEOUT);
    CHECK_EQUAL(pf_capture_free(stopped), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    CHECK_EQUAL(error_of(waiting, pushed->display), PF_STATUS_DISPLAY_OPEN);
    CHECK_EQUAL(error_of(start_capture(pushed, 0), pushed->display), PF_STATUS_DISPLAY_OPEN);
    const char *names[] = {"frames://",
                           "frames://0",
                           "frames://-1",
                           "frames:// 1",
                           "frames://1x",
                           "frames://1.",
                           "frames://99999999999999999999999"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        snprintf(pushed->display, sizeof pushed->display, "%s", names[index]);
        CHECK_EQUAL(error_of(start_capture(pushed, 0), "display: \"frames://"),
                    PF_STATUS_DISPLAY_OPEN);
    }
    create_screen(pushed, 16, 16);
    pf_settings settings = default_settings(pushed->display);
    settings.capture_x = 16;
    uint64_t outside = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &outside), PF_STATUS_OK);
    CHECK_EQUAL(error_of(outside, "capture_x"), PF_STATUS_REGION_OFF_SCREEN);
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

/** Pushes each picture when the one before was taken. */
typedef struct player {
    screen *pushed;
    uint32_t count;
    int32_t status;
} player;

static void *play(void *context) {
    player *self = context;
    for (uint32_t step = 0; step < self->count && self->status == PF_STATUS_OK; step++) {
        uint8_t pixels[64 * 64 * 4];
        memset(pixels, (int)step, sizeof pixels);
        uint64_t serial = 0;
        self->status = pf_frames_push(self->pushed->handle, pixels, sizeof pixels, 64, 64, 256,
                                      NULL, 0, &serial);
        while (self->status == PF_STATUS_OK) {
            int32_t taken = pf_frames_wait(self->pushed->handle, serial, PF_WAIT_MS_MAX);
            if (taken == PF_STATUS_OK) {
                break;
            }
            self->status = taken == PF_STATUS_TIMEOUT ? PF_STATUS_OK : taken;
        }
    }
    return NULL;
}

static void who_waits_loses_no_picture(void) {
    screen *pushed = calloc(1, sizeof *pushed);
    create_screen(pushed, 64, 64);
    pf_settings settings = default_settings(pushed->display);
    settings.target_fps = 240;
    settings.use_paint_over_quality = 0;
    settings.queue_frames = 1;
    uint64_t captures[2] = {0};
    session_log logs[2] = {0};
    for (uint32_t index = 0; index < 2; index++) {
        CHECK_EQUAL(pf_capture_start(&settings, &captures[index]), PF_STATUS_OK);
        session_await_stripes(captures[index], &logs[index], 1);
    }
    player self = {.pushed = pushed, .count = 40};
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, play, &self), 0);
    while (logs[0].last_frame_id < 39 || logs[1].last_frame_id < 39) {
        CHECK(session_step(captures[0], &logs[0]) && session_step(captures[1], &logs[1]));
    }
    pthread_join(thread, NULL);
    CHECK_EQUAL(self.status, PF_STATUS_OK);
    pf_stats stats = {.size_bytes = sizeof stats};
    for (uint32_t index = 0; index < 2; index++) {
        CHECK_EQUAL(pf_capture_stats(captures[index], &stats), PF_STATUS_OK);
        CHECK(stats.frames >= 40);
        CHECK_EQUAL(stats.changed_without_damage, 0);
        CHECK_EQUAL(pf_capture_free(captures[index]), PF_STATUS_OK);
    }
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

static void a_wait_ends_with_its_source(void) {
    screen *pushed = calloc(1, sizeof *pushed);
    create_screen(pushed, 64, 64);
    uint64_t capture = start_capture(pushed, PF_OUTPUT_JPEG);
    while (pf_capture_wait(capture, PF_WAIT_MS_MAX) != PF_STATUS_OK) {
    }
    /* Nobody reads its stripes. */
    player self = {.pushed = pushed, .count = 1000};
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, play, &self), 0);
    pf_stats stats = {.size_bytes = sizeof stats};
    while (stats.held_back == 0) {
        CHECK_EQUAL(pf_capture_stats(capture, &stats), PF_STATUS_OK);
    }
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    pthread_join(thread, NULL);
    CHECK(self.status == PF_STATUS_ENDED || self.status == PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, 1, 0), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_free(capture), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

static atomic_bool crowd_over;

static void *push_until_over(void *context) {
    static uint8_t pixels[SIDE_MAX * SIDE_MAX * 4];
    uint64_t handle = *(const uint64_t *)context, serial = 0;
    const uint32_t damage[] = {3, 3, 5, 20, 0, 0, 1, 1};
    for (uint32_t step = 0; !atomic_load(&crowd_over); step++) {
        uint32_t side = 40 + step / 50 % 40;
        pf_frames_push(handle, pixels, side * side * 4, side, side, side * 4,
                       step % 3 == 0 ? NULL : damage, 2, &serial);
        pf_frames_wait(handle, serial, step % 2);
    }
    return NULL;
}

static void many_threads_may_use_a_source(void) {
    screen *pushed = calloc(1, sizeof *pushed);
    create_screen(pushed, 0, 0);
    atomic_store(&crowd_over, false);
    pthread_t threads[2];
    for (uint32_t index = 0; index < 2; index++) {
        CHECK_EQUAL(pthread_create(&threads[index], NULL, push_until_over, &pushed->handle), 0);
    }
    for (uint32_t round = 0; round < 30; round++) {
        uint64_t first = start_capture(pushed, PF_OUTPUT_JPEG);
        uint64_t second = start_capture(pushed, PF_OUTPUT_H264);
        session_log logs[2] = {0};
        session_await_stripes(first, &logs[0], 1 + round % 5);
        session_await_stripes(second, &logs[1], 1);
        if (round == 29) {
            CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
        }
        CHECK_EQUAL(pf_capture_free(first), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_free(second), PF_STATUS_OK);
    }
    atomic_store(&crowd_over, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    free(pushed);
    session_check_nothing_left();
}

static int32_t push(uint64_t handle, uint32_t width, uint32_t height, uint32_t stride_bytes,
                    uint64_t size_bytes, const uint32_t *damage, uint32_t damage_count) {
    static const uint8_t pixels[16 * 16 * 4];
    uint64_t serial = 7;
    int32_t status = pf_frames_push(handle, pixels, size_bytes, width, height, stride_bytes, damage,
                                    damage_count, &serial);
    CHECK((status == PF_STATUS_OK) == (serial != 7));
    return status;
}

static void wrong_arguments_are_refused(void) {
    uint64_t handle = 0, serial = 0;
    const int32_t refused = PF_STATUS_INVALID_ARGUMENT;
    CHECK_EQUAL(pf_frames_create(1, 1, NULL), refused);
    CHECK_EQUAL(pf_frames_create(0, 1, &handle), refused);
    CHECK_EQUAL(pf_frames_create(1, 0, &handle), refused);
    CHECK_EQUAL(pf_frames_create(16385, 1, &handle), refused);
    CHECK_EQUAL(handle, 0);
    CHECK_EQUAL(pf_frames_create(0, 0, &handle), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_push(handle, NULL, 4, 1, 1, 4, NULL, 0, &serial), refused);
    CHECK_EQUAL(pf_frames_push(handle, (const uint8_t *)"1234", 4, 1, 1, 4, NULL, 0, NULL),
                refused);
    CHECK_EQUAL(push(handle, 16, 16, 64, 1024, NULL, 0), PF_STATUS_OK);
    CHECK_EQUAL(push(handle, 16, 16, 64, 1023, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 16, 16, 63, 1024, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 15, 16, 64, 1020, NULL, 0), PF_STATUS_OK);
    CHECK_EQUAL(push(handle, 15, 16, 64, 1019, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 1, 2, UINT32_MAX, 1024, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 0, 16, 64, 1024, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 16, 16385, 64, UINT64_MAX, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 16385, 1, UINT32_MAX, UINT64_MAX, NULL, 0), refused);
    const uint32_t wrong[][4] = {{0, 0, 17, 1},         {0, 0, 1, 17},        {16, 0, 1, 1},
                                 {0, 16, 1, 1},         {0, 0, 0, 1},         {0, 0, 1, 0},
                                 {UINT32_MAX, 0, 1, 1}, {1, 1, UINT32_MAX, 1}};
    for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
        CHECK_EQUAL(push(handle, 16, 16, 64, 1024, wrong[index], 1), refused);
    }
    CHECK_EQUAL(push(handle, 16, 16, 64, 1024, wrong[0], PF_FRAMES_DAMAGE_COUNT_MAX + 1), refused);
    CHECK_EQUAL(pf_frames_free(handle), PF_STATUS_OK);
    CHECK_EQUAL(push(handle, 16, 16, 64, 1024, NULL, 0), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_free(handle), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_free(0), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_free(UINT64_MAX), PF_STATUS_STALE_HANDLE);
    session_check_nothing_left();
}

static void refused_memory_is_survived(void) {
    screen *pushed = calloc(1, sizeof *pushed);
    uint64_t handle = 0;
    for (long granted = 0; granted < 3; granted++) {
        pf_fault_after(granted);
        CHECK_EQUAL(pf_frames_create(16, 16, &handle), PF_STATUS_NO_MEMORY);
        pf_fault_after(-1);
        session_check_nothing_left();
    }
    create_screen(pushed, 0, 0);
    for (long granted = 0; granted < 2; granted++) {
        pf_fault_after(granted);
        CHECK_EQUAL(push(pushed->handle, 16, 16, 64, 1024, NULL, 0), PF_STATUS_NO_MEMORY);
        pf_fault_after(-1);
    }
    push_all(pushed, 64, 64);
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

static void captures_survive_refused_memory(void) {
    screen *pushed = calloc(1, sizeof *pushed);
    create_screen(pushed, 64, 64);
    pf_settings settings = default_settings(pushed->display);
    long granted = 0;
    for (bool came = false; !came; granted++) {
        CHECK(granted < 1000);
        session_log log = {0};
        uint64_t capture = 0;
        pf_fault_after(granted);
        int32_t status = pf_capture_start(&settings, &capture);
        while (status == PF_STATUS_OK && log.stripe_count == 0 && session_step(capture, &log)) {
        }
        pf_fault_after(-1);
        came = log.stripe_count > 0;
        status = status == PF_STATUS_OK ? log.state.error : status;
        CHECK(came || status == PF_STATUS_NO_MEMORY || status == PF_STATUS_NO_RESOURCE);
        if (capture != 0) {
            pf_capture_free(capture);
        }
    }
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

static void there_is_an_end_to_them(void) {
    static uint64_t handles[PF_FRAMES_COUNT_MAX];
    uint64_t one_more = 0;
    for (uint32_t index = 0; index < PF_FRAMES_COUNT_MAX; index++) {
        CHECK_EQUAL(pf_frames_create(1, 1, &handles[index]), PF_STATUS_OK);
        CHECK(handles[index] < 1ull << 53 && handles[index] != 0);
    }
    CHECK_EQUAL(pf_frames_create(1, 1, &one_more), PF_STATUS_NO_RESOURCE);
    CHECK_EQUAL(pf_frames_free(handles[500]), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_create(1, 1, &one_more), PF_STATUS_OK);
    CHECK(one_more != handles[500]);
    CHECK_EQUAL(pf_frames_free(handles[500]), PF_STATUS_STALE_HANDLE);
    handles[500] = one_more;
    for (uint32_t index = 0; index < PF_FRAMES_COUNT_MAX; index++) {
        CHECK_EQUAL(pf_frames_free(handles[index]), PF_STATUS_OK);
    }
    session_check_nothing_left();
}

static void a_source_goes_with_its_lease(void) {
    uint64_t address = 0;
    CHECK_EQUAL(pf_lease_create(0, &address), PF_STATUS_OK);
    pf_lease *lease = (pf_lease *)(uintptr_t)address;
    CHECK_EQUAL(pf_frames_create(8, 8, &lease->frames), PF_STATUS_OK);
    CHECK_EQUAL(session_memory().frame_source_count, 1);
    pf_lease_end(NULL, lease);
    session_check_nothing_left();
}

const pf_test frames_tests[] = {
    TEST(damage_alone_keeps_frames_current),
    TEST(a_push_does_not_tear_a_frame),
    TEST(only_what_a_region_shows_wakes_its_capture),
    TEST(captures_and_their_source_end_in_any_order),
    TEST(sources_that_are_not_there_are_refused),
    TEST(who_waits_loses_no_picture),
    TEST(a_wait_ends_with_its_source),
    TEST(many_threads_may_use_a_source),
    TEST(wrong_arguments_are_refused),
    TEST(refused_memory_is_survived),
    TEST(captures_survive_refused_memory),
    TEST(there_is_an_end_to_them),
    TEST(a_source_goes_with_its_lease),
    TESTS_END,
};
