/* SPDX-License-Identifier: MPL-2.0 */
/** The pictures of screenshots; those of real screens are in the Bun tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "base/image.h"
#include "session.h"
#include "shot.h"
#include "test.h"

#define WIDTH 320u
#define HEIGHT 200u
#define STILL "synthetic://320x200@0"

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
    uint64_t handle = session_start(STILL);
    pf_screenshot_request request = shot_request(PF_SCREENSHOT_RAW, 7);
    pf_screenshot answer = shot_take(handle, request);
    CHECK_EQUAL(answer.size_bytes, WIDTH * HEIGHT * 4);
    CHECK(answer.width == WIDTH && answer.height == HEIGHT);
    check_pixels(shot_bytes(&answer), request, WIDTH, HEIGHT);
    CHECK_EQUAL(session_memory().lent_count, 1);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    check_pixels(shot_bytes(&answer), request, WIDTH, HEIGHT);
    shot_release(&answer);
    session_check_nothing_left();
}

static void a_png_holds_every_pixel(void) {
    uint64_t handle = session_start(STILL);
    pf_screenshot_request request = shot_request(PF_SCREENSHOT_PNG, 1);
    request.x = 70;
    request.y = 31;
    request.width = 129;
    request.height = 77;
    pf_screenshot answer = shot_take(handle, request);
    png_image image = {.version = PNG_IMAGE_VERSION};
    CHECK(png_image_begin_read_from_memory(&image, shot_bytes(&answer), answer.size_bytes));
    CHECK(image.width == 129 && image.height == 77 && image.format == PNG_FORMAT_RGB);
    image.format = PNG_FORMAT_RGBA;
    uint8_t *rgba = malloc(PNG_IMAGE_SIZE(image));
    CHECK(png_image_finish_read(&image, NULL, rgba, 0, NULL));
    check_pixels(rgba, request, 129, 77);
    free(rgba);
    shot_release(&answer);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void a_jpeg_is_a_file_of_its_quality(void) {
    uint64_t handle = session_start(STILL);
    uint32_t size_bytes[2];
    for (uint32_t round = 0; round < 2; round++) {
        pf_screenshot_request request = shot_request(PF_SCREENSHOT_JPEG, round);
        request.quality = round * 100;
        pf_screenshot answer = shot_take(handle, request);
        const uint8_t *bytes = shot_bytes(&answer);
        size_bytes[round] = answer.size_bytes;
        CHECK(bytes[0] == 0xff && bytes[1] == 0xd8);
        CHECK(bytes[answer.size_bytes - 2] == 0xff && bytes[answer.size_bytes - 1] == 0xd9);
        shot_release(&answer);
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
    jpeg_mem_src(&codec, shot_bytes(answer), answer->size_bytes);
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
        pf_screenshot_request request = shot_request(PF_SCREENSHOT_JPEG, round);
        request.quality = 100;
        pf_screenshot answer = shot_take(handle, request);
        /* The picture has hard edges each 256 px, which 4:2:0 blurs. */
        int difference = jpeg_difference(&answer);
        CHECK(round % 2 == 0 || difference <= 4);
        shot_release(&answer);
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    }
    session_check_nothing_left();
}

static void check_rect(uint64_t handle, pf_rect rect, int32_t status, uint32_t width,
                       uint32_t height) {
    pf_screenshot_request request = shot_request(PF_SCREENSHOT_RAW, 0);
    request.x = rect.x;
    request.y = rect.y;
    request.width = rect.width;
    request.height = rect.height;
    pf_screenshot answer = shot_take(handle, request);
    CHECK_EQUAL(answer.status, status);
    CHECK_EQUAL(answer.width, width);
    CHECK_EQUAL(answer.height, height);
    if (status == PF_STATUS_OK) {
        check_pixels(shot_bytes(&answer), request, width, height);
        CHECK_EQUAL(answer.size_bytes, width * height * 4);
    } else {
        CHECK(answer.bytes == 0 && answer.context == 0 && answer.size_bytes == 0);
    }
    shot_release(&answer);
}

static void the_rectangle_has_to_lie_in_the_frame(void) {
    uint64_t handle = session_start(STILL);
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

const pf_test screenshot_pictures_tests[] = {
    TEST(raw_is_rgba_without_gaps),
    TEST(a_png_holds_every_pixel),
    TEST(a_jpeg_is_a_file_of_its_quality),
    TEST(a_jpeg_of_many_threads_is_one_picture),
    TEST(the_rectangle_has_to_lie_in_the_frame),
    TESTS_END,
};
