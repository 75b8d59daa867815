/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The stripe state machine against a model that is slow and obvious: it keeps
 * the time of every change and every picture, and works each answer out from
 * those lists. Pixels are small numbers here, and a hash is the number itself.
 */
#include <string.h>

#include "damage/stripe_state.h"
#include "test.h"

#define STEP_COUNT 1000000
#define LIST_MAX 2000
#define INTERVAL_NS 1000u

typedef struct model {
    /** Changes so far; those before `row_begin` belong to a row that is over. */
    uint64_t changes_ns[LIST_MAX];
    size_t change_count;
    size_t row_begin;
    /** Qualities of the last picture of all of the stripe, or the refresh, and of
     * the partial ones since. */
    uint32_t pictures[LIST_MAX];
    size_t picture_count;
    /** What was last looked at; a picture sent unseen makes it worthless. */
    uint64_t seen_pixels;
    bool seen;
    bool block_on;
    uint64_t block_end_ns;
    uint64_t block_pixels;
} model;

static bool close_in_time(uint64_t before_ns, uint64_t after_ns) {
    return after_ns - before_ns <= 4 * INTERVAL_NS;
}

/** Changes in a row that end at now_ns, without a change at now_ns itself. */
static uint32_t row_length(const model *self, uint64_t now_ns) {
    uint32_t length = 0;
    uint64_t later_ns = now_ns;
    for (size_t index = self->change_count; index > self->row_begin; index--) {
        if (!close_in_time(self->changes_ns[index - 1], later_ns)) {
            break;
        }
        later_ns = self->changes_ns[index - 1];
        length++;
    }
    return length;
}

static uint32_t best_quality(const pf_stripe_policy *policy) {
    bool better = policy->refresh && policy->rest_quality > policy->quality;
    return better ? policy->rest_quality : policy->quality;
}

/** One less for each change since the row began, and no less than `quality`. */
static uint32_t quality_of_change(const model *self, const pf_stripe_policy *policy) {
    if (!policy->jpeg) {
        return self->block_on ? policy->busy_quality : policy->quality;
    }
    size_t changes_before = self->change_count - 1 - self->row_begin;
    uint32_t best = best_quality(policy);
    return best > policy->quality + changes_before ? best - (uint32_t)changes_before
                                                   : policy->quality;
}

/** Of the pictures that are on show side by side. */
static uint32_t worst_quality(const model *self, const pf_stripe_policy *policy) {
    uint32_t worst = self->pictures[0];
    for (size_t index = 1; index < self->picture_count; index++) {
        uint32_t quality = self->pictures[index];
        worst = (policy->jpeg ? quality < worst : quality > worst) ? quality : worst;
    }
    return worst;
}

static bool needs_refresh(const model *self, const pf_stripe_policy *policy) {
    if (!policy->refresh || self->change_count == 0) {
        return false;
    }
    uint32_t worst = worst_quality(self, policy);
    return policy->jpeg ? worst < policy->rest_quality : worst > policy->rest_quality;
}

static uint64_t refresh_ns(const model *self, const pf_stripe_policy *policy) {
    if (!needs_refresh(self, policy)) {
        return UINT64_MAX;
    }
    return self->changes_ns[self->change_count - 1] + policy->rest_after_frames * INTERVAL_NS;
}

static void begin_block(model *self, const pf_stripe_policy *policy, uint64_t now_ns,
                        uint64_t pixels) {
    self->block_on = true;
    self->block_end_ns = now_ns + policy->busy_frames * INTERVAL_NS;
    self->block_pixels = pixels;
}

static void end_row(model *self) {
    self->block_on = false;
    self->row_begin = self->change_count;
}

static bool sees_change(model *self, const pf_stripe_policy *policy, const pf_stripe_input *input,
                        uint64_t pixels) {
    bool in_block = self->block_on && input->now_ns < self->block_end_ns;
    if (in_block && !policy->partial) {
        self->seen = self->seen && !input->damaged;
        return input->damaged;
    }
    bool first = self->change_count == 0;
    bool changed = first || (self->seen ? self->seen_pixels != pixels : input->damaged) ||
                   (in_block && input->damaged) || input->wrong;
    self->seen = true;
    self->seen_pixels = pixels;
    if (self->block_on && !in_block) {
        if (pixels != self->block_pixels && row_length(self, input->now_ns) > 0) {
            begin_block(self, policy, input->now_ns, pixels);
        } else {
            end_row(self);
        }
    }
    return changed;
}

static void note_change(model *self, const pf_stripe_policy *policy, uint64_t now_ns,
                        uint64_t pixels) {
    uint32_t row = row_length(self, now_ns) + 1;
    self->changes_ns[self->change_count++] = now_ns;
    if (!self->block_on && policy->busy_after_changes > 0 && row >= policy->busy_after_changes) {
        begin_block(self, policy, now_ns, pixels);
    }
}

static pf_stripe_decision send(model *self, const pf_stripe_policy *policy, uint32_t quality,
                               bool keyframe, bool refresh) {
    bool complete = keyframe || (policy->jpeg && !policy->partial);
    bool alone = complete || refresh || !policy->partial;
    self->picture_count = alone ? 0 : self->picture_count;
    self->pictures[self->picture_count++] = quality;
    return (pf_stripe_decision){
        .send = true, .keyframe = complete, .refresh = refresh, .quality = quality};
}

static pf_stripe_decision answer(model *self, const pf_stripe_policy *policy,
                                 const pf_stripe_input *input, uint64_t pixels) {
    bool first = self->change_count == 0;
    bool look = first || input->damaged || input->checked;
    if (look && sees_change(self, policy, input, pixels)) {
        note_change(self, policy, input->now_ns, pixels);
        pf_stripe_decision decision =
            send(self, policy, quality_of_change(self, policy), first || input->keyframe, false);
        decision.untold = !first && !input->damaged;
        return decision;
    }
    if (input->now_ns >= refresh_ns(self, policy)) {
        end_row(self);
        return send(self, policy, policy->rest_quality, policy->rest_keyframe || input->keyframe,
                    true);
    }
    if (input->keyframe) {
        return send(self, policy, worst_quality(self, policy), true, false);
    }
    return (pf_stripe_decision){.unchanged = input->damaged};
}

static pf_stripe_policy random_policy(void) {
    bool jpeg = pf_random_below(2);
    uint32_t quality = 20 + pf_random_below(20);
    return (pf_stripe_policy){.jpeg = jpeg,
                              .quality = quality,
                              .busy_quality = quality + 3,
                              .refresh = pf_random_below(4) > 0,
                              .rest_quality = jpeg ? quality + pf_random_below(8)
                                                   : quality - 1 - pf_random_below(9),
                              .rest_keyframe = !jpeg && pf_random_below(2),
                              .partial = jpeg && pf_random_below(2),
                              .frame_interval_ns = INTERVAL_NS,
                              .rest_after_frames = 1 + pf_random_below(20),
                              .busy_after_changes = pf_random_below(6),
                              .busy_frames = 1 + pf_random_below(10)};
}

static void check_step(pf_stripe_state *state, model *self, const pf_stripe_policy *policy,
                       const pf_stripe_input *input, uint64_t pixels) {
    CHECK(pf_stripe_refresh_due_ns(state, policy) == refresh_ns(self, policy));
    /* A hash that was not asked for must not matter. */
    uint64_t hash = pf_stripe_needs_hash(state, policy, input) ? pixels : 99;
    pf_stripe_decision actual = pf_stripe_decide(state, policy, input, hash);
    pf_stripe_decision expected = answer(self, policy, input, pixels);
    CHECK_EQUAL(actual.send, expected.send);
    CHECK_EQUAL(actual.keyframe, expected.keyframe);
    CHECK_EQUAL(actual.refresh, expected.refresh);
    CHECK_EQUAL(actual.quality, expected.quality);
    CHECK_EQUAL(actual.unchanged, expected.unchanged);
    CHECK_EQUAL(actual.untold, expected.untold);
}

static void the_state_machine_does_what_the_model_says(void) {
    static model model;
    int done = 0;
    while (done < STEP_COUNT) {
        pf_stripe_policy policy = random_policy();
        pf_stripe_state state;
        pf_stripe_state_init(&state, &policy);
        memset(&model, 0, sizeof model);
        uint64_t now_ns = pf_random_below(100000), pixels = 0;
        uint32_t calm = pf_random_below(10);
        for (int step = 0; step < LIST_MAX - 1; step++, done++) {
            bool pause = pf_random_below(40) == 0;
            now_ns += pause ? pf_random_below(40000) : 500 + pf_random_below(1000);
            pixels = pf_random_below(10) < calm ? pixels : pf_random_below(4);
            pf_stripe_input input = {.now_ns = now_ns,
                                     .damaged = pf_random_below(10) < 7,
                                     .checked = pf_random_below(10) == 0,
                                     .keyframe = pf_random_below(20) == 0,
                                     .wrong = policy.partial && pf_random_below(20) == 0};
            check_step(&state, &model, &policy, &input, pixels);
        }
    }
}

const pf_test stripe_model_tests[] = {
    TEST(the_state_machine_does_what_the_model_says),
    TESTS_END,
};
