/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A source without a screen: "synthetic://WIDTHxHEIGHT@CHANGES". A still
 * gradient on which a square moves CHANGES times a second (0: never), the same
 * in every run. Its damage is exact.
 */
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "source/source.h"

#define SQUARE_PX 64u
#define CHANGES_PER_S_MAX 1000u

typedef struct synthetic {
    pf_source base;
    uint8_t *pixels;
    pf_rect region;
    int timer_fd;
    /** Changes so far, and the one the frame shows. */
    uint64_t step;
    uint64_t shown_step;
} synthetic;

static synthetic *of(pf_source *source) {
    return (synthetic *)source;
}

/** A coordinate that runs to and fro between 0 and limit. */
static uint32_t bounce(uint64_t travelled, uint32_t limit) {
    if (limit == 0) {
        return 0;
    }
    uint64_t phase = travelled % (2ull * limit);
    return (uint32_t)(phase < limit ? phase : 2ull * limit - phase);
}

static pf_rect square_at(const synthetic *self, uint64_t step) {
    uint32_t width = SQUARE_PX < self->base.screen_width ? SQUARE_PX : self->base.screen_width;
    uint32_t height = SQUARE_PX < self->base.screen_height ? SQUARE_PX : self->base.screen_height;
    return (pf_rect){.x = bounce(step * 3, self->base.screen_width - width),
                     .y = bounce(step * 2, self->base.screen_height - height),
                     .width = width,
                     .height = height};
}

static uint32_t pixel_at(const synthetic *self, const pf_rect *square, uint32_t x, uint32_t y) {
    if (x >= self->base.screen_width || y >= self->base.screen_height) {
        return 0;
    }
    if (x - square->x < square->width && y - square->y < square->height) {
        return (uint32_t)(self->shown_step * 0x050709) & 0xffffff;
    }
    return (x & 255) << 16 | (y & 255) << 8 | ((x + y) >> 3 & 255);
}

static void paint_rows(synthetic *self, uint32_t y, uint32_t end) {
    pf_rect square = square_at(self, self->shown_step);
    for (; y < end; y++) {
        uint32_t *row = (uint32_t *)(self->pixels + (size_t)y * self->base.frame.stride_bytes);
        for (uint32_t x = 0; x < self->region.width; x++) {
            row[x] = pixel_at(self, &square, self->region.x + x, self->region.y + y);
        }
    }
}

static int synthetic_poll_fd(pf_source *source) {
    return of(source)->timer_fd;
}

static pf_status synthetic_dispatch(pf_source *source, pf_source_events *events, pf_error *error) {
    (void)error;
    uint64_t expirations;
    if (read(of(source)->timer_fd, &expirations, sizeof expirations) == sizeof expirations) {
        of(source)->step += expirations;
    }
    events->damaged = of(source)->step != of(source)->shown_step;
    return PF_STATUS_OK;
}

static void add_square(const synthetic *self, uint64_t step, pf_damage *damage) {
    pf_rect square = square_at(self, step);
    uint32_t left = self->region.x, right = left + self->region.width;
    uint32_t top = self->region.y, bottom = top + self->region.height;
    uint32_t x = square.x > left ? square.x : left, y = square.y > top ? square.y : top;
    uint32_t x_end = square.x + square.width < right ? square.x + square.width : right;
    uint32_t y_end = square.y + square.height < bottom ? square.y + square.height : bottom;
    if (x < x_end && y < y_end) {
        pf_damage_add(damage, (pf_rect){x - left, y - top, x_end - x, y_end - y});
    }
}

static pf_status synthetic_damage(pf_source *source, pf_damage *damage, pf_error *error) {
    (void)error;
    if (of(source)->shown_step != of(source)->step) {
        add_square(of(source), of(source)->shown_step, damage);
        add_square(of(source), of(source)->step, damage);
    }
    of(source)->shown_step = of(source)->step;
    return PF_STATUS_OK;
}

static pf_status synthetic_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                                void *context, pf_error *error) {
    (void)error;
    uint32_t height = of(source)->region.height;
    uint32_t count = pf_band_count(height);
    pf_band_range run = pf_bands_next_run(bands, 0, count);
    for (; run.first < run.end; run = pf_bands_next_run(bands, run.end, count)) {
        uint32_t end = run.end * PF_BAND_ROWS;
        paint_rows(of(source), run.first * PF_BAND_ROWS, end < height ? end : height);
        arrived(context, run);
    }
    return PF_STATUS_OK;
}

static pf_status synthetic_set_region(pf_source *source, pf_rect region, pf_error *error) {
    synthetic *self = of(source);
    region = pf_source_fill_region(region, self->base.screen_width, self->base.screen_height);
    uint32_t stride_bytes = region.width * PF_BYTES_PER_PIXEL;
    uint8_t *pixels = pf_alloc_aligned((size_t)stride_bytes * region.height);
    if (pixels == NULL) {
        return pf_error_no_memory(error, "the frame");
    }
    pf_free(self->pixels);
    self->pixels = pixels;
    self->region = region;
    self->base.frame = (pf_image){pixels, stride_bytes, region.width, region.height};
    return PF_STATUS_OK;
}

static void synthetic_close(pf_source *source) {
    if (of(source)->timer_fd >= 0) {
        close(of(source)->timer_fd);
    }
    pf_free(of(source)->pixels);
    pf_free(source);
}

static const pf_source_ops synthetic_ops = {
    .poll_fd = synthetic_poll_fd,
    .dispatch = synthetic_dispatch,
    .damage = synthetic_damage,
    .grab = synthetic_grab,
    .set_region = synthetic_set_region,
    .close = synthetic_close,
};

static bool start_timer(synthetic *self, uint32_t changes_per_s) {
    self->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (self->timer_fd < 0 || changes_per_s == 0) {
        return self->timer_fd >= 0;
    }
    struct timespec period = pf_clock_timespec(PF_NS_PER_S / changes_per_s);
    struct itimerspec timer = {.it_interval = period, .it_value = period};
    return timerfd_settime(self->timer_fd, 0, &timer, NULL) == 0;
}

static pf_status parse_name(const char *display, synthetic *self, uint32_t *changes_per_s,
                            pf_error *error) {
    char rest;
    int fields = sscanf(display, PF_SYNTHETIC_SCHEME "%ux%u@%u%c", &self->base.screen_width,
                        &self->base.screen_height, changes_per_s, &rest);
    if (fields != 3 || self->base.screen_width == 0 || self->base.screen_height == 0 ||
        self->base.screen_width > PF_FRAME_SIDE_PX_MAX ||
        self->base.screen_height > PF_FRAME_SIDE_PX_MAX || *changes_per_s > CHANGES_PER_S_MAX) {
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: \"%s\" is not " PF_SYNTHETIC_SCHEME
                            "WIDTHxHEIGHT@CHANGES with sides of 1...%u px and 0...%u changes "
                            "a second",
                            display, PF_FRAME_SIDE_PX_MAX, CHANGES_PER_S_MAX);
    }
    return PF_STATUS_OK;
}

static pf_status set_up(synthetic *self, const pf_source_request *request, pf_error *error) {
    uint32_t changes_per_s;
    if (parse_name(request->display, self, &changes_per_s, error) != PF_STATUS_OK ||
        pf_source_check_region(request->region, "screen", self->base.screen_width,
                               self->base.screen_height, error) != PF_STATUS_OK ||
        synthetic_set_region(&self->base, request->region, error) != PF_STATUS_OK) {
        return error->status;
    }
    if (!start_timer(self, changes_per_s)) {
        return pf_error_set(error, PF_STATUS_NO_RESOURCE, "the system refuses a timer");
    }
    return PF_STATUS_OK;
}

pf_status pf_synthetic_open(const pf_source_request *request, pf_source **source, pf_error *error) {
    synthetic *self = pf_alloc(1, sizeof *self);
    if (self == NULL) {
        return pf_error_no_memory(error, "the synthetic source");
    }
    self->base.ops = &synthetic_ops;
    self->base.cursor_supported = true;
    self->timer_fd = -1;
    pf_status status = set_up(self, request, error);
    if (status != PF_STATUS_OK) {
        synthetic_close(&self->base);
        return status;
    }
    *source = &self->base;
    return PF_STATUS_OK;
}
