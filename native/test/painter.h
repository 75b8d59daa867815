/* SPDX-License-Identifier: MPL-2.0 */
/**
 * painter.h: the parts of pf-painter, the program that puts known pictures on
 * an X screen and knows the truth about them.
 *
 * painter.c holds the commands, painter_screen.c the X connection,
 * painter_cursor.c the pointer, painter_pattern.c the pictures (pure: seed in,
 * pixels out), painter_workload.c the paced workloads, painter_rect.c
 * where they paint, and painter_code.c the code blocks that number their
 * updates.
 */
#ifndef PIXELFLUX_TEST_PAINTER_H
#define PIXELFLUX_TEST_PAINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xcb/xcb.h>

/** An area of the screen in px. */
typedef struct rect {
    int16_t x;
    int16_t y;
    uint16_t width;
    uint16_t height;
} rect;

/** The connection, and the override-redirect window that covers the screen. */
typedef struct screen {
    xcb_connection_t *x;
    xcb_window_t root;
    xcb_window_t window;
    xcb_gcontext_t gc;
    uint32_t chunk_bytes_max;
    uint16_t width;
    uint16_t height;
    uint8_t depth;
    /** What went wrong last, for the `error` reply. */
    char message[256];
} screen;

/* painter_screen.c: false means failure, with the reason in s->message. */

/** Opens $DISPLAY or `display`; refuses anything but 32-bit BGRX pixels. */
bool screen_open(screen *s, const char *display);
void screen_close(screen *s);

/** Waits until the server has done all it was asked; reports its errors. */
bool screen_sync(screen *s);

/** CLOCK_MONOTONIC in nanoseconds. */
uint64_t now_ns(void);

void screen_fill(screen *s, xcb_drawable_t target, rect area, uint32_t rgb);
void screen_copy(screen *s, xcb_drawable_t from, xcb_drawable_t to, rect area, int16_t to_x,
                 int16_t to_y);
/** Sends BGRX pixels, `area.width` px a row without padding, in chunks. */
void screen_put(screen *s, xcb_drawable_t target, rect area, const uint32_t *pixels);
bool screen_text(screen *s, int16_t x, int16_t y, const char *text);

/** A pixmap of the screen's depth; freed with the connection. */
xcb_pixmap_t screen_pixmap(screen *s, uint16_t width, uint16_t height);

/** The file's BGRX pixels, to be freed; NULL with a message where it is too short. */
uint32_t *screen_read_pixels(screen *s, const char *path, size_t count);

/** Writes an area of the root window as raw BGRX, read by plain GetImage. */
bool screen_grab(screen *s, const char *path, rect area);

/** Changes the size of the screen (RandR) and of the window that covers it. */
bool screen_resize(screen *s, uint16_t width, uint16_t height);

void screen_pointer(screen *s, int16_t x, int16_t y);
/** Gives the window the pointer image of a glyph of the "cursor" font. */
void screen_cursor(screen *s, uint16_t glyph);

/* painter_cursor.c */

/** Gives the window a pointer image of premultiplied ARGB pixels (RENDER). */
bool screen_argb_cursor(screen *s, uint16_t width, uint16_t height, uint16_t hot_x, uint16_t hot_y,
                        const uint32_t *pixels);
/** Moves the pointer as a mouse would (XTEST). */
void screen_motion(screen *s, int16_t x, int16_t y);
/** Hides the pointer on the whole screen, or ends that (XFIXES). */
void screen_hide_cursor(screen *s, bool hide);

/* painter_pattern.c */

/** Draws pattern `name` into width * height BGRX pixels. False: no such name. */
bool pattern_draw(const char *name, uint64_t seed, uint16_t width, uint16_t height,
                  uint32_t *pixels);

/** Frame `index` of `count` frames that loop without a seam, from a photo. */
void pattern_video(const uint32_t *photo, uint64_t seed, uint16_t width, uint16_t height,
                   uint32_t index, uint32_t count, uint32_t *pixels);

/* painter_rect.c */

rect rect_of_screen(const screen *s);
/** The smallest that holds both. */
rect rect_union(rect a, rect b);
/** The part of an area that is on the screen; the two must overlap. */
rect rect_clip(const screen *s, rect area);
/** An area of this size where the screen has it, else as large as it is. */
rect rect_within(const screen *s, rect area);

/* painter_workload.c */

typedef struct workload workload;

/** Draws the workload's start picture and keeps what its updates need. NULL
 * with a message: unknown name, no memory, or the server refused. */
workload *workload_prepare(screen *s, const char *name, uint64_t seed);
void workload_destroy(screen *s, workload *w);

/** Paints updates for `seconds`, or until `stop_fd` is readable. */
bool workload_run(screen *s, workload *w, double seconds, int stop_fd, uint32_t *update_count);

/** Paints update `counter` (1...) once more, on top of what is shown; its area
 * then looks as it did when the workload ran. */
bool workload_show(screen *s, workload *w, uint32_t counter);

/** Writes one line an update: counter, ns, where its codes are (x, first y,
 * count, row step), and the area that it changed (x, y, width, height). */
bool workload_write_codes(screen *s, const workload *w, const char *path);

/* painter_code.c */

/* Codes start at rows divisible by 16, as stripes do, so no stripe boundary
 * ever cuts one. */
#define CODE_WIDTH_PX 96
#define CODE_HEIGHT_PX 16

/** Paints the code of `counter` once, at a place of the caller's. */
void code_draw(screen *s, xcb_drawable_t target, int16_t x, int16_t y, uint32_t counter);

#endif
