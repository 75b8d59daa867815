/* SPDX-License-Identifier: MPL-2.0 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "damage/hash.h"
#include "damage/layout.h"
#include "damage/stripe_state.h"
#include "test.h"

#define INTERVAL_NS 16000000ull

static void check_plan(uint32_t height_px, pf_layout_kind kind, uint32_t wanted_rows) {
    pf_layout_plan plan = pf_layout_make(height_px, kind, wanted_rows);
    uint32_t next_y = 0;
    for (uint32_t stripe = 0; stripe < plan.stripe_count; stripe++) {
        uint32_t rows = pf_layout_stripe_rows(&plan, stripe);
        CHECK_EQUAL(pf_layout_stripe_y(&plan, stripe), next_y);
        CHECK(rows > 0);
        CHECK(stripe + 1 == plan.stripe_count || rows % 16 == 0);
        pf_band_range bands = pf_layout_stripe_bands(&plan, stripe);
        CHECK_EQUAL(bands.first * 16, next_y);
        CHECK_EQUAL(bands.end, (next_y + rows + 15) / 16);
        next_y += rows;
    }
    CHECK_EQUAL(next_y, height_px);
    CHECK(kind != PF_LAYOUT_FULL_FRAME || plan.stripe_count == 1);
    CHECK(kind != PF_LAYOUT_H264 || wanted_rows != 0 || plan.stripe_count <= 8);
}

static void stripes_cover_every_row_once(void) {
    for (uint32_t height = 1; height <= 2200; height++) {
        for (uint32_t rows = 0; rows <= 1024; rows += 16 * (1 + height % 7)) {
            check_plan(height, PF_LAYOUT_JPEG, rows);
            check_plan(height, PF_LAYOUT_H264, rows);
        }
        check_plan(height, PF_LAYOUT_FULL_FRAME, 64);
    }
    check_plan(16384, PF_LAYOUT_JPEG, 16);
    check_plan(16384, PF_LAYOUT_H264, 0);
}

static void the_hash_is_xxh3_on_every_cpu(void) {
    enum { width = 150, height = 13, tile = 64 };
    uint32_t pixels[height][width];
    for (uint32_t index = 0; index < width * height; index++) {
        pixels[index / width][index % width] = index * 2654435761u;
    }
    pf_image image = {(const uint8_t *)pixels, sizeof pixels[0], width, height};
    uint64_t hashes[3];
    pf_hash_tiles(image, tile, hashes);
    for (uint32_t column = 0; column < 3; column++) {
        uint64_t rows[height];
        size_t row_bytes = column < 2 ? tile * 4 : (width - 2 * tile) * 4;
        for (uint32_t y = 0; y < height; y++) {
            rows[y] = XXH3_64bits(&pixels[y][column * tile], row_bytes);
        }
        CHECK(hashes[column] == XXH3_64bits(rows, sizeof rows));
    }
}

static pf_stripe_policy jpeg_policy(void) {
    return (pf_stripe_policy){.jpeg = true,
                              .quality = 75,
                              .refresh = true,
                              .rest_quality = 90,
                              .frame_interval_ns = INTERVAL_NS,
                              .rest_after_frames = 15};
}

static pf_stripe_policy h264_policy(void) {
    return (pf_stripe_policy){.quality = 25,
                              .refresh = true,
                              .rest_quality = 18,
                              .rest_keyframe = true,
                              .frame_interval_ns = INTERVAL_NS,
                              .rest_after_frames = 15};
}

static pf_stripe_decision step(pf_stripe_state *state, const pf_stripe_policy *policy,
                               uint64_t frame, bool damaged, bool keyframe, uint64_t hash) {
    pf_stripe_input input = {
        .now_ns = frame * INTERVAL_NS, .damaged = damaged, .keyframe = keyframe};
    return pf_stripe_decide(state, policy, &input, hash);
}

static void only_a_new_hash_is_a_change(void) {
    pf_stripe_policy policy = h264_policy();
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    pf_stripe_decision decision = step(&state, &policy, 0, true, false, 1);
    CHECK(decision.send && decision.keyframe && decision.quality == 25);
    decision = step(&state, &policy, 1, true, false, 1);
    CHECK(!decision.send && decision.unchanged);
    decision = step(&state, &policy, 2, true, false, 2);
    CHECK(decision.send && !decision.keyframe && decision.quality == 25);
    decision = step(&state, &policy, 3, false, false, 0);
    CHECK(!decision.send && !decision.unchanged);
}

static void a_stripe_at_rest_is_refreshed_once(void) {
    pf_stripe_policy policy = h264_policy();
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    CHECK(pf_stripe_refresh_due_ns(&state, &policy) == UINT64_MAX);
    step(&state, &policy, 0, true, false, 1);
    CHECK(pf_stripe_refresh_due_ns(&state, &policy) == 15 * INTERVAL_NS);
    CHECK(!step(&state, &policy, 14, false, false, 0).send);
    pf_stripe_decision decision = step(&state, &policy, 15, false, false, 0);
    CHECK(decision.send && decision.keyframe && decision.quality == 18);
    CHECK(pf_stripe_refresh_due_ns(&state, &policy) == UINT64_MAX);
    CHECK(!step(&state, &policy, 100, false, false, 0).send);
    CHECK(!step(&state, &policy, 101, true, false, 1).send);
    CHECK(step(&state, &policy, 102, true, false, 2).quality == 25);
    CHECK(pf_stripe_refresh_due_ns(&state, &policy) == 117 * INTERVAL_NS);
}

static void a_refresh_may_be_a_difference_or_none(void) {
    pf_stripe_policy policy = h264_policy();
    policy.rest_keyframe = false;
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    step(&state, &policy, 0, true, false, 1);
    pf_stripe_decision decision = step(&state, &policy, 15, false, false, 0);
    CHECK(decision.send && !decision.keyframe && decision.quality == 18);
    policy.refresh = false;
    pf_stripe_state_init(&state, &policy);
    step(&state, &policy, 0, true, false, 1);
    CHECK(pf_stripe_refresh_due_ns(&state, &policy) == UINT64_MAX);
    CHECK(!step(&state, &policy, 1000, false, false, 0).send);
}

static void jpeg_quality_falls_with_each_change_and_returns_at_rest(void) {
    pf_stripe_policy policy = jpeg_policy();
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    for (uint64_t frame = 0; frame < 30; frame++) {
        uint32_t expected = frame < 15 ? 90 - (uint32_t)frame : 75;
        CHECK_EQUAL(step(&state, &policy, frame, true, false, frame).quality, expected);
    }
    CHECK(!step(&state, &policy, 43, false, false, 0).send);
    CHECK_EQUAL(step(&state, &policy, 44, false, false, 0).quality, 90);
    CHECK_EQUAL(step(&state, &policy, 50, true, false, 99).quality, 90);
}

static void a_picture_as_good_as_the_refresh_is_not_sent_twice(void) {
    pf_stripe_policy policy = jpeg_policy();
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    CHECK_EQUAL(step(&state, &policy, 0, true, false, 1).quality, 90);
    CHECK(pf_stripe_refresh_due_ns(&state, &policy) == UINT64_MAX);
}

static void a_keyframe_is_sent_as_good_as_the_last_picture(void) {
    pf_stripe_policy policy = h264_policy();
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    step(&state, &policy, 0, true, false, 1);
    pf_stripe_decision decision = step(&state, &policy, 1, false, true, 0);
    CHECK(decision.send && decision.keyframe && decision.quality == 25);
    step(&state, &policy, 15, false, false, 0);
    decision = step(&state, &policy, 16, false, true, 0);
    CHECK(decision.send && decision.keyframe && decision.quality == 18);
    decision = step(&state, &policy, 17, true, true, 2);
    CHECK(decision.send && decision.keyframe && decision.quality == 25);
}

static bool wants_hash(const pf_stripe_state *state, const pf_stripe_policy *policy,
                       uint64_t frame) {
    pf_stripe_input input = {.now_ns = frame * INTERVAL_NS, .damaged = true};
    return pf_stripe_needs_hash(state, policy, &input);
}

static void a_busy_stripe_is_sent_without_a_hash_until_its_block_ends(void) {
    pf_stripe_policy policy = jpeg_policy();
    policy.busy_after_changes = 3;
    policy.busy_frames = 5;
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    for (uint64_t frame = 0; frame < 3; frame++) {
        CHECK(wants_hash(&state, &policy, frame));
        CHECK(step(&state, &policy, frame, true, false, 10 + frame).send);
    }
    for (uint64_t frame = 3; frame < 7; frame++) {
        CHECK(!wants_hash(&state, &policy, frame));
        CHECK(step(&state, &policy, frame, true, false, 0).send);
    }
    /* The time is over, the pixels have changed: another block. */
    CHECK(wants_hash(&state, &policy, 7));
    CHECK(step(&state, &policy, 7, true, false, 77).send);
    CHECK(!wants_hash(&state, &policy, 8));
    CHECK(step(&state, &policy, 8, true, false, 0).send);
    /* The pixels are those of the block's beginning: it ends, and the picture
     * that was sent without a look is made good. */
    CHECK(wants_hash(&state, &policy, 12));
    CHECK(step(&state, &policy, 12, true, false, 77).send);
    CHECK(wants_hash(&state, &policy, 13));
    CHECK(!step(&state, &policy, 13, true, false, 77).send);
}

static void slow_changes_are_not_in_a_row(void) {
    pf_stripe_policy policy = h264_policy();
    policy.busy_after_changes = 3;
    policy.busy_frames = 5;
    pf_stripe_state state;
    pf_stripe_state_init(&state, &policy);
    for (uint64_t frame = 0; frame < 100; frame += 6) {
        CHECK(wants_hash(&state, &policy, frame));
        CHECK(step(&state, &policy, frame, true, false, frame).send);
    }
}

const pf_test damage_tests[] = {
    TEST(stripes_cover_every_row_once),
    TEST(the_hash_is_xxh3_on_every_cpu),
    TEST(only_a_new_hash_is_a_change),
    TEST(a_stripe_at_rest_is_refreshed_once),
    TEST(a_refresh_may_be_a_difference_or_none),
    TEST(jpeg_quality_falls_with_each_change_and_returns_at_rest),
    TEST(a_picture_as_good_as_the_refresh_is_not_sent_twice),
    TEST(a_keyframe_is_sent_as_good_as_the_last_picture),
    TEST(a_busy_stripe_is_sent_without_a_hash_until_its_block_ends),
    TEST(slow_changes_are_not_in_a_row),
    TESTS_END,
};
