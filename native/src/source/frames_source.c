/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A source that shows what a caller pushes: "frames://HANDLE". Its damage is what
 * the pushes name.
 *
 * The frame is copied from one picture a turn, which damage() takes and grab()
 * gives back, so that a push in between cannot tear it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "source/frames.h"
#include "source/source.h"

typedef struct frames_source {
    pf_source base;
    pf_frames *frames;
    pf_frames_reader reader;
    uint8_t *pixels;
    /** As filled in; it may reach beyond a screen that has shrunk. */
    pf_rect region;
    /** NULL but between damage() and grab(). */
    pf_picture *held;
    /** Nothing of the region has been copied yet. */
    bool blank;
} frames_source;

static frames_source *of(pf_source *source) {
    return (frames_source *)source;
}

static int frames_poll_fd(pf_source *source) {
    return of(source)->reader.wake_fd;
}

static pf_status frames_dispatch(pf_source *source, pf_source_events *events, pf_error *error) {
    (void)error;
    pf_frames_view view = pf_frames_look(of(source)->frames, &of(source)->reader);
    events->damaged = view.pending;
    events->screen_resized =
        view.width_px != source->screen_width || view.height_px != source->screen_height;
    source->screen_width = view.width_px;
    source->screen_height = view.height_px;
    return PF_STATUS_OK;
}

static void let_go(frames_source *self, bool copied) {
    if (self->held != NULL) {
        pf_frames_let_go(self->frames, &self->reader, self->held, copied);
        self->held = NULL;
    }
}

static pf_status frames_damage(pf_source *source, pf_damage *damage, pf_error *error) {
    (void)error;
    frames_source *self = of(source);
    if (self->held == NULL) {
        self->held = pf_frames_hold_new(self->frames, &self->reader, source->screen_width,
                                        source->screen_height, damage);
    }
    return PF_STATUS_OK;
}

/** Copies what lies on the picture; the rest is black. */
static void copy_row(const frames_source *self, uint32_t y) {
    const pf_picture *picture = self->held;
    size_t row_bytes = self->base.frame.stride_bytes, copied_bytes = 0;
    uint8_t *row = self->pixels + y * row_bytes;
    uint32_t left = self->region.x, source_y = self->region.y + y;
    if (left < picture->width_px && source_y < picture->height_px) {
        uint32_t rest = picture->width_px - left;
        uint32_t width = rest < self->region.width ? rest : self->region.width;
        copied_bytes = (size_t)width * PF_BYTES_PER_PIXEL;
        size_t first_px = (size_t)source_y * picture->width_px + left;
        memcpy(row, picture->pixels + first_px * PF_BYTES_PER_PIXEL, copied_bytes);
    }
    memset(row + copied_bytes, 0, row_bytes - copied_bytes);
}

static void copy_bands(const frames_source *self, pf_band_range bands) {
    uint32_t end = bands.end * PF_BAND_ROWS;
    end = end < self->region.height ? end : self->region.height;
    for (uint32_t y = bands.first * PF_BAND_ROWS; y < end; y++) {
        copy_row(self, y);
    }
}

/** Bands of which nothing new was pushed are up to date as they are. */
static pf_status frames_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                             void *context, pf_error *error) {
    (void)error;
    frames_source *self = of(source);
    if (self->held == NULL && self->blank) {
        self->held = pf_frames_hold_all(self->frames, &self->reader, source->screen_width,
                                        source->screen_height);
    }
    uint32_t count = pf_band_count(self->region.height);
    pf_band_range run = pf_bands_next_run(bands, 0, count);
    for (; run.first < run.end; run = pf_bands_next_run(bands, run.end, count)) {
        if (self->held != NULL) {
            copy_bands(self, run);
        }
        arrived(context, run);
    }
    self->blank = false;
    let_go(self, true);
    return PF_STATUS_OK;
}

static pf_status frames_set_region(pf_source *source, pf_rect region, pf_error *error) {
    frames_source *self = of(source);
    region = pf_source_fill_region(region, source->screen_width, source->screen_height);
    uint32_t stride_bytes = region.width * PF_BYTES_PER_PIXEL;
    uint8_t *pixels = pf_alloc_aligned((size_t)stride_bytes * region.height);
    if (pixels == NULL) {
        return pf_error_no_memory(error, "the frame");
    }
    let_go(self, false);
    pf_free(self->pixels);
    self->pixels = pixels;
    self->region = region;
    self->blank = true;
    source->frame = (pf_image){pixels, stride_bytes, region.width, region.height};
    pf_frames_set_region(self->frames, &self->reader, region);
    return PF_STATUS_OK;
}

static void frames_close(pf_source *source) {
    frames_source *self = of(source);
    let_go(self, false);
    pf_frames_detach(self->frames, &self->reader);
    pf_frames_release(self->frames);
    if (self->reader.wake_fd >= 0) {
        close(self->reader.wake_fd);
    }
    pf_free(self->pixels);
    pf_free(self);
}

static const pf_source_ops frames_ops = {
    .poll_fd = frames_poll_fd,
    .dispatch = frames_dispatch,
    .damage = frames_damage,
    .grab = frames_grab,
    .set_region = frames_set_region,
    .close = frames_close,
};

/** The frame source that the name asks for, with one user more; NULL where there
 * is none. */
static pf_frames *find(const char *display) {
    const char *digits = display + strlen(PF_FRAMES_SCHEME);
    size_t length = strspn(digits, "0123456789");
    bool number = length > 0 && digits[length] == '\0';
    return number ? pf_frames_acquire(strtoull(digits, NULL, 10)) : NULL;
}

static pf_status refuse(const char *display, pf_error *error) {
    return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                        "display: \"%s\" is no open frame source of this process; it was closed, "
                        "or never made",
                        display);
}

/** Waits until something has been pushed. */
static pf_status await_size(frames_source *self, const pf_source_request *request,
                            pf_error *error) {
    pf_frames_view view = pf_frames_look(self->frames, &self->reader);
    while (view.width_px == 0) {
        if (view.closed) {
            return refuse(request->display, error);
        }
        if (pf_wake_wait_answer(request->wake, self->reader.wake_fd, PF_NEVER_NS) == PF_WAKE_STOP) {
            return PF_SOURCE_STOPPED;
        }
        view = pf_frames_look(self->frames, &self->reader);
    }
    self->base.screen_width = view.width_px;
    self->base.screen_height = view.height_px;
    return PF_STATUS_OK;
}

static pf_status set_up(frames_source *self, const pf_source_request *request, pf_error *error) {
    pf_status status = await_size(self, request, error);
    if (status == PF_STATUS_OK && !request->any_region) {
        status = pf_source_check_region(request->region, "screen", self->base.screen_width,
                                        self->base.screen_height, error);
    }
    return status == PF_STATUS_OK ? frames_set_region(&self->base, request->region, error) : status;
}

/** A source without a region. */
static frames_source *make_source(pf_frames *frames) {
    frames_source *self = pf_alloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->base.ops = &frames_ops;
    self->base.cursor_supported = true;
    self->frames = frames;
    self->reader.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pf_frames_attach(frames, &self->reader);
    return self;
}

pf_status pf_frames_open(const pf_source_request *request, pf_source **source, pf_error *error) {
    pf_frames *frames = find(request->display);
    if (frames == NULL) {
        return refuse(request->display, error);
    }
    frames_source *self = make_source(frames);
    if (self == NULL) {
        pf_frames_release(frames);
        return pf_error_no_memory(error, "the source of frames");
    }
    pf_status status = self->reader.wake_fd < 0 ? pf_error_set(error, PF_STATUS_NO_RESOURCE,
                                                               "the system refuses a descriptor")
                                                : set_up(self, request, error);
    if (status != PF_STATUS_OK) {
        frames_close(&self->base);
        return status;
    }
    *source = &self->base;
    return PF_STATUS_OK;
}
