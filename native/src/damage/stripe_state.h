/* SPDX-License-Identifier: MPL-2.0 */
/**
 * What becomes of one stripe in one frame: nothing, a picture of its change, a
 * keyframe, or the refresh at rest (paint-over). Pure: values in, values out,
 * no clock; times are CLOCK_MONOTONIC nanoseconds that the caller passes in.
 */
#ifndef PF_DAMAGE_STRIPE_STATE_H
#define PF_DAMAGE_STRIPE_STATE_H

#include <stdbool.h>
#include <stdint.h>

/** The part of the settings that decides; the same for all stripes. */
typedef struct pf_stripe_policy {
    bool jpeg;
    /** Quality of a change: JPEG quality (higher is better) or the quantiser of
     * H.264 (lower is better). */
    uint32_t quality;
    /** H.264: quality of a change while the stripe is busy. The eye forgives
     * in motion what it would see at rest. */
    uint32_t busy_quality;
    /** Stripes that have come to rest are refreshed at rest_quality. */
    bool refresh;
    uint32_t rest_quality;
    /** The refresh is an IDR rather than a P-frame; H.264 only. */
    bool rest_keyframe;
    /** Pictures of changes show only what has changed, which takes a look at what
     * damage does not tell of also while the stripe is busy; else they show all of
     * the stripe. JPEG only. */
    bool partial;
    uint64_t frame_interval_ns;
    uint32_t rest_after_frames;
    /** 0: a stripe is never busy. */
    uint32_t busy_after_changes;
    uint32_t busy_frames;
} pf_stripe_policy;

typedef struct pf_stripe_state {
    /** Of the pixels that were sent last; valid once `sent`. */
    uint64_t hash;
    bool sent;
    /** The hash above is not that of the picture sent last: it was sent
     * without a look. */
    bool hash_outdated;
    /** What the last picture was encoded with; with partial pictures the worst
     * of those since the last one of all of the stripe, or refresh. */
    uint32_t sent_quality;
    /** JPEG: what the next change will be encoded with. */
    uint32_t next_quality;
    uint64_t changed_ns;
    /** The refresh of this rest has been sent, or is not needed. */
    bool rested;
    uint32_t changes_in_a_row;
    bool busy;
    uint64_t busy_until_ns;
    /** Of the pixels with which the busy block began. */
    uint64_t busy_hash;
} pf_stripe_state;

/** What is known of the stripe in this frame. */
typedef struct pf_stripe_input {
    uint64_t now_ns;
    /** Its pixels may have changed. */
    bool damaged;
    /** They should not have, but are looked at all the same. */
    bool checked;
    /** It has to be sent, complete. */
    bool keyframe;
    /** The reader's picture is wrong, whatever the hash says. */
    bool wrong;
} pf_stripe_input;

typedef struct pf_stripe_decision {
    bool send;
    /** Complete: of all of the stripe, and no difference to a picture before. */
    bool keyframe;
    /** The refresh at rest: it shows whatever was sent worse than that. */
    bool refresh;
    /** JPEG quality or quantiser. */
    uint32_t quality;
    /** That is good enough for rest: what it shows needs no refresh. */
    bool refined;
    /** The damage was none: the hash says that nothing changed. */
    bool unchanged;
    /** There was a change that no damage had told of. */
    bool untold;
} pf_stripe_decision;

/** A stripe that has never been sent. */
void pf_stripe_state_init(pf_stripe_state *state, const pf_stripe_policy *policy);

/** Takes over another policy: a stripe at rest whose picture is not as good as
 * the new one wants is refreshed again. */
void pf_stripe_state_adopt(pf_stripe_state *state, const pf_stripe_policy *policy);

/** Pixels of unknown quality were moved into the stripe. */
void pf_stripe_note_copy(pf_stripe_state *state, const pf_stripe_policy *policy, uint64_t now_ns);

/** Whether the stripe is busy and its block is not over: damage is believed. */
bool pf_stripe_in_block(const pf_stripe_state *state, uint64_t now_ns);

/** Whether pf_stripe_decide wants the hash of the stripe's pixels. */
bool pf_stripe_needs_hash(const pf_stripe_state *state, const pf_stripe_policy *policy,
                          const pf_stripe_input *input);

/** Decides, and counts the decision as carried out. `hash` is looked at only
 * where pf_stripe_needs_hash said so. */
pf_stripe_decision pf_stripe_decide(pf_stripe_state *state, const pf_stripe_policy *policy,
                                    const pf_stripe_input *input, uint64_t hash);

/** When the stripe's refresh is due; UINT64_MAX where none is. */
uint64_t pf_stripe_refresh_due_ns(const pf_stripe_state *state, const pf_stripe_policy *policy);

#endif
