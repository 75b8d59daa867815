/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/outbox.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"

#define NS_PER_MS 1000000ull

void pf_outbox_init(pf_outbox *outbox, pf_wake *wake, uint32_t frames_max) {
    *outbox = (pf_outbox){.wake = wake, .frames_max = frames_max};
    pthread_mutex_init(&outbox->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static pf_buffer *pop(pf_outbox *outbox) {
    pf_buffer *buffer = outbox->head;
    outbox->head = buffer->next;
    outbox->stripe_count--;
    if (outbox->head == NULL) {
        outbox->tail = NULL;
        outbox->frame_count = 0;
    } else if (outbox->head->stripe.frame_id != buffer->stripe.frame_id) {
        outbox->frame_count--;
    }
    return buffer;
}

static void discard_all(pf_outbox *outbox) {
    while (outbox->head != NULL) {
        pf_buffer_release(pop(outbox));
    }
}

void pf_outbox_deinit(pf_outbox *outbox) {
    discard_all(outbox);
    pthread_cond_destroy(&outbox->changed);
    pthread_mutex_destroy(&outbox->lock);
}

static void tell(pf_outbox *outbox) {
    outbox->news = true;
    if (!outbox->told) {
        pthread_cond_broadcast(&outbox->changed);
    }
}

static void append(pf_outbox *outbox, pf_buffer *buffer) {
    buffer->frame_width = outbox->state.width;
    buffer->frame_height = outbox->state.height;
    buffer->resize_count = outbox->state.resize_count;
    buffer->next = NULL;
    if (outbox->tail == NULL) {
        outbox->head = buffer;
        outbox->frame_count = 1;
    } else {
        outbox->tail->next = buffer;
        outbox->frame_count += outbox->tail->stripe.frame_id != buffer->stripe.frame_id;
    }
    outbox->tail = buffer;
    outbox->stripe_count++;
    outbox->stripes_pushed++;
    outbox->bytes_pushed += buffer->stripe.size_bytes;
    outbox->keyframes_pushed += buffer->stripe.keyframe;
    outbox->copies_pushed += buffer->stripe.type == PF_STRIPE_COPY;
}

void pf_outbox_push(pf_outbox *outbox, pf_buffer *buffer) {
    pthread_mutex_lock(&outbox->lock);
    if (outbox->closed) {
        pf_buffer_release(buffer);
    } else {
        append(outbox, buffer);
        outbox->state.phase = PF_PHASE_RUNNING;
        outbox->state.error = PF_STATUS_OK;
        tell(outbox);
    }
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_end_frame(pf_outbox *outbox, uint32_t frame_id) {
    pthread_mutex_lock(&outbox->lock);
    outbox->state.ended_count = frame_id + 1;
    if (outbox->stripes_pushed != outbox->stripes_told_ended) {
        outbox->stripes_told_ended = outbox->stripes_pushed;
        tell(outbox);
    }
    pthread_mutex_unlock(&outbox->lock);
}

bool pf_outbox_has_room(pf_outbox *outbox) {
    pthread_mutex_lock(&outbox->lock);
    bool room = outbox->frame_count < outbox->frames_max;
    outbox->held_back_count += !room && !outbox->held_back;
    outbox->held_back = !room;
    pthread_mutex_unlock(&outbox->lock);
    return room;
}

void pf_outbox_set_size(pf_outbox *outbox, uint32_t width, uint32_t height) {
    pthread_mutex_lock(&outbox->lock);
    bool differs = outbox->state.width != width || outbox->state.height != height;
    outbox->state.resize_count += outbox->state.phase == PF_PHASE_RUNNING ||
                                  (outbox->state.phase == PF_PHASE_RECONNECTING && differs);
    outbox->state.width = width;
    outbox->state.height = height;
    tell(outbox);
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_lose_source(pf_outbox *outbox, const pf_error *loss) {
    pthread_mutex_lock(&outbox->lock);
    outbox->error = *loss;
    outbox->state.phase = PF_PHASE_RECONNECTING;
    outbox->state.error = loss->status;
    tell(outbox);
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_tell_screenshot(pf_outbox *outbox) {
    pthread_mutex_lock(&outbox->lock);
    outbox->screenshot_untold = true;
    pthread_cond_broadcast(&outbox->changed);
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_tell_cursor(pf_outbox *outbox) {
    pthread_mutex_lock(&outbox->lock);
    outbox->cursor_news = true;
    if (!outbox->cursor_told) {
        pthread_cond_broadcast(&outbox->changed);
    }
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_tell_changes(pf_outbox *outbox) {
    pthread_mutex_lock(&outbox->lock);
    outbox->changes_untold = true;
    if (!outbox->changes_told) {
        pthread_cond_broadcast(&outbox->changed);
    }
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_take_cursor_news(pf_outbox *outbox) {
    pthread_mutex_lock(&outbox->lock);
    outbox->cursor_news = false;
    outbox->cursor_told = false;
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_note_changes_read(pf_outbox *outbox) {
    pthread_mutex_lock(&outbox->lock);
    outbox->changes_told = false;
    if (outbox->changes_untold) {
        pthread_cond_broadcast(&outbox->changed);
    }
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_close(pf_outbox *outbox) {
    pthread_mutex_lock(&outbox->lock);
    outbox->closed = true;
    discard_all(outbox);
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_end(pf_outbox *outbox, const pf_error *failure) {
    pthread_mutex_lock(&outbox->lock);
    if (failure->status < 0 && !outbox->closed) {
        outbox->error = *failure;
        outbox->state.phase = PF_PHASE_FAILED;
        outbox->state.error = failure->status;
    } else {
        outbox->state.phase = PF_PHASE_STOPPED;
        outbox->state.error = PF_STATUS_OK;
    }
    pthread_cond_broadcast(&outbox->changed);
    pthread_mutex_unlock(&outbox->lock);
}

static bool ended(const pf_outbox *outbox) {
    return outbox->state.phase == PF_PHASE_STOPPED || outbox->state.phase == PF_PHASE_FAILED;
}

static bool stripes_untold(const pf_outbox *outbox) {
    return outbox->news && !outbox->told;
}

static bool changes_untold(const pf_outbox *outbox) {
    return outbox->changes_untold && !outbox->changes_told;
}

static bool untold(const pf_outbox *outbox) {
    return outbox->screenshot_untold || (outbox->cursor_news && !outbox->cursor_told) ||
           changes_untold(outbox) || stripes_untold(outbox);
}

/** The reader knows of everything from now on. */
static void note_told(pf_outbox *outbox) {
    outbox->screenshot_untold = false;
    outbox->cursor_told = outbox->cursor_news;
    if (changes_untold(outbox)) {
        outbox->changes_untold = false;
        outbox->changes_told = true;
    }
    if (stripes_untold(outbox)) {
        outbox->told = true;
        outbox->told_ns = pf_clock_now_ns();
    }
}

pf_status pf_outbox_wait(pf_outbox *outbox, uint32_t timeout_ms) {
    struct timespec deadline = pf_clock_timespec(pf_clock_now_ns() + timeout_ms * NS_PER_MS);
    int failure = 0;
    pthread_mutex_lock(&outbox->lock);
    while (!untold(outbox) && !ended(outbox) && failure != ETIMEDOUT) {
        failure = pthread_cond_timedwait(&outbox->changed, &outbox->lock, &deadline);
    }
    pf_status status = PF_STATUS_TIMEOUT;
    if (ended(outbox)) {
        status = PF_STATUS_ENDED;
    } else if (untold(outbox)) {
        note_told(outbox);
        status = PF_STATUS_OK;
    }
    pthread_mutex_unlock(&outbox->lock);
    return status;
}

static void tell_size_of(const pf_buffer *buffer, pf_state *state) {
    state->width = buffer->frame_width;
    state->height = buffer->frame_height;
    state->resize_count = buffer->resize_count;
}

/** Closes the books on a stripe that is being drained. */
static void count_stages(pf_outbox *outbox, bool told, pf_buffer *buffer, uint64_t now_ns) {
    pf_timeline *timeline = &buffer->timeline;
    pf_timeline_mark(timeline, PF_STAGE_QUEUE, told ? outbox->told_ns : now_ns);
    pf_timeline_mark(timeline, PF_STAGE_POLL, now_ns);
    buffer->stripe.latency_ns = timeline->last_ns - timeline->begin_ns;
    for (uint32_t stage = 0; stage < PF_STAGE_COUNT; stage++) {
        pf_time_counts_add(&outbox->stages[stage], timeline->stage_ns[stage]);
    }
}

/** Moves stripes of one size out. The state's size is theirs: a reader that is
 * told of another has seen all of the one before. */
static uint32_t pop_all(pf_outbox *outbox, bool told, pf_stripe *stripes, uint32_t capacity,
                        pf_state *state) {
    uint32_t count = 0;
    uint64_t now_ns = pf_clock_now_ns();
    if (outbox->head != NULL) {
        tell_size_of(outbox->head, state);
    }
    while (count < capacity && outbox->head != NULL &&
           outbox->head->resize_count == state->resize_count) {
        pf_buffer *buffer = pop(outbox);
        count_stages(outbox, told, buffer, now_ns);
        pf_buffer_lend(buffer);
        stripes[count++] = buffer->stripe;
    }
    return count;
}

uint32_t pf_outbox_drain(pf_outbox *outbox, pf_stripe *stripes, uint32_t capacity,
                         pf_state *state) {
    uint32_t size_bytes = state->size_bytes;
    pthread_mutex_lock(&outbox->lock);
    bool told = outbox->told;
    outbox->news = false;
    outbox->told = false;
    *state = outbox->state;
    state->size_bytes = size_bytes;
    uint32_t count = pop_all(outbox, told, stripes, capacity, state);
    state->queued_count = outbox->stripe_count;
    bool kick = outbox->held_back && outbox->frame_count < outbox->frames_max;
    if (kick) {
        outbox->held_back = false;
        pf_wake_kick(outbox->wake);
    }
    pthread_mutex_unlock(&outbox->lock);
    return count;
}

void pf_outbox_message(pf_outbox *outbox, char *text, uint32_t capacity_bytes) {
    pthread_mutex_lock(&outbox->lock);
    snprintf(text, capacity_bytes, "%s", outbox->error.message);
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_stats(pf_outbox *outbox, pf_stats *stats) {
    pthread_mutex_lock(&outbox->lock);
    stats->stripes = outbox->stripes_pushed;
    stats->bytes = outbox->bytes_pushed;
    stats->keyframes = outbox->keyframes_pushed;
    stats->held_back = outbox->held_back_count;
    stats->copies = outbox->copies_pushed;
    pthread_mutex_unlock(&outbox->lock);
}

void pf_outbox_histogram(pf_outbox *outbox, uint32_t stage, pf_histogram *histogram) {
    pthread_mutex_lock(&outbox->lock);
    pf_time_counts_read(&outbox->stages[stage], histogram);
    pthread_mutex_unlock(&outbox->lock);
}
