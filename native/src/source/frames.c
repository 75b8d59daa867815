/* SPDX-License-Identifier: MPL-2.0 */
#include "source/frames.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define NS_PER_MS (PF_NS_PER_S / 1000)

static atomic_uint existing_count;

static size_t picture_bytes(uint32_t width_px, uint32_t height_px) {
    return (size_t)width_px * height_px * PF_BYTES_PER_PIXEL;
}

/** With one user, and pixels of any colour; NULL without memory. */
static pf_picture *make_picture(uint32_t width_px, uint32_t height_px) {
    pf_picture *picture = pf_alloc(1, sizeof *picture);
    if (picture == NULL) {
        return NULL;
    }
    *picture = (pf_picture){.user_count = 1,
                            .width_px = width_px,
                            .height_px = height_px,
                            .pixels = pf_alloc_aligned(picture_bytes(width_px, height_px))};
    if (picture->pixels == NULL) {
        pf_free(picture);
        return NULL;
    }
    return picture;
}

static void free_picture(pf_picture *picture) {
    if (picture != NULL) {
        pf_free(picture->pixels);
        pf_free(picture);
    }
}

static bool has_size(const pf_picture *picture, uint32_t width_px, uint32_t height_px) {
    return picture != NULL && picture->width_px == width_px && picture->height_px == height_px;
}

static void make_lock(pf_frames *frames) {
    pthread_mutex_init(&frames->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&frames->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

pf_frames *pf_frames_make(uint32_t width_px, uint32_t height_px) {
    pf_frames *frames = pf_alloc(1, sizeof *frames);
    if (frames == NULL) {
        return NULL;
    }
    if (width_px > 0) {
        frames->picture = make_picture(width_px, height_px);
        if (frames->picture == NULL) {
            pf_free(frames);
            return NULL;
        }
        memset(frames->picture->pixels, 0, picture_bytes(width_px, height_px));
    }
    make_lock(frames);
    atomic_init(&frames->user_count, 1);
    atomic_fetch_add(&existing_count, 1);
    return frames;
}

void pf_frames_keep(pf_frames *frames) {
    atomic_fetch_add(&frames->user_count, 1);
}

void pf_frames_release(pf_frames *frames) {
    if (atomic_fetch_sub(&frames->user_count, 1) > 1) {
        return;
    }
    free_picture(frames->picture);
    free_picture(frames->spare);
    pthread_cond_destroy(&frames->changed);
    pthread_mutex_destroy(&frames->lock);
    pf_free(frames);
    atomic_fetch_sub(&existing_count, 1);
}

uint32_t pf_frames_existing(void) {
    return atomic_load(&existing_count);
}

static void wake_reader(const pf_frames_reader *reader) {
    /* Cannot fail in a way that matters: a full counter is readable already. */
    uint64_t one = 1;
    ssize_t written = write(reader->wake_fd, &one, sizeof one);
    (void)written;
}

void pf_frames_close(pf_frames *frames) {
    pthread_mutex_lock(&frames->lock);
    frames->closed = true;
    pthread_cond_broadcast(&frames->changed);
    /* Those that wait for the first picture. */
    for (pf_frames_reader *reader = frames->readers; reader != NULL; reader = reader->next) {
        wake_reader(reader);
    }
    pthread_mutex_unlock(&frames->lock);
}

void pf_frames_drop_picture(pf_frames *frames, pf_picture *picture) {
    if (picture == NULL || --picture->user_count > 0) {
        return;
    }
    if (frames->spare == NULL && has_size(frames->picture, picture->width_px, picture->height_px)) {
        frames->spare = picture;
    } else {
        free_picture(picture);
    }
}

static pf_picture *take_spare(pf_frames *frames, uint32_t width_px, uint32_t height_px) {
    pf_picture *spare = frames->spare;
    frames->spare = NULL;
    if (has_size(spare, width_px, height_px)) {
        spare->user_count = 1;
        return spare;
    }
    free_picture(spare);
    return make_picture(width_px, height_px);
}

/** The picture to push into: the present one unless a reader holds it. `partial`:
 * with what is on that already. NULL without memory. */
static pf_picture *writable_picture(pf_frames *frames, const pf_frames_input *input, bool partial) {
    pf_picture *present = frames->picture;
    if (has_size(present, input->width_px, input->height_px) && present->user_count == 1) {
        return present;
    }
    pf_picture *fresh = take_spare(frames, input->width_px, input->height_px);
    if (fresh != NULL && partial) {
        memcpy(fresh->pixels, present->pixels, picture_bytes(input->width_px, input->height_px));
    }
    return fresh;
}

/* A loop that compilers turn into vector code. The X of BGRX is 0, so that alpha
 * does not count as a change. */
static void convert_row(uint8_t *restrict bgrx, const uint8_t *restrict rgba, uint32_t width_px) {
    for (uint32_t x = 0; x < width_px; x++) {
        uint32_t pixel;
        memcpy(&pixel, rgba + (size_t)x * PF_BYTES_PER_PIXEL, sizeof pixel);
        pixel = (pixel >> 16 & 0xff) | (pixel & 0xff00) | (pixel & 0xff) << 16;
        memcpy(bgrx + (size_t)x * PF_BYTES_PER_PIXEL, &pixel, sizeof pixel);
    }
}

static void convert(pf_picture *picture, const pf_frames_input *input, pf_rect part) {
    size_t stride_bytes = (size_t)picture->width_px * PF_BYTES_PER_PIXEL;
    size_t left_bytes = (size_t)part.x * PF_BYTES_PER_PIXEL;
    for (uint32_t y = part.y; y < part.y + part.height; y++) {
        convert_row(picture->pixels + y * stride_bytes + left_bytes,
                    input->rgba + (size_t)y * input->stride_bytes + left_bytes, part.width);
    }
}

/** The part of a rectangle that lies in the region, in its coordinates; without
 * width where there is none. */
static pf_rect part_in(pf_rect rect, pf_rect region) {
    uint32_t left = rect.x > region.x ? rect.x : region.x;
    uint32_t top = rect.y > region.y ? rect.y : region.y;
    uint32_t right = rect.x + rect.width, bottom = rect.y + rect.height;
    right = right < region.x + region.width ? right : region.x + region.width;
    bottom = bottom < region.y + region.height ? bottom : region.y + region.height;
    if (left >= right || top >= bottom) {
        return (pf_rect){0};
    }
    return (pf_rect){left - region.x, top - region.y, right - left, bottom - top};
}

static void tell_reader(const pf_frames *frames, pf_frames_reader *reader, const pf_rect *parts,
                        uint32_t part_count, bool resized) {
    bool touched = resized;
    for (uint32_t index = 0; index < part_count; index++) {
        pf_rect part = part_in(parts[index], reader->region);
        if (part.width > 0) {
            pf_damage_add(&reader->damage, part);
            touched = true;
        }
    }
    if (!touched) {
        return;
    }
    reader->wanted_serial = frames->serial;
    if (!reader->pending) {
        reader->pending = true;
        wake_reader(reader);
    }
}

/** Under the lock; see pf_frames_put. */
static bool put(pf_frames *frames, const pf_frames_input *input) {
    bool same_size = has_size(frames->picture, input->width_px, input->height_px);
    bool partial = input->damage != NULL && same_size;
    if (partial && input->damage_count == 0) {
        return true;
    }
    pf_picture *picture = writable_picture(frames, input, partial);
    if (picture == NULL) {
        return false;
    }
    pf_rect whole = {0, 0, input->width_px, input->height_px};
    const pf_rect *parts = partial ? input->damage : &whole;
    uint32_t part_count = partial ? input->damage_count : 1;
    for (uint32_t index = 0; index < part_count; index++) {
        convert(picture, input, parts[index]);
    }
    if (picture != frames->picture) {
        pf_picture *before = frames->picture;
        frames->picture = picture;
        pf_frames_drop_picture(frames, before);
    }
    frames->serial++;
    for (pf_frames_reader *reader = frames->readers; reader != NULL; reader = reader->next) {
        tell_reader(frames, reader, parts, part_count, !same_size);
    }
    return true;
}

bool pf_frames_put(pf_frames *frames, const pf_frames_input *input, uint64_t *serial) {
    pthread_mutex_lock(&frames->lock);
    bool done = put(frames, input);
    *serial = done ? frames->serial : *serial;
    pthread_mutex_unlock(&frames->lock);
    return done;
}

static bool all_have_taken(const pf_frames *frames, uint64_t serial) {
    for (const pf_frames_reader *reader = frames->readers; reader != NULL; reader = reader->next) {
        bool waits = reader->taken_serial < reader->wanted_serial;
        if (waits && reader->taken_serial < serial) {
            return false;
        }
    }
    return true;
}

pf_status pf_frames_await(pf_frames *frames, uint64_t serial, uint32_t timeout_ms) {
    struct timespec deadline = pf_clock_timespec(pf_clock_now_ns() + timeout_ms * NS_PER_MS);
    int failure = 0;
    pthread_mutex_lock(&frames->lock);
    while (!all_have_taken(frames, serial) && !frames->closed && failure != ETIMEDOUT) {
        failure = pthread_cond_timedwait(&frames->changed, &frames->lock, &deadline);
    }
    pf_status status = PF_STATUS_TIMEOUT;
    if (all_have_taken(frames, serial)) {
        status = PF_STATUS_OK;
    } else if (frames->closed) {
        status = PF_STATUS_ENDED;
    }
    pthread_mutex_unlock(&frames->lock);
    return status;
}
