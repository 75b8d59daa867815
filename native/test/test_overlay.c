/* SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>

#include "base/memory.h"
#include "overlay/watermark.h"
#include "test.h"

enum { FRAME_WIDTH = 40, FRAME_HEIGHT = 48 };

typedef struct frame {
    uint8_t pixels[FRAME_HEIGHT][FRAME_WIDTH][4];
} frame;

static void fill_random(void *bytes, size_t size_bytes) {
    for (size_t at = 0; at < size_bytes; at++) {
        ((uint8_t *)bytes)[at] = (uint8_t)pf_random_below(256);
    }
}

/** Draws with straight alpha in floating point, a pixel at a time. */
static double reference_channel(const uint8_t *over, const uint8_t *under, int channel) {
    double alpha = over[3] / 255.0;
    return over[channel] + under[channel] * (1 - alpha);
}

static void check_drawing(int32_t x, int32_t y) {
    enum { width = 9, height = 7 };
    uint8_t image[height][width][4];
    frame before, after;
    fill_random(image, sizeof image);
    fill_random(&before, sizeof before);
    for (int at = 0; at < width * height; at++) {
        uint8_t *pixel = image[at / width][at % width];
        for (int channel = 0; channel < 3; channel++) {
            pixel[channel] = (uint8_t)(pixel[channel] * pixel[3] / 255);
        }
    }
    pf_sprite overlay = {
        .pixels = &image[0][0][0], .width_px = width, .height_px = height, .x = x, .y = y};
    after = before;
    uint8_t saved[3][width * height * 4];
    pf_rect parts[3];
    for (uint32_t stripe = 0; stripe < 3; stripe++) {
        parts[stripe] = pf_overlay_part(&overlay, FRAME_WIDTH, stripe * 16, 16);
        pf_overlay_draw(&overlay, parts[stripe], &after.pixels[0][0][0], FRAME_WIDTH * 4,
                        saved[stripe]);
    }
    for (int row = 0; row < FRAME_HEIGHT; row++) {
        for (int column = 0; column < FRAME_WIDTH; column++) {
            bool inside = row >= y && row < y + height && column >= x && column < x + width;
            for (int channel = 0; channel < 3; channel++) {
                double expected = inside ? reference_channel(image[row - y][column - x],
                                                             before.pixels[row][column], channel)
                                         : before.pixels[row][column][channel];
                double difference = after.pixels[row][column][channel] - expected;
                CHECK(difference < 0.51 && difference > -0.51);
            }
        }
    }
    for (uint32_t stripe = 0; stripe < 3; stripe++) {
        pf_overlay_undraw(parts[stripe], &after.pixels[0][0][0], FRAME_WIDTH * 4, saved[stripe]);
    }
    CHECK(memcmp(&before, &after, sizeof before) == 0);
}

static void overlays_are_blended_and_taken_out_again(void) {
    const int32_t places[][2] = {{3, 5},   {0, 0},   {-4, -3}, {35, 45}, {20, 12},
                                 {-20, 3}, {3, -20}, {100, 3}, {3, 100}};
    for (size_t index = 0; index < sizeof places / sizeof *places; index++) {
        check_drawing(places[index][0], places[index][1]);
    }
}

static void the_hash_tells_overlays_apart(void) {
    pf_sprite overlay = {.x = 3, .y = 4, .serial = 5};
    uint64_t hash = pf_overlay_mix_hash(&overlay, 7);
    overlay.x = 4;
    uint64_t moved_x = pf_overlay_mix_hash(&overlay, 7);
    overlay.x = 3;
    overlay.y = -4;
    uint64_t moved_y = pf_overlay_mix_hash(&overlay, 7);
    overlay.y = 4;
    overlay.serial = 6;
    uint64_t other = pf_overlay_mix_hash(&overlay, 7);
    overlay.serial = 5;
    CHECK(hash == pf_overlay_mix_hash(&overlay, 7));
    CHECK(hash != pf_overlay_mix_hash(&overlay, 8));
    CHECK(hash != moved_x && hash != moved_y && hash != other && moved_x != moved_y);
}

static void check_inside(const pf_watermark *watermark, uint32_t location, uint64_t step) {
    pf_sprite overlay = pf_watermark_place(watermark, location, 100, 60, step);
    CHECK(overlay.x >= 0 && overlay.y >= 0);
    CHECK(watermark->width_px > 100 || overlay.x + watermark->width_px <= 100);
    CHECK(watermark->height_px > 60 || overlay.y + watermark->height_px <= 60);
    CHECK(watermark->width_px < 100 || overlay.x == 0);
    CHECK(watermark->height_px < 60 || overlay.y == 0);
}

static void a_watermark_never_leaves_the_frame(void) {
    for (uint32_t width = 1; width < 130; width += 7) {
        pf_watermark watermark = {.width_px = width, .height_px = 131 - width};
        for (uint32_t location = PF_WATERMARK_TOP_LEFT; location <= PF_WATERMARK_ANIMATED;
             location++) {
            for (uint64_t step = 0; step < 300; step++) {
                check_inside(&watermark, location, step);
            }
        }
    }
}

static void places_are_where_their_names_say(void) {
    pf_watermark watermark = {.width_px = 20, .height_px = 10};
    const int32_t expected[][2] = {{0, 0}, {80, 0}, {0, 50}, {80, 50}, {40, 25}};
    for (uint32_t index = 0; index < 5; index++) {
        pf_sprite overlay =
            pf_watermark_place(&watermark, PF_WATERMARK_TOP_LEFT + index, 100, 60, 9);
        CHECK_EQUAL(overlay.x, expected[index][0]);
        CHECK_EQUAL(overlay.y, expected[index][1]);
    }
}

static void an_animated_watermark_moves_two_px_a_frame(void) {
    pf_watermark watermark = {.width_px = 20, .height_px = 10};
    pf_sprite before = pf_watermark_place(&watermark, PF_WATERMARK_ANIMATED, 100, 60, 0);
    for (uint64_t step = 1; step < 500; step++) {
        pf_sprite now = pf_watermark_place(&watermark, PF_WATERMARK_ANIMATED, 100, 60, step);
        CHECK_EQUAL(abs(now.x - before.x), 2);
        CHECK_EQUAL(abs(now.y - before.y), 2);
        before = now;
    }
}

static void write_png(const char *path, uint32_t format, const void *pixels) {
    png_image image = {.version = PNG_IMAGE_VERSION, .width = 2, .height = 1, .format = format};
    CHECK(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

static void a_png_is_read_premultiplied(void) {
    char path[] = "/tmp/pf-test-watermark-XXXXXX";
    close(mkstemp(path));
    const uint8_t pixels[] = {255, 128, 0, 255, 200, 100, 50, 51};
    write_png(path, PNG_FORMAT_RGBA, pixels);
    pf_watermark *watermark = NULL;
    pf_error error = {0};
    CHECK_EQUAL(pf_watermark_load(path, &watermark, &error), PF_STATUS_OK);
    CHECK(watermark->width_px == 2 && watermark->height_px == 1);
    CHECK(memcmp(watermark->pixels, (uint8_t[]){0, 128, 255, 255, 10, 20, 40, 51}, 8) == 0);
    pf_watermark_free(watermark);
    unlink(path);
}

/** Memory refused at each request in turn: libpng's own too. */
static void a_png_without_memory_is_refused(void) {
    char path[] = "/tmp/pf-test-watermark-XXXXXX";
    close(mkstemp(path));
    const uint8_t pixels[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    write_png(path, PNG_FORMAT_RGBA, pixels);
    pf_status status = PF_STATUS_NO_MEMORY;
    for (long granted = 0; status != PF_STATUS_OK; granted++) {
        pf_watermark *watermark = NULL;
        pf_error error = {0};
        pf_fault_after(granted);
        status = pf_watermark_load(path, &watermark, &error);
        pf_fault_after(-1);
        CHECK(granted < 100 && (status == PF_STATUS_OK) == (watermark != NULL));
        pf_watermark_free(watermark);
    }
    unlink(path);
}

static void check_refused(const char *path) {
    pf_watermark *watermark = NULL;
    pf_error error = {0};
    CHECK_EQUAL(pf_watermark_load(path, &watermark, &error), PF_STATUS_WATERMARK);
    CHECK(watermark == NULL && strstr(error.message, path) != NULL);
}

static void files_that_are_no_png_are_named(void) {
    check_refused("/nowhere/watermark.png");
    check_refused("/dev/null");
    check_refused("/");
    char path[] = "/tmp/pf-test-watermark-XXXXXX";
    close(mkstemp(path));
    const uint8_t pixels[8] = {0};
    write_png(path, PNG_FORMAT_RGBA, pixels);
    CHECK_EQUAL(truncate(path, 45), 0);
    check_refused(path);
    unlink(path);
}

const pf_test overlay_tests[] = {
    TEST(overlays_are_blended_and_taken_out_again),
    TEST(the_hash_tells_overlays_apart),
    TEST(a_watermark_never_leaves_the_frame),
    TEST(places_are_where_their_names_say),
    TEST(an_animated_watermark_moves_two_px_a_frame),
    TEST(a_png_is_read_premultiplied),
    TEST(a_png_without_memory_is_refused),
    TEST(files_that_are_no_png_are_named),
    TESTS_END,
};
