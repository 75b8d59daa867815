/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A region of an X11 screen. DAMAGE on the root window says where something
 * may have changed: at level NonEmpty the server sends one event and is then
 * silent until asked, so that a still screen wakes nobody
 * (DAMAGE protocol 1.1, "DamageReportNonEmpty").
 */
#include "source/x11.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

static x11_source *of(pf_source *source) {
    return (x11_source *)source;
}

pf_status pf_x11_reply(x11_source *self, unsigned int sequence, void **reply, pf_error *error) {
    xcb_generic_error_t *refusal = NULL;
    *reply = NULL;
    xcb_flush(self->connection);
    while (!xcb_poll_for_reply(self->connection, sequence, reply, &refusal)) {
        if (xcb_connection_has_error(self->connection)) {
            return pf_x11_lost(self, error);
        }
        /* libxcb would keep every event that comes while there is no answer. */
        pf_x11_take_queued_events(self);
        int fd = xcb_get_file_descriptor(self->connection);
        pf_wake_reason reason = pf_wake_wait_answer(self->wake, fd, self->answer_by_ns);
        if (reason != PF_WAKE_FD) {
            xcb_discard_reply(self->connection, sequence);
            return reason == PF_WAKE_STOP ? PF_SOURCE_STOPPED : pf_x11_hangs(error);
        }
    }
    free(refusal);
    if (*reply == NULL && xcb_connection_has_error(self->connection)) {
        return pf_x11_lost(self, error);
    }
    return PF_STATUS_OK;
}

static int x11_poll_fd(pf_source *source) {
    return xcb_get_file_descriptor(of(source)->connection);
}

static void note_root_size(x11_source *self, uint32_t width, uint32_t height) {
    bool differs = width != self->root_width || height != self->root_height;
    self->root_width = width;
    self->root_height = height;
    /* A window that is drawn to a pixmap of its own does not mind. Otherwise a change
     * counts, whatever follows it: pixels may have been lost. */
    if (!self->target.redirected) {
        self->target.look_pending = true;
        self->screen_resized |= differs;
    }
}

pf_status pf_x11_read_screen_size(x11_source *self, pf_error *error) {
    void *answer;
    unsigned int query = xcb_get_geometry(self->connection, self->root).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        const xcb_get_geometry_reply_t *geometry = answer;
        note_root_size(self, geometry->width, geometry->height);
    }
    free(answer);
    return status;
}

static bool is_of_root(const x11_source *self, const xcb_generic_event_t *event) {
    const xcb_configure_notify_event_t *configure = (const void *)event;
    return (event->response_type & 0x7f) == XCB_CONFIGURE_NOTIFY && configure->window == self->root;
}

static void take_event(x11_source *self, const xcb_generic_event_t *event) {
    uint8_t type = event->response_type & 0x7f;
    if (type == self->damage_event && self->damage != XCB_NONE) {
        self->damage_pending = true;
    } else if (is_of_root(self, event)) {
        const xcb_configure_notify_event_t *configure = (const void *)event;
        note_root_size(self, configure->width, configure->height);
    } else if (pf_x11_take_target_event(self, event)) {
        return;
    } else if (type == self->xfixes_event && self->has_xfixes) {
        self->cursor_image_pending = self->cursor_watched;
    } else if (pf_x11_is_raw_motion(self, event)) {
        self->cursor_moved = self->cursor_watched;
    }
}

void pf_x11_take_queued_events(x11_source *self) {
    xcb_generic_event_t *event;
    while ((event = xcb_poll_for_queued_event(self->connection)) != NULL) {
        take_event(self, event);
        free(event);
    }
}

void pf_x11_take_events(x11_source *self) {
    pf_x11_take_queued_events(self);
    /* Reads once: a server may send faster than we take, and what is left wakes us
     * again. */
    xcb_generic_event_t *event = xcb_poll_for_event(self->connection);
    if (event != NULL) {
        take_event(self, event);
        free(event);
        pf_x11_take_queued_events(self);
    }
}

static pf_status x11_dispatch(pf_source *source, pf_source_events *events, pf_error *error) {
    x11_source *self = of(source);
    pf_x11_take_events(self);
    pf_status status = pf_x11_follow_target(self, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    if (xcb_connection_has_error(self->connection)) {
        return pf_x11_lost(self, error);
    }
    *events = (pf_source_events){
        .damaged = self->damage_pending || self->damage == XCB_NONE,
        .cursor_changed = self->cursor_moved || self->cursor_image_pending,
        .screen_resized = self->screen_resized,
    };
    return PF_STATUS_OK;
}

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/** Adds the part of a rectangle that lies in the region. */
static void add_damage(const x11_source *self, const xcb_rectangle_t *rect, pf_damage *damage) {
    int32_t left = pf_x11_damage_x(self) + (int32_t)self->region.x;
    int32_t top = pf_x11_damage_y(self) + (int32_t)self->region.y;
    int32_t right = left + (int32_t)self->region.width;
    int32_t bottom = top + (int32_t)self->region.height;
    int32_t x = larger(rect->x, left), x_end = smaller(rect->x + rect->width, right);
    int32_t y = larger(rect->y, top), y_end = smaller(rect->y + rect->height, bottom);
    if (x < x_end && y < y_end) {
        pf_damage_add(damage, (pf_rect){(uint32_t)(x - left), (uint32_t)(y - top),
                                        (uint32_t)(x_end - x), (uint32_t)(y_end - y)});
    }
}

static void add_everything(const x11_source *self, pf_damage *damage) {
    pf_damage_add(damage, (pf_rect){0, 0, self->region.width, self->region.height});
}

/** Takes the damage so far off the server's list and reads it in one round
 * trip: whatever is drawn later makes a new event. */
static pf_status x11_damage(pf_source *source, pf_damage *damage, pf_error *error) {
    x11_source *self = of(source);
    if (self->damage == XCB_NONE) {
        add_everything(self, damage);
        return PF_STATUS_OK;
    }
    xcb_damage_subtract(self->connection, self->damage, XCB_NONE, self->damage_region);
    xcb_xfixes_fetch_region_cookie_t cookie =
        xcb_xfixes_fetch_region(self->connection, self->damage_region);
    /* An event that comes with the answer is of later damage. */
    self->damage_pending = false;
    void *answer;
    pf_status status = pf_x11_reply(self, cookie.sequence, &answer, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    if (answer == NULL) {
        add_everything(self, damage);
        return PF_STATUS_OK;
    }
    xcb_xfixes_fetch_region_reply_t *region = answer;
    const xcb_rectangle_t *rects = xcb_xfixes_fetch_region_rectangles(region);
    int count = xcb_xfixes_fetch_region_rectangles_length(region);
    for (int index = 0; index < count; index++) {
        add_damage(self, &rects[index], damage);
    }
    free(region);
    return PF_STATUS_OK;
}

static pf_status x11_set_region(pf_source *source, pf_rect region, pf_error *error) {
    x11_source *self = of(source);
    region = pf_source_fill_region(region, self->base.screen_width, self->base.screen_height);
    bool same_size = self->pixels != NULL && region.width == self->region.width &&
                     region.height == self->region.height;
    self->region = region;
    self->screen_resized = false;
    self->cursor_image_pending = self->cursor_watched;
    if (same_size) {
        memset(self->pixels, 0, self->size_bytes);
        return PF_STATUS_OK;
    }
    pf_x11_frame_destroy(self);
    return pf_x11_frame_create(self, error);
}

static void x11_close(pf_source *source) {
    x11_source *self = of(source);
    pf_x11_end_opening(self);
    pf_x11_frame_destroy(self);
    pf_free(self->cursor_pixels);
    if (self->connection != NULL) {
        pf_wake_cut_on_stop(self->wake, -1);
        xcb_disconnect(self->connection);
        pf_x11_close_unsent(self);
    }
    pf_free(self);
}

static const pf_source_ops x11_ops = {
    .poll_fd = x11_poll_fd,
    .dispatch = x11_dispatch,
    .damage = x11_damage,
    .grab = pf_x11_grab,
    .set_region = x11_set_region,
    .watch_cursor = pf_x11_watch_cursor,
    .read_cursor = pf_x11_read_cursor,
    .close = x11_close,
};

bool pf_x11_has_extension(x11_source *self, xcb_extension_t *extension) {
    const xcb_query_extension_reply_t *answer = xcb_get_extension_data(self->connection, extension);
    return answer != NULL && answer->present;
}

/** Asks for the extensions all at once, and waits as one can be called off:
 * xcb_get_extension_data would block on a server that hangs. */
static pf_status query_extensions(x11_source *self, pf_error *error) {
    xcb_extension_t *extensions[] = {&xcb_shm_id,   &xcb_damage_id, &xcb_xfixes_id,
                                     &xcb_input_id, &xcb_randr_id,  &xcb_composite_id};
    for (size_t index = 0; index < sizeof extensions / sizeof *extensions; index++) {
        xcb_prefetch_extension_data(self->connection, extensions[index]);
    }
    void *answer;
    unsigned int behind_them = xcb_get_input_focus(self->connection).sequence;
    pf_status status = pf_x11_reply(self, behind_them, &answer, error);
    free(answer);
    return status;
}

/** Servers speak an extension's newer parts to those who have asked for it. */
static pf_status announce_xfixes(x11_source *self, pf_error *error) {
    if (!pf_x11_has_extension(self, &xcb_xfixes_id)) {
        return PF_STATUS_OK;
    }
    void *answer;
    unsigned int query = xcb_xfixes_query_version(self->connection, 2, 0).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        self->has_xfixes = true;
        self->base.cursor_supported = true;
        self->xfixes_event = xcb_get_extension_data(self->connection, &xcb_xfixes_id)->first_event +
                             XCB_XFIXES_CURSOR_NOTIFY;
    }
    free(answer);
    return status;
}

/** Without DAMAGE, or the XFIXES regions it reports in, we go without. */
static pf_status watch_damage(x11_source *self, pf_error *error) {
    if (!self->has_xfixes || !pf_x11_has_extension(self, &xcb_damage_id)) {
        return PF_STATUS_OK;
    }
    void *answer;
    unsigned int query = xcb_damage_query_version(self->connection, 1, 1).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        self->damage_event = xcb_get_extension_data(self->connection, &xcb_damage_id)->first_event +
                             XCB_DAMAGE_NOTIFY;
        self->damage = pf_x11_id(self, X11_ID_DAMAGE);
        self->damage_region = pf_x11_id(self, X11_ID_DAMAGE_REGION);
        xcb_damage_create(self->connection, self->damage,
                          self->target.redirected ? self->target.window : self->root,
                          XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
        xcb_xfixes_create_region(self->connection, self->damage_region, 0, NULL);
        /* The server counts the whole window as damaged at first, but the
         * first frame takes everything anyway: take that damage off. */
        self->damage_pending = true;
    }
    free(answer);
    return status;
}

/** The root window tells of its size, whoever changes it. The size is read
 * after that is asked for, so that no change falls between. */
static pf_status watch_screen_size(x11_source *self, pf_error *error) {
    uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
    xcb_change_window_attributes(self->connection, self->root, XCB_CW_EVENT_MASK, &mask);
    return pf_x11_read_screen_size(self, error);
}

uint32_t pf_x11_id(const x11_source *self, x11_id thing) {
    return self->id_base | thing * self->id_step;
}

/** Connects, and finds the screen that the display's name means. */
static pf_status reach_screen(x11_source *self, const pf_source_request *request, pf_error *error) {
    int screen_index = 0;
    pf_status status = pf_x11_connect(self, request, &screen_index, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    const xcb_setup_t *setup = xcb_get_setup(self->connection);
    const xcb_screen_t *screen;
    pf_wake_cut_on_stop(self->wake, xcb_get_file_descriptor(self->connection));
    status = pf_x11_choose_screen(setup, screen_index, &screen, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    self->id_base = setup->resource_id_base;
    self->id_step = setup->resource_id_mask & -setup->resource_id_mask;
    self->root = screen->root;
    return watch_screen_size(self, error);
}

static pf_status set_up(x11_source *self, const pf_source_request *request, pf_error *error) {
    pf_status status = reach_screen(self, request, error);
    if (status == PF_STATUS_OK) {
        status = query_extensions(self, error);
    }
    if (status == PF_STATUS_OK) {
        status = pf_x11_choose_target(self, request, error);
    }
    if (status == PF_STATUS_OK) {
        status = announce_xfixes(self, error);
    }
    if (status == PF_STATUS_OK) {
        status = watch_damage(self, error);
    }
    if (status == PF_STATUS_OK) {
        status = pf_x11_find_target(self, request->any_region, error);
    }
    if (status == PF_STATUS_OK && !request->any_region) {
        const char *target = pf_source_target_word(request->window, request->monitor);
        status = pf_source_check_region(request->region, target, self->base.screen_width,
                                        self->base.screen_height, error);
    }
    if (status == PF_STATUS_OK) {
        status = x11_set_region(&self->base, request->region, error);
    }
    return status;
}

pf_status pf_x11_open(const pf_source_request *request, pf_source **source, pf_error *error) {
    x11_source *self = pf_alloc(1, sizeof *self);
    if (self == NULL) {
        return pf_error_no_memory(error, "the X11 source");
    }
    self->base.ops = &x11_ops;
    self->wake = request->wake;
    self->answer_by_ns = pf_clock_now_ns() + PF_X11_OPEN_S_MAX * PF_NS_PER_S;
    pf_status status = set_up(self, request, error);
    /* On a broken connection every extension seems to be missing. */
    if (status == PF_STATUS_OK && xcb_connection_has_error(self->connection)) {
        status = pf_x11_lost(self, error);
    }
    if (status != PF_STATUS_OK) {
        x11_close(&self->base);
        return status;
    }
    *source = &self->base;
    return PF_STATUS_OK;
}
