/* SPDX-License-Identifier: MPL-2.0 */
#include "painter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xcb/randr.h>

/* Large enough to be quick, small enough that the server serves its other
 * clients between two chunks. */
#define CHUNK_BYTES_MAX (1u << 20)
#define GRAB_ROWS_MAX 128

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool fail(screen *s, const char *what) {
    snprintf(s->message, sizeof s->message, "%s", what);
    return false;
}

static xcb_screen_t *screen_of(xcb_connection_t *x, int index) {
    xcb_screen_iterator_t it = xcb_setup_roots_iterator(xcb_get_setup(x));
    while (index-- > 0 && it.rem > 1) {
        xcb_screen_next(&it);
    }
    return it.data;
}

static bool has_32_bit_pixels(xcb_connection_t *x, uint8_t depth) {
    const xcb_setup_t *setup = xcb_get_setup(x);
    for (xcb_format_iterator_t it = xcb_setup_pixmap_formats_iterator(setup); it.rem;
         xcb_format_next(&it)) {
        if (it.data->depth == depth) {
            return it.data->bits_per_pixel == 32 &&
                   setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST;
        }
    }
    return false;
}

bool screen_open(screen *s, const char *display) {
    int index = 0;
    memset(s, 0, sizeof *s);
    s->x = xcb_connect(display, &index);
    if (xcb_connection_has_error(s->x)) {
        return fail(s, "cannot open the display");
    }
    xcb_screen_t *info = screen_of(s->x, index);
    s->root = info->root;
    s->width = info->width_in_pixels;
    s->height = info->height_in_pixels;
    s->depth = info->root_depth;
    if (!has_32_bit_pixels(s->x, s->depth)) {
        return fail(s, "the screen's pixels are not 32-bit BGRX");
    }
    uint32_t request_bytes_max = xcb_get_maximum_request_length(s->x) * 4;
    s->chunk_bytes_max =
        request_bytes_max - 64 < CHUNK_BYTES_MAX ? request_bytes_max - 64 : CHUNK_BYTES_MAX;

    s->window = xcb_generate_id(s->x);
    const uint32_t window_values[] = {info->black_pixel, 1};
    xcb_create_window(s->x, s->depth, s->window, s->root, 0, 0, s->width, s->height, 0,
                      XCB_WINDOW_CLASS_INPUT_OUTPUT, info->root_visual,
                      XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, window_values);
    s->gc = xcb_generate_id(s->x);
    const uint32_t gc_values[] = {0};
    xcb_create_gc(s->x, s->gc, s->window, XCB_GC_GRAPHICS_EXPOSURES, gc_values);
    xcb_map_window(s->x, s->window);
    return screen_sync(s);
}

void screen_close(screen *s) {
    if (s->x) {
        xcb_disconnect(s->x);
    }
}

bool screen_sync(screen *s) {
    free(xcb_get_input_focus_reply(s->x, xcb_get_input_focus(s->x), NULL));
    if (xcb_connection_has_error(s->x)) {
        return fail(s, "the connection to the X server is gone");
    }
    bool ok = true;
    for (xcb_generic_event_t *event; (event = xcb_poll_for_event(s->x)) != NULL; free(event)) {
        if (event->response_type == 0) {
            const xcb_generic_error_t *error = (const xcb_generic_error_t *)event;
            snprintf(s->message, sizeof s->message, "X error %u of request %u.%u",
                     error->error_code, error->major_code, error->minor_code);
            ok = false;
        }
    }
    return ok;
}

void screen_fill(screen *s, xcb_drawable_t target, rect area, uint32_t rgb) {
    const xcb_rectangle_t box = {area.x, area.y, area.width, area.height};
    xcb_change_gc(s->x, s->gc, XCB_GC_FOREGROUND, &rgb);
    xcb_poly_fill_rectangle(s->x, target, s->gc, 1, &box);
}

void screen_copy(screen *s, xcb_drawable_t from, xcb_drawable_t to, rect area, int16_t to_x,
                 int16_t to_y) {
    xcb_copy_area(s->x, from, to, s->gc, area.x, area.y, to_x, to_y, area.width, area.height);
}

void screen_put(screen *s, xcb_drawable_t target, rect area, const uint32_t *pixels) {
    uint32_t row_bytes = (uint32_t)area.width * 4;
    uint32_t rows_max = s->chunk_bytes_max / row_bytes;
    for (uint32_t row = 0; row < area.height; row += rows_max) {
        uint32_t rows = area.height - row < rows_max ? area.height - row : rows_max;
        xcb_put_image(s->x, XCB_IMAGE_FORMAT_Z_PIXMAP, target, s->gc, area.width, (uint16_t)rows,
                      area.x, (int16_t)(area.y + (int32_t)row), 0, s->depth, rows * row_bytes,
                      (const uint8_t *)(pixels + (size_t)row * area.width));
    }
}

bool screen_text(screen *s, int16_t x, int16_t y, const char *text) {
    static const char name[] = "fixed";
    size_t length = strlen(text);
    if (length > 255) {
        return fail(s, "text is longer than 255 characters");
    }
    xcb_font_t font = xcb_generate_id(s->x);
    xcb_open_font(s->x, font, sizeof name - 1, name);
    const uint32_t values[] = {0x000000, 0xffffff, font};
    xcb_change_gc(s->x, s->gc, XCB_GC_FOREGROUND | XCB_GC_BACKGROUND | XCB_GC_FONT, values);
    xcb_image_text_8(s->x, (uint8_t)length, s->window, s->gc, x, y, text);
    xcb_close_font(s->x, font);
    return true;
}

xcb_pixmap_t screen_pixmap(screen *s, uint16_t width, uint16_t height) {
    xcb_pixmap_t pixmap = xcb_generate_id(s->x);
    xcb_create_pixmap(s->x, s->depth, pixmap, s->window, width, height);
    return pixmap;
}

uint32_t *screen_read_pixels(screen *s, const char *path, size_t count) {
    uint32_t *pixels = calloc(count ? count : 1, sizeof *pixels);
    FILE *file = fopen(path, "rb");
    bool ok = pixels && file && fread(pixels, sizeof *pixels, count, file) == count;
    if (!ok) {
        fail(s, file ? "the file is shorter than the image" : strerror(errno));
        free(pixels);
        pixels = NULL;
    }
    if (file) {
        fclose(file);
    }
    return pixels;
}

static bool grab_rows(screen *s, FILE *file, rect rows) {
    xcb_get_image_reply_t *reply =
        xcb_get_image_reply(s->x,
                            xcb_get_image(s->x, XCB_IMAGE_FORMAT_Z_PIXMAP, s->root, rows.x, rows.y,
                                          rows.width, rows.height, ~0u),
                            NULL);
    if (!reply) {
        return fail(s, "GetImage was refused");
    }
    size_t size_bytes = (size_t)rows.width * rows.height * 4;
    bool ok = (size_t)xcb_get_image_data_length(reply) == size_bytes &&
              fwrite(xcb_get_image_data(reply), 1, size_bytes, file) == size_bytes;
    free(reply);
    return ok || fail(s, "short read from GetImage, or short write to the file");
}

bool screen_grab(screen *s, const char *path, rect area) {
    FILE *file = fopen(path, "wb");
    if (!file) {
        return fail(s, strerror(errno));
    }
    bool ok = true;
    for (uint32_t row = 0; ok && row < area.height; row += GRAB_ROWS_MAX) {
        uint32_t rows = area.height - row < GRAB_ROWS_MAX ? area.height - row : GRAB_ROWS_MAX;
        ok = grab_rows(
            s, file, (rect){area.x, (int16_t)(area.y + (int32_t)row), area.width, (uint16_t)rows});
    }
    if (fclose(file) != 0 && ok) {
        ok = fail(s, strerror(errno));
    }
    return ok;
}

/* The screen may only shrink below an active CRTC's picture once that CRTC is
 * off (RandR 1.2, RRSetScreenSize); Xvfb needs none to show its frame buffer. */
static bool crtcs_off(screen *s) {
    xcb_randr_get_screen_resources_current_reply_t *list =
        xcb_randr_get_screen_resources_current_reply(
            s->x, xcb_randr_get_screen_resources_current(s->x, s->root), NULL);
    if (!list) {
        return fail(s, "RandR gave no screen resources");
    }
    const xcb_randr_crtc_t *crtcs = xcb_randr_get_screen_resources_current_crtcs(list);
    for (int i = 0; i < list->num_crtcs; i++) {
        free(xcb_randr_set_crtc_config_reply(
            s->x,
            xcb_randr_set_crtc_config(s->x, crtcs[i], XCB_CURRENT_TIME, list->config_timestamp, 0,
                                      0, XCB_NONE, XCB_RANDR_ROTATION_ROTATE_0, 0, NULL),
            NULL));
    }
    free(list);
    return true;
}

bool screen_resize(screen *s, uint16_t width, uint16_t height) {
    free(xcb_randr_query_version_reply(s->x, xcb_randr_query_version(s->x, 1, 3), NULL));
    if (!crtcs_off(s)) {
        return false;
    }
    xcb_randr_set_screen_size(s->x, s->root, width, height, width, height);
    const uint32_t size[] = {width, height};
    xcb_configure_window(s->x, s->window, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
    if (!screen_sync(s)) {
        return false;
    }
    s->width = width;
    s->height = height;
    return true;
}

void screen_pointer(screen *s, int16_t x, int16_t y) {
    xcb_warp_pointer(s->x, XCB_NONE, s->root, 0, 0, 0, 0, x, y);
}

void screen_cursor(screen *s, uint16_t glyph) {
    static const char name[] = "cursor";
    xcb_font_t font = xcb_generate_id(s->x);
    xcb_open_font(s->x, font, sizeof name - 1, name);
    xcb_cursor_t cursor = xcb_generate_id(s->x);
    xcb_create_glyph_cursor(s->x, cursor, font, font, glyph, (uint16_t)(glyph + 1), 0, 0, 0, 0xffff,
                            0xffff, 0xffff);
    const uint32_t value = cursor;
    xcb_change_window_attributes(s->x, s->window, XCB_CW_CURSOR, &value);
    xcb_free_cursor(s->x, cursor);
    xcb_close_font(s->x, font);
}
