/* SPDX-License-Identifier: MPL-2.0 */
/** Screenshots through the C ABI; pictures of real screens are in the Bun tests. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "base/image.h"
#include "base/memory.h"
#include "session.h"
#include "test.h"

#define WIDTH 320u
#define HEIGHT 200u
#define STILL "synthetic://320x200@0"
#define MOVING "synthetic://320x200@200"

/* Half a minute of waits: an answer that has not come by then never will. */
#define STEP_COUNT_MAX (30000 / PF_WAIT_MS_MAX)

static pf_screenshot_request request_of(uint32_t format, uint32_t id) {
    return (pf_screenshot_request){
        .size_bytes = sizeof(pf_screenshot_request), .id = id, .format = format, .quality = 90};
}

static uint64_t start(const char *display) {
    pf_settings settings = default_settings(display);
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    return handle;
}

static void ask(uint64_t handle, pf_screenshot_request request) {
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_OK);
}

/** Waits for the next answer, and leaves stripes where they are. */
static pf_screenshot await_answer(uint64_t handle) {
    pf_screenshot answer;
    uint32_t count = 0;
    for (int step = 0; count == 0; step++) {
        CHECK(step < STEP_COUNT_MAX);
        CHECK(pf_capture_wait(handle, PF_WAIT_MS_MAX) >= 0);
        CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 1, &count), PF_STATUS_OK);
    }
    return answer;
}

static pf_screenshot take(uint64_t handle, pf_screenshot_request request) {
    ask(handle, request);
    pf_screenshot answer = await_answer(handle);
    CHECK_EQUAL(answer.id, request.id);
    return answer;
}

static const uint8_t *bytes_of(const pf_screenshot *answer) {
    CHECK_EQUAL(answer->status, PF_STATUS_OK);
    CHECK(answer->bytes != 0 && answer->context != 0 && answer->timestamp_us != 0);
    return (const uint8_t *)(uintptr_t)answer->bytes;
}

static void release(const pf_screenshot *answer) {
    pf_stripe_release((void *)(uintptr_t)answer->bytes, (void *)(uintptr_t)answer->context);
}

/** The still picture that the synthetic source shows, but for its square. */
static uint32_t rgba_at(uint32_t x, uint32_t y) {
    return (x & 255) | (y & 255) << 8 | ((x + y) >> 3 & 255) << 16 | 0xff000000u;
}

/** Checks pixels right of the square, which is 64 px wide. */
static void check_pixels(const uint8_t *rgba, pf_screenshot_request request, uint32_t width,
                         uint32_t height) {
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, rgba + ((size_t)y * width + x) * 4, sizeof pixel);
            if (request.x + x >= 64) {
                CHECK_EQUAL(pixel, rgba_at(request.x + x, request.y + y));
            }
        }
    }
}

static void raw_is_rgba_without_gaps(void) {
    uint64_t handle = start(STILL);
    pf_screenshot_request request = request_of(PF_SCREENSHOT_RAW, 7);
    pf_screenshot answer = take(handle, request);
    CHECK_EQUAL(answer.size_bytes, WIDTH * HEIGHT * 4);
    CHECK(answer.width == WIDTH && answer.height == HEIGHT);
    check_pixels(bytes_of(&answer), request, WIDTH, HEIGHT);
    CHECK_EQUAL(session_memory().lent_count, 1);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    check_pixels(bytes_of(&answer), request, WIDTH, HEIGHT);
    release(&answer);
    session_check_nothing_left();
}

static void a_png_holds_every_pixel(void) {
    uint64_t handle = start(STILL);
    pf_screenshot_request request = request_of(PF_SCREENSHOT_PNG, 1);
    request.x = 70;
    request.y = 31;
    request.width = 129;
    request.height = 77;
    pf_screenshot answer = take(handle, request);
    png_image image = {.version = PNG_IMAGE_VERSION};
    CHECK(png_image_begin_read_from_memory(&image, bytes_of(&answer), answer.size_bytes));
    CHECK(image.width == 129 && image.height == 77 && image.format == PNG_FORMAT_RGB);
    image.format = PNG_FORMAT_RGBA;
    uint8_t *rgba = malloc(PNG_IMAGE_SIZE(image));
    CHECK(png_image_finish_read(&image, NULL, rgba, 0, NULL));
    check_pixels(rgba, request, 129, 77);
    free(rgba);
    release(&answer);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void a_jpeg_is_a_file_of_its_quality(void) {
    uint64_t handle = start(STILL);
    uint32_t size_bytes[2];
    for (uint32_t round = 0; round < 2; round++) {
        pf_screenshot_request request = request_of(PF_SCREENSHOT_JPEG, round);
        request.quality = round * 100;
        pf_screenshot answer = take(handle, request);
        const uint8_t *bytes = bytes_of(&answer);
        size_bytes[round] = answer.size_bytes;
        CHECK(bytes[0] == 0xff && bytes[1] == 0xd8);
        CHECK(bytes[answer.size_bytes - 2] == 0xff && bytes[answer.size_bytes - 1] == 0xd9);
        release(&answer);
    }
    CHECK(size_bytes[0] * 2 < size_bytes[1]);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
}

/** The largest difference of a channel between a JPEG and the still picture. */
static int jpeg_difference(const pf_screenshot *answer) {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, bytes_of(answer), answer->size_bytes);
    jpeg_read_header(&codec, TRUE);
    CHECK_EQUAL(codec.image_width, answer->width);
    CHECK_EQUAL(codec.image_height, answer->height);
    codec.out_color_space = JCS_EXT_RGBX;
    jpeg_start_decompress(&codec);
    uint8_t *row = malloc((size_t)answer->width * 4);
    int worst = 0;
    for (uint32_t y = 0; y < answer->height; y++) {
        jpeg_read_scanlines(&codec, &row, 1);
        for (uint32_t x = 64; x < answer->width; x++) {
            uint32_t pixel = rgba_at(x, y);
            for (uint32_t byte = 0; byte < 3; byte++) {
                int difference = abs(row[x * 4 + byte] - (int)(pixel >> (8 * byte) & 255));
                worst = difference > worst ? difference : worst;
            }
        }
    }
    CHECK_EQUAL(errors.num_warnings, 0);
    free(row);
    jpeg_finish_decompress(&codec);
    jpeg_destroy_decompress(&codec);
    return worst;
}

static void a_jpeg_of_many_threads_is_one_picture(void) {
    const char *displays[] = {"synthetic://1283x977@0", "synthetic://801x1400@0",
                              "synthetic://16384x130@0"};
    for (uint32_t round = 0; round < 6; round++) {
        pf_settings settings = default_settings(displays[round / 2]);
        settings.jpeg_full_color = round % 2;
        uint64_t handle = 0;
        CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
        pf_screenshot_request request = request_of(PF_SCREENSHOT_JPEG, round);
        request.quality = 100;
        pf_screenshot answer = take(handle, request);
        /* The picture has hard edges each 256 px, which 4:2:0 blurs. */
        int difference = jpeg_difference(&answer);
        CHECK(round % 2 == 0 || difference <= 4);
        release(&answer);
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    }
    session_check_nothing_left();
}

static void check_rect(uint64_t handle, pf_rect rect, int32_t status, uint32_t width,
                       uint32_t height) {
    pf_screenshot_request request = request_of(PF_SCREENSHOT_RAW, 0);
    request.x = rect.x;
    request.y = rect.y;
    request.width = rect.width;
    request.height = rect.height;
    pf_screenshot answer = take(handle, request);
    CHECK_EQUAL(answer.status, status);
    CHECK_EQUAL(answer.width, width);
    CHECK_EQUAL(answer.height, height);
    if (status == PF_STATUS_OK) {
        check_pixels(bytes_of(&answer), request, width, height);
        CHECK_EQUAL(answer.size_bytes, width * height * 4);
    } else {
        CHECK(answer.bytes == 0 && answer.context == 0 && answer.size_bytes == 0);
    }
    release(&answer);
}

static void the_rectangle_has_to_lie_in_the_frame(void) {
    uint64_t handle = start(STILL);
    check_rect(handle, (pf_rect){0, 0, WIDTH, HEIGHT}, PF_STATUS_OK, WIDTH, HEIGHT);
    check_rect(handle, (pf_rect){WIDTH - 1, HEIGHT - 1, 1, 1}, PF_STATUS_OK, 1, 1);
    check_rect(handle, (pf_rect){100, 50, 0, 0}, PF_STATUS_OK, WIDTH - 100, HEIGHT - 50);
    const pf_rect outside[] = {
        {0, 0, WIDTH + 1, 1},  {0, 0, 1, HEIGHT + 1},
        {1, 0, WIDTH, 1},      {0, 1, 1, HEIGHT},
        {WIDTH, 0, 1, 1},      {0, HEIGHT, 0, 0},
        {1, 1, UINT32_MAX, 1}, {UINT32_MAX, UINT32_MAX, 2, 2},
    };
    for (size_t index = 0; index < sizeof outside / sizeof *outside; index++) {
        check_rect(handle, outside[index], PF_STATUS_REGION_OFF_SCREEN, WIDTH, HEIGHT);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
}

static void wrong_arguments_are_refused(void) {
    uint64_t handle = start(STILL);
    pf_screenshot_request request = request_of(PF_SCREENSHOT_RAW + 1, 0);
    pf_screenshot answer;
    uint32_t count = 0;
    CHECK_EQUAL(pf_capture_request_screenshot(handle, NULL), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_INVALID_ARGUMENT);
    request = request_of(PF_SCREENSHOT_JPEG, 0);
    request.quality = 101;
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_INVALID_ARGUMENT);
    request = request_of(PF_SCREENSHOT_JPEG, 0);
    request.size_bytes--;
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, NULL, 1, &count), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 0, &count),
                PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 1, NULL), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    request = request_of(PF_SCREENSHOT_JPEG, 0);
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 1, &count), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_request_screenshot(0, &request), PF_STATUS_STALE_HANDLE);
}

static void nothing_comes_after_a_stop(void) {
    for (uint32_t round = 0; round < 40; round++) {
        uint64_t handle = start(round % 2 ? STILL : MOVING);
        pf_screenshot_request request = request_of(round % 3, round);
        pf_screenshot answers[2];
        uint32_t count = 1;
        ask(handle, request);
        ask(handle, request);
        if (round % 4 >= 2) {
            pf_screenshot first = await_answer(handle);
            release(&first);
        }
        CHECK_EQUAL(pf_capture_stop(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_ENDED);
        CHECK_EQUAL(pf_capture_drain_screenshots(handle, answers, 2, &count), PF_STATUS_OK);
        CHECK_EQUAL(count, 0);
        CHECK_EQUAL(pf_capture_join(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_drain_screenshots(handle, answers, 2, &count), PF_STATUS_OK);
        CHECK_EQUAL(count, 0);
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
        session_check_nothing_left();
    }
}

static void a_capture_that_failed_answers_no_more(void) {
    pf_settings settings = default_settings(STILL);
    settings.capture_x = WIDTH;
    uint64_t handle = 0;
    pf_screenshot_request request = request_of(PF_SCREENSHOT_PNG, 0);
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_log log = {0};
    while (session_step(handle, &log)) {
    }
    CHECK_EQUAL(log.state.error, PF_STATUS_REGION_OFF_SCREEN);
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_ENDED);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void so_many_may_be_under_way(void) {
    uint64_t handle = start(MOVING);
    pf_screenshot_request request = request_of(PF_SCREENSHOT_JPEG, 0);
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t id = 0; id < PF_SCREENSHOT_COUNT_MAX; id++) {
            ask(handle, request_of(id % 3, id));
        }
        CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_BUSY);
        uint32_t seen = 0;
        for (uint32_t id = 0; id < PF_SCREENSHOT_COUNT_MAX; id++) {
            pf_screenshot answer = await_answer(handle);
            CHECK(answer.status == PF_STATUS_OK);
            seen |= 1u << answer.id;
            release(&answer);
        }
        CHECK_EQUAL(seen, (1u << PF_SCREENSHOT_COUNT_MAX) - 1);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void a_reader_that_stalls_gets_them(void) {
    uint64_t handle = start(MOVING);
    pf_stats stats = {.size_bytes = sizeof stats};
    for (int step = 0; stats.held_back == 0; step++) {
        CHECK(step < STEP_COUNT_MAX);
        pf_capture_wait(handle, PF_WAIT_MS_MAX);
        CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    }
    uint64_t frames = stats.frames, before_us = 0;
    for (uint32_t id = 0; id < 20; id++) {
        pf_screenshot answer = take(handle, request_of(PF_SCREENSHOT_JPEG, id));
        bytes_of(&answer);
        CHECK(answer.timestamp_us > before_us);
        before_us = answer.timestamp_us;
        release(&answer);
    }
    CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    CHECK_EQUAL(stats.frames, frames);
    session_log log = {0};
    session_await_stripes(handle, &log, 50);
    CHECK(log.last_frame_id > frames);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

/** A capture of a still picture that has sent all there ever is to send. */
static uint64_t start_at_rest(void) {
    /* Large enough for a JPEG of several slices. */
    pf_settings settings = default_settings("synthetic://640x448@0");
    settings.use_paint_over_quality = 0;
    settings.stripe_height = 64;
    uint64_t handle = 0;
    session_log log = {0};
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 448 / 64);
    return handle;
}

static void a_still_screen_is_no_frame_more(void) {
    uint64_t handle = start_at_rest();
    pf_stats stats = {.size_bytes = sizeof stats};
    for (uint32_t id = 0; id < 5; id++) {
        pf_screenshot answer = take(handle, request_of(id % 3, id));
        bytes_of(&answer);
        release(&answer);
    }
    CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    CHECK_EQUAL(stats.frames, 1);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
}

/** Whether the screenshot came in spite of the refusal, which is its own alone. */
static bool survive_refusal(uint64_t handle, uint32_t format, long granted) {
    pf_fault_after(granted);
    pf_screenshot answer = take(handle, request_of(format, (uint32_t)granted));
    pf_fault_after(-1);
    bool came = answer.status == PF_STATUS_OK;
    CHECK(came || answer.status == PF_STATUS_NO_MEMORY);
    CHECK(came == (answer.context != 0));
    release(&answer);
    return came;
}

static void refused_memory_fails_the_screenshot_alone(void) {
    uint64_t handle = start_at_rest();
    /* Raw first: its buffer is then kept for the pixels of the others. */
    const uint32_t formats[] = {PF_SCREENSHOT_RAW, PF_SCREENSHOT_PNG, PF_SCREENSHOT_JPEG};
    for (uint32_t index = 0; index < 3; index++) {
        long granted = 0;
        while (!survive_refusal(handle, formats[index], granted)) {
            CHECK(++granted < 100);
        }
        CHECK(granted > 0);
    }
    CHECK_EQUAL(session_memory().lent_count, 0);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void it_goes_with_its_lease(void) {
    uint64_t address = 0;
    CHECK_EQUAL(pf_lease_create(3, &address), PF_STATUS_OK);
    pf_lease *lease = (pf_lease *)(uintptr_t)address;
    lease->handle = start(STILL);
    pf_screenshot answer = take(lease->handle, request_of(PF_SCREENSHOT_RAW, 0));
    memcpy((pf_stripe *)(lease + 1) + 2, &answer, sizeof answer);
    CHECK_EQUAL(session_memory().lent_count, 1);
    pf_lease_end(NULL, lease);
    CHECK_EQUAL(session_memory().lent_count, 0);
    while (session_memory().capture_count > 0) {
        sched_yield();
    }
    session_check_nothing_left();
}

const pf_test screenshot_tests[] = {
    TEST(raw_is_rgba_without_gaps),
    TEST(a_png_holds_every_pixel),
    TEST(a_jpeg_is_a_file_of_its_quality),
    TEST(a_jpeg_of_many_threads_is_one_picture),
    TEST(the_rectangle_has_to_lie_in_the_frame),
    TEST(wrong_arguments_are_refused),
    TEST(nothing_comes_after_a_stop),
    TEST(a_capture_that_failed_answers_no_more),
    TEST(so_many_may_be_under_way),
    TEST(a_reader_that_stalls_gets_them),
    TEST(a_still_screen_is_no_frame_more),
    TEST(refused_memory_fails_the_screenshot_alone),
    TEST(it_goes_with_its_lease),
    TESTS_END,
};
