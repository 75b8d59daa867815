/* SPDX-License-Identifier: MPL-2.0 */
/** What the readers of a frame source do with it. */
#include <unistd.h>

#include "source/frames.h"

void pf_frames_attach(pf_frames *frames, pf_frames_reader *reader) {
    pthread_mutex_lock(&frames->lock);
    reader->wanted_serial = frames->serial;
    reader->next = frames->readers;
    frames->readers = reader;
    pthread_mutex_unlock(&frames->lock);
}

void pf_frames_detach(pf_frames *frames, pf_frames_reader *reader) {
    pthread_mutex_lock(&frames->lock);
    pf_frames_reader **link = &frames->readers;
    while (*link != reader) {
        link = &(*link)->next;
    }
    *link = reader->next;
    pthread_cond_broadcast(&frames->changed);
    pthread_mutex_unlock(&frames->lock);
}

void pf_frames_set_region(pf_frames *frames, pf_frames_reader *reader, pf_rect region) {
    pthread_mutex_lock(&frames->lock);
    reader->region = region;
    pf_bands_clear(&reader->damage.bands);
    reader->wanted_serial = frames->serial;
    pthread_mutex_unlock(&frames->lock);
}

pf_frames_view pf_frames_look(pf_frames *frames, pf_frames_reader *reader) {
    uint64_t news;
    ssize_t taken = read(reader->wake_fd, &news, sizeof news);
    (void)taken;
    pthread_mutex_lock(&frames->lock);
    const pf_picture *picture = frames->picture;
    pf_frames_view view = {.width_px = picture == NULL ? 0 : picture->width_px,
                           .height_px = picture == NULL ? 0 : picture->height_px,
                           .pending = reader->pending,
                           .closed = frames->closed};
    pthread_mutex_unlock(&frames->lock);
    return view;
}

/** Takes the newest picture; with it the reader has all that was pushed so far. */
static pf_picture *hold(pf_frames *frames, pf_frames_reader *reader) {
    reader->pending = false;
    pf_bands_clear(&reader->damage.bands);
    reader->held_serial = frames->serial;
    frames->picture->user_count++;
    return frames->picture;
}

static bool has_size(const pf_frames *frames, uint32_t width_px, uint32_t height_px) {
    return frames->picture->width_px == width_px && frames->picture->height_px == height_px;
}

static void add_damage(pf_damage *damage, const pf_damage *more, uint32_t height_px) {
    uint32_t count = pf_band_count(height_px);
    pf_band_range run = pf_bands_next_run(&more->bands, 0, count);
    for (; run.first < run.end; run = pf_bands_next_run(&more->bands, run.end, count)) {
        for (uint32_t band = run.first; band < run.end; band++) {
            uint32_t left = more->left_px[band], right = more->right_px[band];
            pf_damage_add(damage, (pf_rect){left, band * PF_BAND_ROWS, right - left, PF_BAND_ROWS});
        }
    }
}

pf_picture *pf_frames_hold_new(pf_frames *frames, pf_frames_reader *reader, uint32_t width_px,
                               uint32_t height_px, pf_damage *damage) {
    pf_picture *picture = NULL;
    pthread_mutex_lock(&frames->lock);
    if (reader->pending && has_size(frames, width_px, height_px)) {
        add_damage(damage, &reader->damage, reader->region.height);
        picture = hold(frames, reader);
    }
    pthread_mutex_unlock(&frames->lock);
    return picture;
}

pf_picture *pf_frames_hold_all(pf_frames *frames, pf_frames_reader *reader, uint32_t width_px,
                               uint32_t height_px) {
    pthread_mutex_lock(&frames->lock);
    pf_picture *picture = frames->picture;
    if (has_size(frames, width_px, height_px)) {
        hold(frames, reader);
    } else {
        reader->held_serial = reader->taken_serial;
        picture->user_count++;
    }
    pthread_mutex_unlock(&frames->lock);
    return picture;
}

void pf_frames_let_go(pf_frames *frames, pf_frames_reader *reader, pf_picture *picture,
                      bool copied) {
    pthread_mutex_lock(&frames->lock);
    pf_frames_drop_picture(frames, picture);
    if (copied) {
        reader->taken_serial = reader->held_serial;
        pthread_cond_broadcast(&frames->changed);
    }
    pthread_mutex_unlock(&frames->lock);
}
