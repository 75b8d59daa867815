/* SPDX-License-Identifier: MPL-2.0 */
#include "painter.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* Large updates carry one code in every 64 rows, so that each stripe of 64 rows
 * or more shows which update it is of. */
#define CODE_STEP_PX 64

#define VIDEO_FRAMES 24
#define SLIDES 4
#define LINE_PX 16

typedef struct update {
    uint64_t ns;
    uint32_t counter;
    int16_t code_x;
    int16_t code_y;
    uint16_t code_count;
    /** What the update may have changed. */
    rect area;
} update;

typedef void (*paint_fn)(screen *s, workload *w, update *u);

struct workload {
    paint_fn paint;
    double updates_per_s;
    uint64_t seed;
    uint32_t counter;
    /** The area that changes; for `drag` the window's last place. */
    rect area;
    /** Off-screen: what a whole update is put together in. */
    xcb_pixmap_t stage;
    xcb_pixmap_t sources[VIDEO_FRAMES];
    uint32_t source_count;
    uint16_t source_height;
    uint32_t *pixels;
    update *updates;
    size_t update_count;
    size_t update_capacity;
};

static void show(screen *s, xcb_drawable_t from, rect area) {
    screen_copy(s, from, s->window, area, area.x, area.y);
}

static void show_update(screen *s, xcb_drawable_t from, rect area, update *u) {
    u->area = rect_clip(s, area);
    show(s, from, area);
}

/* Numbers an update by `count` codes, one below the other. */
static void mark(screen *s, xcb_drawable_t target, update *u, int32_t x, int32_t y,
                 uint32_t count) {
    u->code_x = (int16_t)x;
    u->code_y = (int16_t)y;
    u->code_count = (uint16_t)count;
    for (uint32_t i = 0; i < count; i++) {
        code_draw(s, target, u->code_x, (int16_t)(y + (int32_t)(i * CODE_STEP_PX)), u->counter);
    }
}

/* How many codes fit into `height` rows. */
static uint32_t code_count_of(uint32_t height) {
    return height < CODE_HEIGHT_PX ? 0 : (height - CODE_HEIGHT_PX) / CODE_STEP_PX + 1;
}

static void paint_caret(screen *s, workload *w, update *u) {
    rect caret = {w->area.x, w->area.y, 2, 16};
    screen_fill(s, w->stage, caret, u->counter & 1 ? 0x000000 : 0xffffff);
    mark(s, w->stage, u, w->area.x + 8, w->area.y, 1);
    show_update(s, w->stage, w->area, u);
}

static void paint_typing(screen *s, workload *w, update *u) {
    pattern_draw("text", w->seed + u->counter, w->area.width, w->area.height, w->pixels);
    screen_put(s, w->stage, w->area, w->pixels);
    mark(s, w->stage, u, w->area.x, w->area.y, 1);
    show_update(s, w->stage, w->area, u);
}

static void paint_scroll(screen *s, workload *w, update *u) {
    uint32_t steps = (uint32_t)(w->source_height - w->area.height) / LINE_PX;
    int16_t from_y = (int16_t)(u->counter % steps * LINE_PX);
    rect from = {0, from_y, w->area.width, w->area.height};
    screen_copy(s, w->sources[0], w->stage, from, w->area.x, w->area.y);
    /* In the new line alone: codes all over would be what does not scroll. */
    mark(s, w->stage, u, w->area.x, w->area.y + w->area.height - LINE_PX, 1);
    show_update(s, w->stage, w->area, u);
}

/* Once round the screen's middle in two seconds. */
static void paint_drag(screen *s, workload *w, update *u) {
    double angle = 6.283185307179586 * u->counter / 120;
    double radius = (s->height - w->area.height) / 2.0 - 8;
    rect old = w->area;
    w->area.x = (int16_t)lround((s->width - old.width) / 2.0 + radius * cos(angle));
    w->area.y = (int16_t)lround((s->height - old.height) / 2.0 + radius * sin(angle));
    screen_copy(s, w->sources[0], w->stage, old, old.x, old.y);
    screen_copy(s, w->sources[1], w->stage, (rect){0, 0, old.width, old.height}, w->area.x,
                w->area.y);
    int32_t first_y = (w->area.y + 47) & ~15;
    uint32_t rows = (uint32_t)(w->area.y + w->area.height - first_y);
    mark(s, w->stage, u, w->area.x + 32, first_y, code_count_of(rows));
    show_update(s, w->stage, rect_union(old, w->area), u);
}

static void paint_frames(screen *s, workload *w, update *u) {
    xcb_pixmap_t frame = w->sources[u->counter % w->source_count];
    mark(s, frame, u, 16, 0, code_count_of(s->height));
    show_update(s, frame, w->area, u);
}

static xcb_pixmap_t upload(screen *s, workload *w, uint16_t width, uint16_t height) {
    xcb_pixmap_t pixmap = screen_pixmap(s, width, height);
    screen_put(s, pixmap, (rect){0, 0, width, height}, w->pixels);
    w->sources[w->source_count++] = pixmap;
    return pixmap;
}

static void prepare_scroll(screen *s, workload *w) {
    w->area = rect_within(s, (rect){360, 128, 1200, 800});
    w->source_height = 3200;
    pattern_draw("text", w->seed, w->area.width, w->source_height, w->pixels);
    upload(s, w, w->area.width, w->source_height);
}

static void prepare_drag(screen *s, workload *w) {
    w->area = rect_within(s, (rect){0, 0, 600, 400});
    pattern_draw("photo", w->seed, s->width, s->height, w->pixels);
    upload(s, w, s->width, s->height);
    pattern_draw("text", w->seed, w->area.width, w->area.height, w->pixels);
    upload(s, w, w->area.width, w->area.height);
    screen_copy(s, w->sources[0], w->stage, rect_of_screen(s), 0, 0);
}

static bool prepare_video(screen *s, workload *w) {
    uint32_t *photo = calloc((size_t)s->width * s->height, sizeof *photo);
    if (!photo) {
        return false;
    }
    pattern_draw("photo", w->seed, s->width, s->height, photo);
    for (uint32_t i = 0; i < VIDEO_FRAMES; i++) {
        pattern_video(photo, w->seed, s->width, s->height, i, VIDEO_FRAMES, w->pixels);
        upload(s, w, s->width, s->height);
    }
    free(photo);
    return true;
}

static void prepare_slide(screen *s, workload *w) {
    for (uint32_t i = 0; i < SLIDES; i++) {
        pattern_draw(i & 1 ? "text" : "photo", w->seed + i, s->width, s->height, w->pixels);
        upload(s, w, s->width, s->height);
    }
}

static bool prepare_named(screen *s, workload *w, const char *name) {
    w->area = rect_of_screen(s);
    if (strcmp(name, "idle") == 0) {
        return true;
    }
    if (strcmp(name, "caret") == 0) {
        w->paint = paint_caret, w->updates_per_s = 1;
        w->area = rect_within(s, (rect){640, 512, 8 + CODE_WIDTH_PX, CODE_HEIGHT_PX});
    } else if (strcmp(name, "typing") == 0) {
        w->paint = paint_typing, w->updates_per_s = 10;
        w->area = rect_within(s, (rect){320, 512, 400, 20});
    } else if (strcmp(name, "pauses") == 0) {
        w->paint = paint_typing, w->updates_per_s = 3.7;
        w->area = rect_within(s, (rect){320, 512, 400, 20});
    } else if (strcmp(name, "scroll") == 0) {
        w->paint = paint_scroll, w->updates_per_s = 30;
        prepare_scroll(s, w);
    } else if (strcmp(name, "drag") == 0) {
        w->paint = paint_drag, w->updates_per_s = 60;
        prepare_drag(s, w);
    } else if (strcmp(name, "video") == 0) {
        w->paint = paint_frames, w->updates_per_s = 60;
        return prepare_video(s, w);
    } else if (strcmp(name, "slide") == 0) {
        w->paint = paint_frames, w->updates_per_s = 0.5;
        prepare_slide(s, w);
    } else {
        snprintf(s->message, sizeof s->message, "no workload %s", name);
        return false;
    }
    return true;
}

workload *workload_prepare(screen *s, const char *name, uint64_t seed) {
    size_t pixel_count = (size_t)s->width * (s->height > 3200 ? s->height : 3200);
    workload *w = calloc(1, sizeof *w);
    snprintf(s->message, sizeof s->message, "out of memory");
    if (!w || !(w->pixels = calloc(pixel_count, sizeof *w->pixels))) {
        workload_destroy(s, w);
        return NULL;
    }
    w->seed = seed;
    w->stage = screen_pixmap(s, s->width, s->height);
    pattern_draw("text", seed + 99, s->width, s->height, w->pixels);
    screen_put(s, w->stage, rect_of_screen(s), w->pixels);
    if (!prepare_named(s, w, name)) {
        workload_destroy(s, w);
        return NULL;
    }
    show(s, w->stage, rect_of_screen(s));
    if (!screen_sync(s)) {
        workload_destroy(s, w);
        return NULL;
    }
    return w;
}

void workload_destroy(screen *s, workload *w) {
    if (!w) {
        return;
    }
    for (uint32_t i = 0; i < w->source_count; i++) {
        xcb_free_pixmap(s->x, w->sources[i]);
    }
    if (w->stage) {
        xcb_free_pixmap(s->x, w->stage);
    }
    free(w->pixels);
    free(w->updates);
    free(w);
}

static update *next_update(workload *w) {
    if (w->update_count == w->update_capacity) {
        size_t capacity = w->update_capacity ? w->update_capacity * 2 : 1024;
        update *grown = realloc(w->updates, capacity * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        w->updates = grown;
        w->update_capacity = capacity;
    }
    update *u = &w->updates[w->update_count++];
    memset(u, 0, sizeof *u);
    u->counter = ++w->counter;
    return u;
}

/* Waits for a point of CLOCK_MONOTONIC; true means that stop_fd became
 * readable first. */
static bool wait_until(uint64_t deadline_ns, int stop_fd) {
    for (;;) {
        uint64_t now = now_ns();
        if (now >= deadline_ns) {
            return false;
        }
        uint64_t rest_ns = deadline_ns - now;
        struct timespec rest = {(time_t)(rest_ns / 1000000000u), (long)(rest_ns % 1000000000u)};
        struct pollfd stop = {stop_fd, POLLIN, 0};
        int ready = ppoll(&stop, 1, &rest, NULL);
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true;
        }
    }
}

bool workload_run(screen *s, workload *w, double seconds, int stop_fd, uint32_t *update_count) {
    /* The default slack of timers, 50 µs, would show in the pace. */
    prctl(PR_SET_TIMERSLACK, 1000ul);
    uint64_t start_ns = now_ns();
    uint64_t end_ns = start_ns + (uint64_t)(seconds * 1e9);
    *update_count = 0;
    if (!w->paint) {
        wait_until(end_ns, stop_fd);
        return true;
    }
    uint64_t period_ns = (uint64_t)(1e9 / w->updates_per_s);
    uint64_t deadline_ns = start_ns + period_ns / 2;
    while (deadline_ns < end_ns && !wait_until(deadline_ns, stop_fd)) {
        update *u = next_update(w);
        if (!u) {
            snprintf(s->message, sizeof s->message, "out of memory");
            return false;
        }
        w->paint(s, w, u);
        if (!screen_sync(s)) {
            return false;
        }
        u->ns = now_ns();
        ++*update_count;
        /* A server that is behind costs updates, not the pace. */
        do {
            deadline_ns += period_ns;
        } while (deadline_ns + period_ns < u->ns);
    }
    wait_until(end_ns, stop_fd);
    return true;
}

bool workload_show(screen *s, workload *w, uint32_t counter) {
    if (!w->paint || counter == 0) {
        snprintf(s->message, sizeof s->message, "the workload has no update %u", counter);
        return false;
    }
    update u = {.counter = counter};
    w->paint(s, w, &u);
    return true;
}

bool workload_write_codes(screen *s, const workload *w, const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) {
        snprintf(s->message, sizeof s->message, "%s", strerror(errno));
        return false;
    }
    for (size_t i = 0; i < w->update_count; i++) {
        const update *u = &w->updates[i];
        fprintf(file, "%u %llu %d %d %u %d %d %d %u %u\n", u->counter, (unsigned long long)u->ns,
                u->code_x, u->code_y, u->code_count, CODE_STEP_PX, u->area.x, u->area.y,
                u->area.width, u->area.height);
    }
    if (fclose(file) != 0) {
        snprintf(s->message, sizeof s->message, "%s", strerror(errno));
        return false;
    }
    return true;
}
