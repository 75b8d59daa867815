/* SPDX-License-Identifier: MPL-2.0 */
/** The pointer's stream against a source that does what the test says. */
#include <string.h>

#include "base/clock.h"
#include "capture/cursor_stream.h"
#include "session.h"
#include "test.h"

#define SIDE_PX 16u
#define FPS 50

/** A source of which only the pointer is there. */
typedef struct fake {
    pf_source base;
    pf_source_cursor cursor;
    uint8_t pixels[SIDE_PX * SIDE_PX * PF_BYTES_PER_PIXEL];
    uint32_t read_count;
} fake;

typedef struct bench {
    fake source;
    pf_wake wake;
    pf_outbox outbox;
    pf_frame_stage stage;
    pf_cursor_stream stream;
    uint64_t now_ns;
} bench;

static pf_status fake_read(pf_source *source, pf_source_cursor *cursor, pf_error *error) {
    (void)error;
    fake *self = (fake *)source;
    self->read_count++;
    *cursor = self->cursor;
    return PF_STATUS_OK;
}

static const pf_source_ops fake_ops = {.read_cursor = fake_read};

static void set_up(bench *bench) {
    memset(bench, 0, sizeof *bench);
    bench->now_ns = PF_NS_PER_S;
    bench->source.base.ops = &fake_ops;
    CHECK(pf_wake_init(&bench->wake));
    pf_outbox_init(&bench->outbox, &bench->wake, 3);
    bench->stage.source = &bench->source.base;
    bench->stage.buffers = pf_buffer_pool_create(0);
    CHECK(bench->stage.buffers != NULL);
    bench->stage.format.width_px = 100;
    bench->stage.plan.height_px = 80;
    pf_cursor_stream_init(&bench->stream, &bench->outbox);
    pf_cursor_stream_restart(&bench->stream);
    pf_cursor_stream_configure(&bench->stream, true, FPS);
}

static void tear_down(bench *bench) {
    pf_cursor_stream_deinit(&bench->stream);
    pf_outbox_deinit(&bench->outbox);
    pf_buffer_pool_release(bench->stage.buffers);
    pf_wake_deinit(&bench->wake);
    session_check_nothing_left();
}

/** Every image has its serial's colour, and alphas of every kind. */
static void draw(bench *bench, uint64_t serial) {
    for (uint32_t pixel = 0; pixel < SIDE_PX * SIDE_PX; pixel++) {
        uint8_t *bgra = bench->source.pixels + (size_t)pixel * PF_BYTES_PER_PIXEL;
        uint8_t alpha = (uint8_t)pixel;
        bgra[0] = alpha / 2;
        bgra[1] = (uint8_t)(serial % (alpha + 1u));
        bgra[2] = alpha;
        bgra[3] = alpha;
    }
}

/** Shows an image with its hot spot at (3, 5) there. */
static void show(bench *bench, uint64_t serial, int32_t x, int32_t y) {
    draw(bench, serial);
    bench->source.cursor = (pf_source_cursor){.image = {.pixels = bench->source.pixels,
                                                        .width_px = SIDE_PX,
                                                        .height_px = SIDE_PX,
                                                        .x = x - 3,
                                                        .y = y - 5,
                                                        .serial = serial},
                                              .hot_x = 3,
                                              .hot_y = 5};
}

/** A turn of the capture thread, a frame time later, of a pointer that has changed. */
static void turn(bench *bench) {
    pf_source_events events = {.cursor_changed = true};
    uint64_t due_ns;
    pf_error error = {0};
    bench->now_ns += PF_NS_PER_S / FPS;
    CHECK_EQUAL(pf_cursor_stream_turn(&bench->stream, &bench->stage, &events, bench->now_ns,
                                      &due_ns, &error),
                PF_STATUS_OK);
    CHECK(!events.cursor_changed);
    /* Events that came with the answer have to be looked for. */
    CHECK_EQUAL(due_ns, bench->now_ns);
}

static bool has_news(bench *bench) {
    return pf_outbox_wait(&bench->outbox, 0) == PF_STATUS_OK;
}

/** Drains what has to be there; the image, if any, is checked and given back. */
static pf_cursor drain(bench *bench) {
    pf_cursor cursor;
    CHECK_EQUAL(pf_cursor_stream_drain(&bench->stream, &cursor), 1);
    if (cursor.bytes != 0) {
        CHECK(cursor.size_bytes == cursor.width * cursor.height * PF_BYTES_PER_PIXEL);
        pf_stripe_release((void *)(uintptr_t)cursor.bytes, (void *)(uintptr_t)cursor.context);
    }
    return cursor;
}

static bool is_drained(bench *bench) {
    pf_cursor cursor;
    return pf_cursor_stream_drain(&bench->stream, &cursor) == 0;
}

static void an_image_comes_once_and_straight(void) {
    bench bench;
    set_up(&bench);
    show(&bench, 7, 40, 30);
    turn(&bench);
    CHECK(has_news(&bench) && !has_news(&bench));
    pf_cursor cursor;
    CHECK_EQUAL(pf_cursor_stream_drain(&bench.stream, &cursor), 1);
    CHECK(cursor.visible == 1 && cursor.x == 40 && cursor.y == 30 && cursor.image_id != 0);
    CHECK(cursor.width == SIDE_PX && cursor.height == SIDE_PX);
    CHECK(cursor.hot_x == 3 && cursor.hot_y == 5);
    CHECK_EQUAL(session_memory().lent_count, 1);
    const uint8_t *rgba = (const uint8_t *)(uintptr_t)cursor.bytes;
    for (uint32_t pixel = 0; pixel < SIDE_PX * SIDE_PX; pixel++, rgba += PF_BYTES_PER_PIXEL) {
        const uint8_t *bgra = bench.source.pixels + (size_t)pixel * PF_BYTES_PER_PIXEL;
        CHECK_EQUAL(rgba[3], bgra[3]);
        for (int channel = 0; channel < 3; channel++) {
            /* Premultiplied again it is what the server had. */
            CHECK_EQUAL((rgba[channel] * rgba[3] + 127) / 255, bgra[2 - channel]);
        }
    }
    pf_stripe_release((void *)(uintptr_t)cursor.bytes, (void *)(uintptr_t)cursor.context);
    uint32_t id = cursor.image_id;
    show(&bench, 7, 41, 30);
    turn(&bench);
    cursor = drain(&bench);
    CHECK(cursor.bytes == 0 && cursor.image_id == id && cursor.x == 41);
    turn(&bench);
    CHECK(!has_news(&bench) && is_drained(&bench));
    tear_down(&bench);
}

static void the_newest_state_wins_and_its_image_is_not_lost(void) {
    bench bench;
    set_up(&bench);
    for (uint64_t serial = 1; serial <= 3; serial++) {
        show(&bench, serial, 10 * (int32_t)serial, 30);
        turn(&bench);
    }
    pf_cursor third = drain(&bench);
    CHECK(third.x == 30 && third.bytes != 0);
    CHECK(is_drained(&bench));
    /* One that waits while a known one is shown is not handed out with that. */
    show(&bench, 4, 10, 10);
    turn(&bench);
    show(&bench, 3, 11, 10);
    turn(&bench);
    pf_cursor known = drain(&bench);
    CHECK(known.bytes == 0 && known.image_id == third.image_id && known.x == 11);
    show(&bench, 4, 12, 10);
    turn(&bench);
    pf_cursor fourth = drain(&bench);
    CHECK(fourth.bytes != 0 && fourth.image_id != third.image_id);
    tear_down(&bench);
}

static void images_beyond_those_that_are_kept_come_again(void) {
    bench bench;
    set_up(&bench);
    uint32_t first_id = 0;
    for (uint64_t serial = 0; serial <= PF_CURSOR_IMAGE_COUNT_MAX; serial++) {
        show(&bench, serial, 10, 10);
        turn(&bench);
        pf_cursor cursor = drain(&bench);
        CHECK(cursor.bytes != 0);
        first_id = serial == 0 ? cursor.image_id : first_id;
        CHECK(serial == 0 || cursor.image_id != first_id);
    }
    for (uint64_t serial = 1; serial <= PF_CURSOR_IMAGE_COUNT_MAX; serial++) {
        show(&bench, serial, 10, 10);
        turn(&bench);
        CHECK(drain(&bench).bytes == 0);
    }
    show(&bench, 0, 10, 10);
    turn(&bench);
    pf_cursor again = drain(&bench);
    CHECK(again.bytes != 0 && again.image_id != first_id);
    tear_down(&bench);
}

static void what_is_not_seen_is_told_once(void) {
    bench bench;
    set_up(&bench);
    show(&bench, 1, 50, 50);
    turn(&bench);
    uint32_t id = drain(&bench).image_id;
    const int32_t outside[][2] = {{-13, 40}, {103, 40}, {40, -11}, {40, 85}, {-9999, 70000}};
    for (size_t index = 0; index < sizeof outside / sizeof *outside; index++) {
        show(&bench, 1, outside[index][0], outside[index][1]);
        turn(&bench);
        pf_cursor cursor = drain(&bench);
        CHECK(cursor.visible == 0 && cursor.image_id == 0 && cursor.x == 50 && cursor.y == 50);
        bench.source.cursor.image.x += outside[index][0] > 50 ? 1 : -1;
        turn(&bench);
        CHECK(!has_news(&bench) && is_drained(&bench));
        show(&bench, 1, 50, 50);
        turn(&bench);
        CHECK_EQUAL(drain(&bench).image_id, id);
    }
    /* One column is inside. */
    show(&bench, 1, -12, 40);
    turn(&bench);
    CHECK(drain(&bench).x == -12);
    bench.source.cursor.image.pixels = NULL;
    turn(&bench);
    CHECK(drain(&bench).visible == 0);
    bench.source.cursor.image.pixels = bench.source.pixels;
    bench.source.cursor.image.width_px = PF_CURSOR_SIDE_PX_MAX + 1;
    turn(&bench);
    CHECK(is_drained(&bench));
    tear_down(&bench);
}

static void a_hot_spot_outside_of_its_image_is_brought_in(void) {
    bench bench;
    set_up(&bench);
    show(&bench, 1, 50, 50);
    bench.source.cursor.hot_x = 65535;
    bench.source.cursor.hot_y = SIDE_PX;
    turn(&bench);
    pf_cursor cursor = drain(&bench);
    CHECK(cursor.hot_x == SIDE_PX - 1 && cursor.hot_y == SIDE_PX - 1);
    CHECK(cursor.x == 47 + (int32_t)SIDE_PX - 1 && cursor.y == 45 + (int32_t)SIDE_PX - 1);
    tear_down(&bench);
}

static void it_is_looked_at_as_often_as_frames_may_come(void) {
    bench bench;
    set_up(&bench);
    show(&bench, 1, 50, 50);
    turn(&bench);
    uint32_t count = bench.source.read_count;
    pf_source_events events = {.cursor_changed = true};
    uint64_t due_ns;
    pf_error error = {0};
    CHECK_EQUAL(pf_cursor_stream_turn(&bench.stream, &bench.stage, &events, bench.now_ns + 1,
                                      &due_ns, &error),
                PF_STATUS_OK);
    CHECK(bench.source.read_count == count && !events.cursor_changed);
    CHECK(due_ns > bench.now_ns && due_ns <= bench.now_ns + PF_NS_PER_S / FPS);
    /* The source goes on telling of it until it is looked at. */
    events.cursor_changed = true;
    CHECK_EQUAL(
        pf_cursor_stream_turn(&bench.stream, &bench.stage, &events, due_ns, &due_ns, &error),
        PF_STATUS_OK);
    CHECK(bench.source.read_count == count + 1);
    events.cursor_changed = false;
    CHECK_EQUAL(pf_cursor_stream_turn(&bench.stream, &bench.stage, &events,
                                      bench.now_ns + PF_NS_PER_S, &due_ns, &error),
                PF_STATUS_OK);
    CHECK(bench.source.read_count == count + 1 && due_ns == PF_NEVER_NS);
    tear_down(&bench);
}

static void another_source_tells_everything_anew(void) {
    bench bench;
    set_up(&bench);
    show(&bench, 1, 50, 50);
    turn(&bench);
    uint32_t id = drain(&bench).image_id;
    show(&bench, 2, 50, 50);
    turn(&bench);
    pf_cursor_stream_restart(&bench.stream);
    CHECK(bench.stream.look);
    show(&bench, 1, 50, 50);
    turn(&bench);
    pf_cursor cursor = drain(&bench);
    CHECK(cursor.bytes != 0 && cursor.image_id != id && cursor.x == 50);
    tear_down(&bench);
}

static void switched_off_it_is_gone_and_frames_get_the_events(void) {
    bench bench;
    set_up(&bench);
    show(&bench, 1, 50, 50);
    turn(&bench);
    uint32_t id = drain(&bench).image_id;
    pf_cursor_stream_configure(&bench.stream, false, FPS);
    CHECK(has_news(&bench));
    CHECK(drain(&bench).visible == 0);
    pf_source_events events = {.cursor_changed = true};
    uint64_t due_ns;
    pf_error error = {0};
    CHECK_EQUAL(pf_cursor_stream_turn(&bench.stream, &bench.stage, &events,
                                      bench.now_ns + PF_NS_PER_S, &due_ns, &error),
                PF_STATUS_OK);
    CHECK(events.cursor_changed && is_drained(&bench));
    pf_cursor_stream_configure(&bench.stream, true, FPS);
    CHECK(bench.stream.look);
    turn(&bench);
    CHECK_EQUAL(drain(&bench).image_id, id);
    pf_cursor_stream_close(&bench.stream);
    show(&bench, 2, 60, 60);
    turn(&bench);
    CHECK(is_drained(&bench));
    tear_down(&bench);
}

const pf_test cursor_tests[] = {
    TEST(an_image_comes_once_and_straight),
    TEST(the_newest_state_wins_and_its_image_is_not_lost),
    TEST(images_beyond_those_that_are_kept_come_again),
    TEST(what_is_not_seen_is_told_once),
    TEST(a_hot_spot_outside_of_its_image_is_brought_in),
    TEST(it_is_looked_at_as_often_as_frames_may_come),
    TEST(another_source_tells_everything_anew),
    TEST(switched_off_it_is_gone_and_frames_get_the_events),
    TESTS_END,
};
