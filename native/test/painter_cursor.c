/* SPDX-License-Identifier: MPL-2.0 */
/* Pointer images with alpha (RENDER, "CreateCursor"), and motion as a mouse
 * makes it (XTEST), which WarpPointer is not: it makes no raw events. */
#include "painter.h"

#include <stdio.h>
#include <stdlib.h>
#include <xcb/render.h>
#include <xcb/xfixes.h>
#include <xcb/xtest.h>

#define CURSOR_DEPTH 32

static bool is_argb32(const xcb_render_pictforminfo_t *format) {
    const xcb_render_directformat_t *direct = &format->direct;
    return format->type == XCB_RENDER_PICT_TYPE_DIRECT && format->depth == CURSOR_DEPTH &&
           direct->alpha_shift == 24 && direct->alpha_mask == 0xff && direct->red_shift == 16 &&
           direct->green_shift == 8 && direct->blue_shift == 0;
}

static xcb_render_pictformat_t find_argb32(screen *s) {
    xcb_render_query_pict_formats_reply_t *formats =
        xcb_render_query_pict_formats_reply(s->x, xcb_render_query_pict_formats(s->x), NULL);
    xcb_render_pictformat_t found = 0;
    if (!formats) {
        return found;
    }
    const xcb_render_pictforminfo_t *format = xcb_render_query_pict_formats_formats(formats);
    for (uint32_t i = 0; i < formats->num_formats && !found; i++) {
        found = is_argb32(&format[i]) ? format[i].id : 0;
    }
    free(formats);
    return found;
}

/* A pixmap of premultiplied ARGB pixels. */
static xcb_pixmap_t upload_argb(screen *s, uint16_t width, uint16_t height,
                                const uint32_t *pixels) {
    xcb_pixmap_t pixmap = xcb_generate_id(s->x);
    xcb_create_pixmap(s->x, CURSOR_DEPTH, pixmap, s->root, width, height);
    xcb_gcontext_t gc = xcb_generate_id(s->x);
    xcb_create_gc(s->x, gc, pixmap, 0, NULL);
    xcb_put_image(s->x, XCB_IMAGE_FORMAT_Z_PIXMAP, pixmap, gc, width, height, 0, 0, 0, CURSOR_DEPTH,
                  (uint32_t)width * height * 4, (const uint8_t *)pixels);
    xcb_free_gc(s->x, gc);
    return pixmap;
}

bool screen_argb_cursor(screen *s, uint16_t width, uint16_t height, uint16_t hot_x, uint16_t hot_y,
                        const uint32_t *pixels) {
    free(xcb_render_query_version_reply(s->x, xcb_render_query_version(s->x, 0, 11), NULL));
    xcb_render_pictformat_t format = find_argb32(s);
    if (!format) {
        snprintf(s->message, sizeof s->message, "RENDER has no ARGB32 format");
        return false;
    }
    xcb_pixmap_t pixmap = upload_argb(s, width, height, pixels);
    xcb_render_picture_t picture = xcb_generate_id(s->x);
    xcb_render_create_picture(s->x, picture, pixmap, format, 0, NULL);
    xcb_cursor_t cursor = xcb_generate_id(s->x);
    xcb_render_create_cursor(s->x, cursor, picture, hot_x, hot_y);
    const uint32_t value = cursor;
    xcb_change_window_attributes(s->x, s->window, XCB_CW_CURSOR, &value);
    xcb_free_cursor(s->x, cursor);
    xcb_render_free_picture(s->x, picture);
    xcb_free_pixmap(s->x, pixmap);
    return true;
}

void screen_motion(screen *s, int16_t x, int16_t y) {
    xcb_test_fake_input(s->x, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, s->root, x, y, 0);
}

void screen_hide_cursor(screen *s, bool hide) {
    free(xcb_xfixes_query_version_reply(s->x, xcb_xfixes_query_version(s->x, 4, 0), NULL));
    if (hide) {
        xcb_xfixes_hide_cursor(s->x, s->root);
    } else {
        xcb_xfixes_show_cursor(s->x, s->root);
    }
}
