/* SPDX-License-Identifier: MPL-2.0 */
#include "damage/stripe_state.h"

/* Changes are "in a row" while no more than this lies between them: motion that
 * comes at half or a third of the frame rate is motion still, and typing, at a
 * dozen changes a second, is none. */
#define ROW_GAP_INTERVALS 4u

/** What the first of a row of JPEG changes is encoded with. */
static uint32_t start_quality(const pf_stripe_policy *policy) {
    bool better = policy->refresh && policy->rest_quality > policy->quality;
    return better ? policy->rest_quality : policy->quality;
}

void pf_stripe_state_init(pf_stripe_state *state, const pf_stripe_policy *policy) {
    *state = (pf_stripe_state){.next_quality = start_quality(policy)};
}

bool pf_stripe_in_block(const pf_stripe_state *state, uint64_t now_ns) {
    return state->busy && now_ns < state->busy_until_ns;
}

static bool blindly_busy(const pf_stripe_state *state, const pf_stripe_policy *policy,
                         uint64_t now_ns) {
    return pf_stripe_in_block(state, now_ns) && !policy->partial;
}

bool pf_stripe_needs_hash(const pf_stripe_state *state, const pf_stripe_policy *policy,
                          const pf_stripe_input *input) {
    bool looked_at = input->damaged || input->checked;
    return !state->sent || (looked_at && !blindly_busy(state, policy, input->now_ns));
}

uint64_t pf_stripe_refresh_due_ns(const pf_stripe_state *state, const pf_stripe_policy *policy) {
    if (!state->sent || state->rested || !policy->refresh) {
        return UINT64_MAX;
    }
    return state->changed_ns + policy->rest_after_frames * policy->frame_interval_ns;
}

static bool in_a_row(const pf_stripe_state *state, const pf_stripe_policy *policy,
                     uint64_t now_ns) {
    return state->changes_in_a_row > 0 &&
           now_ns - state->changed_ns <= ROW_GAP_INTERVALS * policy->frame_interval_ns;
}

static void end_row(pf_stripe_state *state, const pf_stripe_policy *policy) {
    state->busy = false;
    state->changes_in_a_row = 0;
    state->next_quality = start_quality(policy);
}

static void begin_block(pf_stripe_state *state, const pf_stripe_policy *policy, uint64_t now_ns) {
    state->busy = true;
    state->busy_until_ns = now_ns + policy->busy_frames * policy->frame_interval_ns;
    state->busy_hash = state->hash;
}

/** The time of a busy block is over: its hash decides. */
static void review_block(pf_stripe_state *state, const pf_stripe_policy *policy, uint64_t now_ns) {
    if (state->hash != state->busy_hash && in_a_row(state, policy, now_ns)) {
        begin_block(state, policy, now_ns);
    } else {
        end_row(state, policy);
    }
}

/** Whether the damage was a change. Keeps the hash up to date. */
static bool look(pf_stripe_state *state, const pf_stripe_policy *policy,
                 const pf_stripe_input *input, uint64_t hash) {
    if (blindly_busy(state, policy, input->now_ns)) {
        state->hash_outdated = state->hash_outdated || input->damaged;
        return input->damaged;
    }
    /* After pictures that were sent unseen the hash says nothing of a stripe
     * that nobody has touched since. */
    bool differs = state->hash_outdated ? input->damaged : state->hash != hash;
    differs |= input->wrong || (input->damaged && pf_stripe_in_block(state, input->now_ns));
    bool changed = !state->sent || differs;
    state->hash = hash;
    state->hash_outdated = false;
    if (state->busy && !pf_stripe_in_block(state, input->now_ns)) {
        review_block(state, policy, input->now_ns);
    }
    return changed;
}

static void count_change(pf_stripe_state *state, const pf_stripe_policy *policy, uint64_t now_ns) {
    state->changes_in_a_row = in_a_row(state, policy, now_ns) ? state->changes_in_a_row + 1 : 1;
    state->changed_ns = now_ns;
    if (!state->busy && policy->busy_after_changes > 0 &&
        state->changes_in_a_row >= policy->busy_after_changes) {
        begin_block(state, policy, now_ns);
    }
}

/** The quality of a change; in JPEG each one lowers that of the next. */
static uint32_t change_quality(pf_stripe_state *state, const pf_stripe_policy *policy) {
    if (!policy->jpeg) {
        return state->busy ? policy->busy_quality : policy->quality;
    }
    uint32_t start = start_quality(policy);
    uint32_t quality = state->next_quality < start ? state->next_quality : start;
    quality = quality > policy->quality ? quality : policy->quality;
    state->next_quality = quality > policy->quality ? quality - 1 : quality;
    return quality;
}

static bool good_enough_for_rest(const pf_stripe_policy *policy, uint32_t quality) {
    return policy->jpeg ? quality >= policy->rest_quality : quality <= policy->rest_quality;
}

static uint32_t worse(const pf_stripe_policy *policy, uint32_t a, uint32_t b) {
    return (a < b) == policy->jpeg ? a : b;
}

static pf_stripe_decision send(pf_stripe_state *state, const pf_stripe_policy *policy,
                               uint32_t quality, bool keyframe) {
    state->sent = true;
    state->sent_quality = quality;
    state->rested = good_enough_for_rest(policy, quality);
    return (pf_stripe_decision){.send = true,
                                .keyframe = keyframe || (policy->jpeg && !policy->partial),
                                .quality = quality,
                                .refined = state->rested};
}

static pf_stripe_decision send_change(pf_stripe_state *state, const pf_stripe_policy *policy,
                                      bool keyframe) {
    uint32_t before = state->sent_quality;
    uint32_t quality = change_quality(state, policy);
    pf_stripe_decision decision = send(state, policy, quality, keyframe);
    if (!decision.keyframe && policy->partial) {
        state->sent_quality = worse(policy, before, quality);
        state->rested = good_enough_for_rest(policy, state->sent_quality);
    }
    return decision;
}

static pf_stripe_decision send_refresh(pf_stripe_state *state, const pf_stripe_policy *policy,
                                       bool keyframe) {
    end_row(state, policy);
    pf_stripe_decision decision =
        send(state, policy, policy->rest_quality, policy->rest_keyframe || keyframe);
    decision.refresh = true;
    return decision;
}

void pf_stripe_note_copy(pf_stripe_state *state, const pf_stripe_policy *policy, uint64_t now_ns) {
    state->changed_ns = now_ns;
    state->sent_quality = policy->quality;
    state->rested = good_enough_for_rest(policy, policy->quality);
}

void pf_stripe_state_adopt(pf_stripe_state *state, const pf_stripe_policy *policy) {
    state->rested = good_enough_for_rest(policy, state->sent_quality);
    uint32_t start = start_quality(policy);
    state->next_quality = state->changes_in_a_row == 0 ? start : state->next_quality;
}

pf_stripe_decision pf_stripe_decide(pf_stripe_state *state, const pf_stripe_policy *policy,
                                    const pf_stripe_input *input, uint64_t hash) {
    bool first = !state->sent;
    bool looked_at = first || input->damaged || input->checked;
    if (looked_at && look(state, policy, input, hash)) {
        count_change(state, policy, input->now_ns);
        pf_stripe_decision decision = send_change(state, policy, first || input->keyframe);
        decision.untold = !first && !input->damaged;
        return decision;
    }
    bool due = input->now_ns >= pf_stripe_refresh_due_ns(state, policy);
    if (due) {
        return send_refresh(state, policy, input->keyframe);
    }
    if (input->keyframe) {
        return send(state, policy, state->sent_quality, true);
    }
    return (pf_stripe_decision){.unchanged = input->damaged};
}
