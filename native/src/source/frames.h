/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Frames that the caller makes: the newest picture, shared by who pushes and the
 * sources that read it, "frames://HANDLE" each.
 *
 * Any thread may call any of these. One lock a frame source guards it; it is held
 * while a push converts its pixels, but never while a reader copies: a picture
 * that a reader holds is left alone, and the next push writes to another one.
 */
#ifndef PF_SOURCE_FRAMES_H
#define PF_SOURCE_FRAMES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/bands.h"
#include "base/error.h"
#include "base/image.h"

/** BGRX pixels without gaps between the rows, in the same allocation. Nobody
 * writes to a picture that has more than one user. */
typedef struct pf_picture {
    /** Under the lock of its frame source. */
    uint32_t user_count;
    uint32_t width_px;
    uint32_t height_px;
    uint8_t *pixels;
} pf_picture;

/** One who reads: a source of a capture. Everything but wake_fd, which is the
 * source's, is under the lock. */
typedef struct pf_frames_reader {
    struct pf_frames_reader *next;
    /** An eventfd, readable when there is something new to see. */
    int wake_fd;
    /** What it sees of the picture. */
    pf_rect region;
    /** Pushed into its region and not held by it yet; what, in its coordinates. */
    bool pending;
    pf_damage damage;
    /** The push that came last into its region, that of the picture it holds, and
     * the last one it has copied. */
    uint64_t wanted_serial;
    uint64_t held_serial;
    uint64_t taken_serial;
} pf_frames_reader;

typedef struct pf_frames {
    /** The handle, the calls under way and the readers. */
    atomic_uint user_count;
    pthread_mutex_t lock;
    /** A reader has copied, or has gone; or the handle is stale. */
    pthread_cond_t changed;
    bool closed;
    /** NULL before the size is known. */
    pf_picture *picture;
    /** Of the same size, kept for the next push that may not write to `picture`. */
    pf_picture *spare;
    /** Pushes so far. */
    uint64_t serial;
    pf_frames_reader *readers;
} pf_frames;

/** What is pushed: the fields of pf_frames_push, which has checked them. */
typedef struct pf_frames_input {
    const uint8_t *rgba;
    uint32_t width_px;
    uint32_t height_px;
    uint32_t stride_bytes;
    /** NULL: all of it. */
    const pf_rect *damage;
    uint32_t damage_count;
} pf_frames_input;

/** Makes a frame source with one user, the caller; black if its size is not 0. */
pf_frames *pf_frames_make(uint32_t width_px, uint32_t height_px);
/** One user more. */
void pf_frames_keep(pf_frames *frames);
/** One user less; the last one takes its memory along. */
void pf_frames_release(pf_frames *frames);
/** Says that nothing is pushed any more. */
void pf_frames_close(pf_frames *frames);
/** Frame sources that exist. */
uint32_t pf_frames_existing(void);

/** Copies what is pushed and tells the readers. False without memory; nothing has
 * changed then. */
bool pf_frames_put(pf_frames *frames, const pf_frames_input *input, uint64_t *serial);

/** Waits until no reader has that push, or one before, still to take. OK, TIMEOUT,
 * or ENDED where it is closed. */
pf_status pf_frames_await(pf_frames *frames, uint64_t serial, uint32_t timeout_ms);

/** One user of a picture less; under the lock. NULL: nothing happens. */
void pf_frames_drop_picture(pf_frames *frames, pf_picture *picture);

/** Begins and ends to be told of pushes. */
void pf_frames_attach(pf_frames *frames, pf_frames_reader *reader);
void pf_frames_detach(pf_frames *frames, pf_frames_reader *reader);
/** Says what the reader sees from here on; it has to copy all of that. */
void pf_frames_set_region(pf_frames *frames, pf_frames_reader *reader, pf_rect region);

/** What there is for a reader. */
typedef struct pf_frames_view {
    /** 0 before the size is known. */
    uint32_t width_px;
    uint32_t height_px;
    bool pending;
    bool closed;
} pf_frames_view;

/** Looks, and takes the news off the descriptor. */
pf_frames_view pf_frames_look(pf_frames *frames, pf_frames_reader *reader);

/** Takes the newest picture to copy from, and adds what was pushed since the last
 * time. NULL, and nothing is added, where nothing was, or the picture has another
 * size than this. */
pf_picture *pf_frames_hold_new(pf_frames *frames, pf_frames_reader *reader, uint32_t width_px,
                               uint32_t height_px, pf_damage *damage);
/** Takes the newest picture to copy all of the region from. One of another size
 * than this stays pending. */
pf_picture *pf_frames_hold_all(pf_frames *frames, pf_frames_reader *reader, uint32_t width_px,
                               uint32_t height_px);
/** Gives back what was held. `copied`: the reader has now what it wanted of it. */
void pf_frames_let_go(pf_frames *frames, pf_frames_reader *reader, pf_picture *picture,
                      bool copied);

/** Gives a frame source, and the caller's use of it, a handle. False where
 * PF_FRAMES_COUNT_MAX have one. */
bool pf_frames_publish(pf_frames *frames, uint64_t *handle);
/** The frame source, with one user more; NULL for a stale handle. */
pf_frames *pf_frames_acquire(uint64_t handle);
/** Makes the handle stale and hands its use over; NULL for a stale handle. */
pf_frames *pf_frames_retire(uint64_t handle);

#endif
