/* SPDX-License-Identifier: MPL-2.0 */
/** What encoders write, read by libjpeg's decoder and by the byte; whole
 * streams are decoded by ffmpeg and a browser in the Bun tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "base/memory.h"
#include "encode/color.h"
#include "encode/encoder.h"
#include "encode/jpeg_join.h"
#include "test.h"

static pf_image make_image(uint32_t width, uint32_t height, uint32_t (*pixel)(uint32_t, uint32_t)) {
    uint32_t *pixels = malloc((size_t)width * height * 4);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            pixels[y * width + x] = pixel(x, y);
        }
    }
    return (pf_image){(const uint8_t *)pixels, width * 4, width, height};
}

static void free_image(pf_image image) {
    free((void *)(uintptr_t)image.pixels);
}

static uint32_t gradient(uint32_t x, uint32_t y) {
    return ((x * 2) & 255) << 16 | ((y * 3) & 255) << 8 | ((x + y) & 255);
}

static uint32_t noise(uint32_t x, uint32_t y) {
    uint32_t mixed = (x * 2654435761u) ^ (y * 2246822519u);
    return (mixed ^ mixed >> 13) & 0xffffff;
}

static pf_encoder *make_encoder(uint32_t mode, uint32_t width, uint32_t height, bool full_color) {
    pf_encoder_format format = {.output_mode = mode,
                                .width_px = width,
                                .height_px = height,
                                .full_color = full_color,
                                .fps = 60,
                                .thread_count = 1};
    pf_encoder *encoder = NULL;
    pf_error error = {0};
    CHECK_EQUAL(pf_encoder_create(&format, &encoder, &error), PF_STATUS_OK);
    return encoder;
}

static pf_encode_result encode(pf_encoder *encoder, pf_buffer_pool *pool, pf_image image,
                               uint32_t quality, bool keyframe) {
    pf_timeline timeline = pf_timeline_begin(0);
    pf_encode_request request = {.image = image,
                                 .quality = quality,
                                 .keyframe = keyframe,
                                 .header_bytes = 10,
                                 .timeline = &timeline};
    pf_encode_result result = {0};
    pf_error error = {0};
    CHECK_EQUAL(encoder->ops->encode(encoder, &request, pool, &result, &error), PF_STATUS_OK);
    CHECK(result.buffer != NULL && result.payload_bytes > 0);
    return result;
}

/** The largest difference of a channel between a JPEG and the image. */
static int jpeg_difference(const pf_encode_result *result, pf_image image) {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, result->buffer->bytes + 10, result->payload_bytes);
    jpeg_read_header(&codec, TRUE);
    CHECK_EQUAL(codec.image_width, image.width_px);
    CHECK_EQUAL(codec.image_height, image.height_px);
    codec.out_color_space = JCS_EXT_BGRX;
    jpeg_start_decompress(&codec);
    uint8_t *row = malloc(image.stride_bytes);
    int worst = 0;
    for (uint32_t y = 0; y < image.height_px; y++) {
        jpeg_read_scanlines(&codec, &row, 1);
        for (uint32_t byte = 0; byte < image.stride_bytes; byte++) {
            int difference = abs(row[byte] - image.pixels[y * image.stride_bytes + byte]);
            worst = byte % 4 != 3 && difference > worst ? difference : worst;
        }
    }
    free(row);
    jpeg_finish_decompress(&codec);
    jpeg_destroy_decompress(&codec);
    return worst;
}

static uint32_t grey_steps(uint32_t x, uint32_t y) {
    return ((x / 16 * 16 + y / 16 * 8) & 255) * 0x010101;
}

static void jpeg_shows_the_image(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(1 << 20);
    const uint32_t sizes[][2] = {{1, 1}, {15, 17}, {641, 64}, {320, 70}};
    for (size_t index = 0; index < 4; index++) {
        uint32_t width = sizes[index][0], height = sizes[index][1];
        pf_image image = make_image(width, height, grey_steps);
        pf_encoder *encoder = make_encoder(PF_OUTPUT_JPEG, width, height, true);
        for (int picture = 0; picture < 3; picture++) {
            pf_encode_result result = encode(encoder, pool, image, 95, false);
            CHECK(result.keyframe);
            CHECK(jpeg_difference(&result, image) <= 8);
            pf_buffer_release(result.buffer);
        }
        encoder->ops->destroy(encoder);
        free_image(image);
    }
    pf_buffer_pool_release(pool);
}

static void jpeg_quality_sets_the_size(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    pf_image image = make_image(640, 64, noise);
    pf_encoder *encoder = make_encoder(PF_OUTPUT_JPEG, 640, 64, false);
    uint32_t smaller = 0;
    for (uint32_t quality = 0; quality <= 100; quality += 25) {
        pf_encode_result result = encode(encoder, pool, image, quality, false);
        CHECK(result.payload_bytes > smaller);
        smaller = result.payload_bytes;
        pf_buffer_release(result.buffer);
    }
    encoder->ops->destroy(encoder);
    free_image(image);
    pf_buffer_pool_release(pool);
}

static void every_quantizer_counts(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    pf_image image = make_image(128, 128, noise);
    pf_encoder *encoder = make_encoder(PF_OUTPUT_H264, 128, 128, false);
    uint32_t larger = UINT32_MAX;
    for (uint32_t quantizer = 0; quantizer <= 51; quantizer += 3) {
        pf_encode_result result = encode(encoder, pool, image, quantizer, true);
        CHECK(result.payload_bytes < larger);
        larger = result.payload_bytes;
        pf_buffer_release(result.buffer);
    }
    encoder->ops->destroy(encoder);
    free_image(image);
    pf_buffer_pool_release(pool);
}

/** What an encoder is told is constant it does not even look at: the stripe's
 * pictures are the same with and without, and the hint saves bytes at most. */
static void constant_blocks_cost_nothing_and_change_nothing(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    pf_image image = make_image(320, 64, noise);
    uint8_t constant[4][20];
    uint32_t bytes[2];
    for (int hinted = 0; hinted < 2; hinted++) {
        pf_encoder *encoder = make_encoder(PF_OUTPUT_H264, 320, 64, false);
        pf_buffer_release(encode(encoder, pool, image, 30, true).buffer);
        memset(constant, 1, sizeof constant);
        memset(constant[1], 0, 4); /* 64 px of the second row */
        pf_timeline timeline = pf_timeline_begin(0);
        pf_encode_request request = {.image = image,
                                     .constant = hinted ? constant[0] : NULL,
                                     .quality = 30,
                                     .timeline = &timeline};
        pf_encode_result result;
        pf_error error = {0};
        CHECK_EQUAL(encoder->ops->encode(encoder, &request, pool, &result, &error), PF_STATUS_OK);
        CHECK(!result.keyframe);
        bytes[hinted] = result.payload_bytes;
        pf_buffer_release(result.buffer);
        encoder->ops->destroy(encoder);
    }
    CHECK(bytes[1] <= bytes[0] && bytes[1] < 64);
    free_image(image);
    pf_buffer_pool_release(pool);
}

static void encoders_say_when_memory_is_refused(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    pf_image image = make_image(640, 64, noise);
    for (uint32_t mode = PF_OUTPUT_JPEG; mode <= PF_OUTPUT_H264; mode++) {
        pf_encoder *encoder = make_encoder(mode, 640, 64, false);
        pf_timeline timeline = pf_timeline_begin(0);
        pf_encode_request request = {
            .image = image, .quality = mode ? 10 : 100, .keyframe = true, .timeline = &timeline};
        pf_encode_result result;
        for (long granted = 0; granted < 2 - (long)mode; granted++) {
            pf_error error = {0};
            pf_fault_after(granted);
            CHECK_EQUAL(encoder->ops->encode(encoder, &request, pool, &result, &error),
                        PF_STATUS_NO_MEMORY);
            CHECK(error.message[0] != '\0');
            pf_fault_after(-1);
        }
        pf_error error = {0};
        CHECK_EQUAL(encoder->ops->encode(encoder, &request, pool, &result, &error), PF_STATUS_OK);
        pf_buffer_release(result.buffer);
        encoder->ops->destroy(encoder);
    }
    free_image(image);
    pf_buffer_pool_release(pool);
}

/** The types of the NAL units in an access unit, in order, as a string. */
static void unit_types(const pf_encode_result *result, char *types) {
    const uint8_t *bytes = result->buffer->bytes + 10;
    for (uint32_t at = 0; at + 3 < result->payload_bytes; at++) {
        if (bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == 1) {
            *types++ = (char)('a' + (bytes[at + 3] & 31));
        }
    }
    *types = '\0';
}

static void every_idr_carries_its_headers_and_p_frames_do_not(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(1 << 20);
    pf_image image = make_image(333, 47, gradient);
    pf_encoder *encoder = make_encoder(PF_OUTPUT_H264, 333, 47, false);
    for (int picture = 0; picture < 8; picture++) {
        bool keyframe = picture % 4 == 0;
        pf_encode_result result = encode(encoder, pool, image, picture % 2 ? 30 : 20, keyframe);
        char types[64];
        unit_types(&result, types);
        CHECK_EQUAL(result.keyframe, keyframe);
        CHECK_EQUAL(result.h264_profile >> 16, 66);
        CHECK_EQUAL(strchr(types, 'a' + 7) != NULL && strchr(types, 'a' + 8) != NULL, keyframe);
        CHECK_EQUAL(strchr(types, 'a' + 5) != NULL, keyframe);
        CHECK_EQUAL(strchr(types, 'a' + 1) != NULL, !keyframe);
        CHECK(strchr(types, 'a' + 9) == NULL);
        pf_buffer_release(result.buffer);
    }
    encoder->ops->destroy(encoder);
    free_image(image);
    pf_buffer_pool_release(pool);
}

static void h264_takes_any_size_in_both_formats(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    const uint32_t sizes[][2] = {{1, 1}, {2, 2}, {15, 17}, {641, 479}};
    for (size_t index = 0; index < 8; index++) {
        uint32_t width = sizes[index / 2][0], height = sizes[index / 2][1];
        pf_image image = make_image(width, height, gradient);
        pf_encoder *encoder = make_encoder(PF_OUTPUT_H264, width, height, index % 2);
        pf_encode_result result = encode(encoder, pool, image, 18, true);
        CHECK_EQUAL(result.h264_profile >> 16, index % 2 ? 244 : 66);
        pf_buffer_release(result.buffer);
        encoder->ops->destroy(encoder);
        free_image(image);
    }
    pf_buffer_pool_release(pool);
}

static double clamp(double value) {
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** BT.601 full range in floating point, as the standard writes it. */
static void reference_yuv(uint32_t pixel, double yuv[3]) {
    double r = pixel >> 16 & 255, g = pixel >> 8 & 255, b = pixel & 255;
    double y = 0.299 * r + 0.587 * g + 0.114 * b;
    yuv[0] = y;
    yuv[1] = clamp((b - y) / 1.772 + 128);
    yuv[2] = clamp((r - y) / 1.402 + 128);
}

static void colours_are_full_range_bt601(void) {
    const uint32_t colours[] = {0x000000, 0xffffff, 0xff0000, 0x00ff00, 0x0000ff,
                                0xffff00, 0x00ffff, 0xff00ff, 0x808080, 0x3a6ea5};
    uint32_t pixels[4 * 4];
    pf_image image = {(const uint8_t *)pixels, 16, 3, 3};
    for (size_t index = 0; index < 2 * sizeof colours / sizeof *colours; index++) {
        uint32_t colour = colours[index / 2];
        for (size_t pixel = 0; pixel < 16; pixel++) {
            pixels[pixel] = colour;
        }
        pf_planes planes;
        CHECK(pf_planes_create(&planes, 3, 3, 2, index % 2));
        pf_planes_convert(&planes, image, 0);
        double expected[3];
        reference_yuv(colour, expected);
        for (int plane = 0; plane < 3; plane++) {
            uint32_t side = plane == 0 || index % 2 ? 4 : 2;
            for (uint32_t at = 0; at < side * side; at++) {
                uint32_t row = at / side, column = at % side;
                int actual =
                    planes.plane[plane][row * (uint32_t)planes.stride_bytes[plane] + column];
                double difference = actual - expected[plane];
                /* libyuv's 4:2:0 works in 7 bits. */
                CHECK(difference < 2.01 && difference > -2.01);
            }
        }
        pf_planes_destroy(&planes);
    }
}

/** More slices than there are numbers for restart markers. */
static void slices_of_a_jpeg_are_one_file(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    for (uint32_t round = 0; round < 2; round++) {
        pf_image image = make_image(150, 16 * 19 + 5, round == 0 ? gradient : noise);
        pf_encode_result results[20];
        pf_jpeg_slice slices[20];
        CHECK_EQUAL(pf_jpeg_slice_rows(150, image.height_px, true, 20), 16);
        for (uint32_t index = 0; index < 20; index++) {
            uint32_t y = index * 16, rows = index < 19 ? 16 : 5;
            pf_encoder *encoder = make_encoder(PF_OUTPUT_JPEG, 150, rows, true);
            results[index] = encode(encoder, pool, pf_image_rows(image, y, rows), 100, true);
            encoder->ops->destroy(encoder);
            slices[index] =
                (pf_jpeg_slice){results[index].buffer->bytes + 10, results[index].payload_bytes};
        }
        pf_encode_result whole = {
            .buffer = pf_buffer_acquire(pool, 10 + pf_jpeg_join_bytes_max(slices, 20))};
        whole.payload_bytes = (uint32_t)pf_jpeg_join(slices, 20, 150, image.height_px, 16, true,
                                                     whole.buffer->bytes + 10);
        CHECK(whole.payload_bytes > 0);
        CHECK(jpeg_difference(&whole, image) <= 8);
        slices[3].size_bytes = 20;
        CHECK_EQUAL(pf_jpeg_join(slices, 20, 150, image.height_px, 16, true, whole.buffer->bytes),
                    0);
        pf_buffer_release(whole.buffer);
        for (uint32_t index = 0; index < 20; index++) {
            pf_buffer_release(results[index].buffer);
        }
        free_image(image);
    }
    pf_buffer_pool_release(pool);
}

static void slices_fit_their_interval(void) {
    for (uint32_t width = 1; width <= 16384; width += 1 + width / 3) {
        for (uint32_t full_color = 0; full_color < 2; full_color++) {
            uint32_t rows = pf_jpeg_slice_rows(width, 16384, full_color, 1);
            uint32_t side = full_color ? 8 : 16;
            CHECK(rows > 0 && rows % 16 == 0);
            CHECK((width + side - 1) / side * (rows / side) <= 65535);
        }
    }
    CHECK_EQUAL(pf_jpeg_slice_rows(1920, 1080, false, 4), 272);
}

const pf_test encode_tests[] = {
    TEST(slices_of_a_jpeg_are_one_file),
    TEST(slices_fit_their_interval),
    TEST(jpeg_shows_the_image),
    TEST(jpeg_quality_sets_the_size),
    TEST(every_quantizer_counts),
    TEST(constant_blocks_cost_nothing_and_change_nothing),
    TEST(encoders_say_when_memory_is_refused),
    TEST(every_idr_carries_its_headers_and_p_frames_do_not),
    TEST(h264_takes_any_size_in_both_formats),
    TEST(colours_are_full_range_bt601),
    TESTS_END,
};
