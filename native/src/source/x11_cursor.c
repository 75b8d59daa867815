/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The pointer's image and place. XFixes tells when the image changes; that the
 * pointer moves is told by the raw events of the X Input extension, which need
 * no window under it. Both are silent while it stands still. A pointer that a
 * program warps makes no raw event, so its place is also read with each frame.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "source/x11.h"

static void select_raw_motion(x11_source *self, bool on) {
    struct {
        xcb_input_event_mask_t head;
        uint32_t bits;
    } mask = {.head = {.deviceid = XCB_INPUT_DEVICE_ALL_MASTER, .mask_len = 1},
              .bits = on ? XCB_INPUT_XI_EVENT_MASK_RAW_MOTION : 0};
    xcb_input_xi_select_events(self->connection, self->root, 1, &mask.head);
}

/** Servers speak X Input 2 only to those who have asked for it. */
static pf_status announce_xinput(x11_source *self, pf_error *error) {
    void *answer;
    unsigned int query = xcb_input_xi_query_version(self->connection, 2, 2).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        self->xinput_opcode = xcb_get_extension_data(self->connection, &xcb_input_id)->major_opcode;
    }
    free(answer);
    return status;
}

pf_status pf_x11_watch_cursor(pf_source *source, bool on, pf_error *error) {
    x11_source *self = (x11_source *)source;
    if (on == self->cursor_watched) {
        return PF_STATUS_OK;
    }
    if (!self->has_xfixes) {
        return pf_source_refuse_cursor(error);
    }
    if (self->xinput_opcode == 0 && pf_x11_has_extension(self, &xcb_input_id)) {
        pf_status status = announce_xinput(self, error);
        if (status != PF_STATUS_OK) {
            return status;
        }
    }
    if (self->xinput_opcode != 0) {
        select_raw_motion(self, on);
    }
    xcb_xfixes_select_cursor_input(self->connection, self->root,
                                   on ? XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR
                                      : (xcb_xfixes_cursor_notify_mask_t)0);
    self->cursor_watched = on;
    self->cursor_image_pending = on;
    /* Nobody will come and look at it any more. */
    self->cursor_moved = false;
    return PF_STATUS_OK;
}

bool pf_x11_is_raw_motion(const x11_source *self, const xcb_generic_event_t *event) {
    const xcb_ge_generic_event_t *generic = (const xcb_ge_generic_event_t *)event;
    return (event->response_type & 0x7f) == XCB_GE_GENERIC && self->xinput_opcode != 0 &&
           generic->extension == self->xinput_opcode && generic->event_type == XCB_INPUT_RAW_MOTION;
}

/** Bytes of the image that have really come: the generated accessors believe
 * what the reply says of its own size. */
static size_t received_bytes(const xcb_xfixes_get_cursor_image_reply_t *image) {
    size_t total_bytes = 32 + (size_t)image->length * 4;
    return total_bytes > sizeof *image ? total_bytes - sizeof *image : 0;
}

static bool is_blank(const uint8_t *pixels, size_t size_bytes) {
    for (size_t at = 0; at < size_bytes; at++) {
        if (pixels[at] != 0) {
            return false;
        }
    }
    return true;
}

/** Keeps a copy of the image; one that cannot be kept is not shown. An empty one is
 * how programs hide the pointer. */
static pf_status keep_image(x11_source *self, const xcb_xfixes_get_cursor_image_reply_t *image,
                            pf_error *error) {
    size_t size_bytes = (size_t)image->width * image->height * PF_BYTES_PER_PIXEL;
    pf_free(self->cursor_pixels);
    self->cursor_pixels = NULL;
    if (size_bytes == 0 || received_bytes(image) < size_bytes) {
        return PF_STATUS_OK;
    }
    const uint32_t *pixels = xcb_xfixes_get_cursor_image_cursor_image(image);
    if (is_blank((const uint8_t *)pixels, size_bytes)) {
        return PF_STATUS_OK;
    }
    self->cursor_pixels = pf_alloc_bytes(size_bytes);
    if (self->cursor_pixels == NULL) {
        return pf_error_no_memory(error, "the pointer's image");
    }
    memcpy(self->cursor_pixels, pixels, size_bytes);
    self->cursor.image.width_px = image->width;
    self->cursor.image.height_px = image->height;
    self->cursor.image.serial = image->cursor_serial;
    self->cursor.hot_x = image->xhot;
    self->cursor.hot_y = image->yhot;
    return PF_STATUS_OK;
}

/** The pointer is there, in the coordinates of the target's window or of the root. */
static void place(x11_source *self, int32_t x, int32_t y) {
    bool in_window = self->target.window != XCB_NONE;
    x -= in_window ? 0 : self->target.x;
    y -= in_window ? 0 : self->target.y;
    self->cursor.image.x = x - (int32_t)self->cursor.hot_x - (int32_t)self->region.x;
    self->cursor.image.y = y - (int32_t)self->cursor.hot_y - (int32_t)self->region.y;
}

static pf_status read_image(x11_source *self, pf_error *error) {
    void *answer;
    unsigned int query = xcb_xfixes_get_cursor_image(self->connection).sequence;
    /* An event that comes with the answer may be of a later image. */
    self->cursor_image_pending = false;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    if (answer == NULL) {
        /* The server shows no pointer. */
        pf_free(self->cursor_pixels);
        self->cursor_pixels = NULL;
        return PF_STATUS_OK;
    }
    const xcb_xfixes_get_cursor_image_reply_t *image = answer;
    status = keep_image(self, image, error);
    place(self, image->x, image->y);
    free(answer);
    return status;
}

static pf_status read_place(x11_source *self, pf_error *error) {
    void *answer;
    xcb_window_t window = self->target.window != XCB_NONE ? self->target.window : self->root;
    unsigned int query = xcb_query_pointer(self->connection, window).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        const xcb_query_pointer_reply_t *pointer = answer;
        bool here = pointer->same_screen;
        place(self, here ? pointer->win_x : INT16_MIN, here ? pointer->win_y : INT16_MIN);
    }
    free(answer);
    return status;
}

pf_status pf_x11_read_cursor(pf_source *source, pf_source_cursor *cursor, pf_error *error) {
    x11_source *self = (x11_source *)source;
    self->cursor_moved = false;
    bool image_pending = self->cursor_image_pending;
    pf_status status = image_pending ? read_image(self, error) : PF_STATUS_OK;
    /* With the image comes its place on the screen, which is not that in a window. */
    if (status == PF_STATUS_OK && (!image_pending || self->target.window != XCB_NONE)) {
        status = read_place(self, error);
    }
    *cursor = self->cursor;
    cursor->image.pixels = self->cursor_pixels;
    return status;
}
