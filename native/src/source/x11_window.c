/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A window. The server draws it to a pixmap of its own, and from there to the screen
 * (Composite 0.4, RedirectWindow with update Automatic), so that nothing which lies
 * over it, and nothing that it reaches beyond, is missing in the pixmap. That is
 * another pixmap whenever the window has been resized or shown again (NameWindowPixmap);
 * the one that we have keeps its pixels as they were. Without Composite it is the
 * part of the screen where the window is.
 *
 * A window may go away between any two requests: what the server refuses counts as no
 * answer, and the event that tells why is there, or on its way.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "source/x11.h"

/* How long a program may take to begin to draw anew, to go on, and to end: one that is
 * busy is not waited for, and what it draws later comes with later frames. */
#define REDRAW_BEGIN_NS_MAX (PF_NS_PER_S / 10)
#define REDRAW_QUIET_NS (PF_NS_PER_S / 50)
#define REDRAW_NS_MAX (PF_NS_PER_S / 4)

/** What one look has found. */
typedef struct x11_look {
    xcb_get_window_attributes_reply_t *attributes;
    xcb_get_geometry_reply_t *geometry;
    xcb_translate_coordinates_reply_t *origin;
    /** Of the pixmap, named anew; NULL without one. */
    xcb_get_geometry_reply_t *pixmap;
} x11_look;

static void free_look(x11_look *found) {
    free(found->attributes);
    free(found->geometry);
    free(found->origin);
    free(found->pixmap);
}

/** The id under which the pixmap is named next: the present one may have to stay. */
static xcb_pixmap_t next_pixmap(const x11_source *self) {
    xcb_pixmap_t first = pf_x11_id(self, X11_ID_PIXMAP);
    return self->target.drawable == first ? pf_x11_id(self, X11_ID_NEXT_PIXMAP) : first;
}

/** Asks for everything at once: one round trip, and hardly anything can happen between. */
static pf_status ask(x11_source *self, x11_look *found, pf_error *error) {
    xcb_connection_t *connection = self->connection;
    xcb_window_t window = self->target.window;
    unsigned int queries[4] = {
        xcb_get_window_attributes(connection, window).sequence,
        xcb_get_geometry(connection, window).sequence,
        xcb_translate_coordinates(connection, window, self->root, 0, 0).sequence,
    };
    uint32_t count = 3;
    if (self->target.redirected) {
        xcb_composite_name_window_pixmap(connection, window, next_pixmap(self));
        queries[count++] = xcb_get_geometry(connection, next_pixmap(self)).sequence;
    }
    void *answers[4] = {NULL};
    pf_status status = PF_STATUS_OK;
    for (uint32_t index = 0; index < count; index++) {
        if (status == PF_STATUS_OK) {
            status = pf_x11_reply(self, queries[index], &answers[index], error);
        } else {
            xcb_discard_reply(connection, queries[index]);
        }
    }
    *found = (x11_look){answers[0], answers[1], answers[2], answers[3]};
    return status;
}

static pf_status tell_gone(const x11_source *self, bool was_there, pf_error *error) {
    return pf_error_set(error, PF_STATUS_WINDOW_GONE,
                        was_there ? "window: the window %u has been destroyed"
                                  : "window: there is no window %u on this display",
                        self->target.window);
}

static bool is_viewable(const x11_look *found) {
    return found->attributes->map_state == XCB_MAP_STATE_VIEWABLE;
}

/** Takes over the pixmap that was named anew, if it was. The old one goes. */
static void adopt_pixmap(x11_source *self, const x11_look *found) {
    x11_target *target = &self->target;
    uint32_t borders = 2u * found->geometry->border_width;
    if (found->pixmap == NULL) {
        return; /* Unmapped meanwhile. */
    }
    if (found->pixmap->width <= borders || found->pixmap->height <= borders) {
        xcb_free_pixmap(self->connection, next_pixmap(self));
        return;
    }
    xcb_pixmap_t old = target->drawable, pixmap = next_pixmap(self);
    target->border = found->geometry->border_width;
    pf_x11_place_target(self, &(x11_place){.drawable = pixmap,
                                           .drawable_width = found->pixmap->width,
                                           .drawable_height = found->pixmap->height,
                                           .x = (int32_t)target->border,
                                           .y = (int32_t)target->border,
                                           .width = found->pixmap->width - borders,
                                           .height = found->pixmap->height - borders});
    if (old != XCB_NONE) {
        xcb_free_pixmap(self->connection, old);
    }
}

static void adopt_place(x11_source *self, const x11_look *found) {
    pf_x11_place_target(self, &(x11_place){.drawable = self->root,
                                           .drawable_width = self->root_width,
                                           .drawable_height = self->root_height,
                                           .x = found->origin->dst_x,
                                           .y = found->origin->dst_y,
                                           .width = found->geometry->width,
                                           .height = found->geometry->height});
}

pf_status pf_x11_look_at_window(x11_source *self, pf_error *error) {
    x11_look found;
    if (self->target.gone) {
        return tell_gone(self, true, error);
    }
    pf_status status = ask(self, &found, error);
    bool there = found.attributes != NULL && found.geometry != NULL && found.origin != NULL;
    if (status == PF_STATUS_OK && !there) {
        status = tell_gone(self, true, error);
    }
    if (status == PF_STATUS_OK && self->target.redirected) {
        adopt_pixmap(self, &found);
    } else if (status == PF_STATUS_OK && is_viewable(&found)) {
        adopt_place(self, &found);
    } else if (status == PF_STATUS_OK) {
        self->target.shown = false; /* The frame stays as it is. */
    }
    free_look(&found);
    return status;
}

/** A window that is no longer the size it was has another pixmap, and so has one that
 * is shown again; one that was only moved has the same. */
static bool is_news(const x11_source *self, const xcb_generic_event_t *event) {
    const xcb_configure_notify_event_t *configure = (const void *)event;
    bool only_moved = (event->response_type & 0x7f) == XCB_CONFIGURE_NOTIFY &&
                      self->target.redirected && configure->width == self->base.screen_width &&
                      configure->height == self->base.screen_height &&
                      configure->border_width == self->target.border;
    return !only_moved;
}

bool pf_x11_take_window_event(x11_source *self, const xcb_generic_event_t *event) {
    uint8_t type = event->response_type & 0x7f;
    /* In all of these the window is in the same place. */
    const xcb_configure_notify_event_t *configure = (const void *)event;
    bool mine =
        (type == XCB_CONFIGURE_NOTIFY || type == XCB_MAP_NOTIFY || type == XCB_UNMAP_NOTIFY ||
         type == XCB_REPARENT_NOTIFY || type == XCB_DESTROY_NOTIFY) &&
        configure->window == self->target.window;
    if (mine) {
        /* Another client can send any event; one that it sends is looked into. */
        self->target.gone |= event->response_type == XCB_DESTROY_NOTIFY;
        self->target.look_pending |= is_news(self, event);
        self->cursor_moved = self->cursor_watched;
    }
    return mine;
}

/** Whether windows can be drawn to pixmaps that have names (Composite 0.2). */
static pf_status can_redirect(x11_source *self, bool *can, pf_error *error) {
    *can = false;
    if (!pf_x11_has_extension(self, &xcb_composite_id)) {
        return PF_STATUS_OK;
    }
    void *answer;
    unsigned int query = xcb_composite_query_version(self->connection, 0, 4).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        const xcb_composite_query_version_reply_t *version = answer;
        *can = version->major_version > 0 || version->minor_version >= 2;
    }
    free(answer);
    return status;
}

/** Refuses windows that cannot be captured, for reasons that stay. */
static pf_status check_window(x11_source *self, const x11_look *found, bool redirect,
                              pf_error *error) {
    xcb_window_t window = self->target.window;
    if (found->attributes == NULL || found->geometry == NULL || found->origin == NULL) {
        return tell_gone(self, false, error);
    }
    if (found->geometry->root != self->root) {
        return pf_error_set(error, PF_STATUS_WINDOW_GONE,
                            "window: the window %u is on another screen of this display; name "
                            "that, as in \":0.1\"",
                            window);
    }
    if (found->attributes->_class == XCB_WINDOW_CLASS_INPUT_ONLY) {
        return pf_error_set(error, PF_STATUS_DISPLAY_UNSUPPORTED,
                            "window: the window %u is for input only and has no pixels", window);
    }
    if (redirect && !pf_x11_visual_is_readable(xcb_get_setup(self->connection),
                                               found->attributes->visual, found->geometry->depth)) {
        return pf_error_set(error, PF_STATUS_DISPLAY_UNSUPPORTED,
                            "window: the pixels of the window %u (depth %u) are not 32-bit BGRX",
                            window, found->geometry->depth);
    }
    if (!is_viewable(found)) {
        return pf_error_set(error, PF_STATUS_WINDOW_HIDDEN,
                            "window: the window %u is not shown; map it, or wait until its "
                            "program has",
                            window);
    }
    return PF_STATUS_OK;
}

pf_status pf_x11_choose_window(x11_source *self, pf_error *error) {
    bool redirect;
    pf_status status = can_redirect(self, &redirect, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
    xcb_change_window_attributes(self->connection, self->target.window, XCB_CW_EVENT_MASK, &mask);
    x11_look found;
    status = ask(self, &found, error);
    if (status == PF_STATUS_OK) {
        status = check_window(self, &found, redirect, error);
    }
    free_look(&found);
    self->target.redirected = redirect && status == PF_STATUS_OK;
    return status;
}

/** Whether anything was drawn since the last time. */
static pf_status take_damage(x11_source *self, bool *any, pf_error *error) {
    void *answer;
    xcb_damage_subtract(self->connection, self->damage, XCB_NONE, self->damage_region);
    unsigned int query = xcb_xfixes_fetch_region(self->connection, self->damage_region).sequence;
    self->damage_pending = false;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    const xcb_xfixes_fetch_region_reply_t *region = answer;
    *any = region != NULL && region->length > 0;
    free(answer);
    return status;
}

/** Waits until the program has drawn what was covered so far: the server has painted
 * that with the window's background, and has told the program. */
static pf_status await_redrawing(x11_source *self, pf_error *error) {
    bool uncovered;
    pf_status status = take_damage(self, &uncovered, error);
    if (status != PF_STATUS_OK || !uncovered) {
        return status;
    }
    uint64_t begin_ns = pf_clock_now_ns(), quiet_ns = begin_ns + REDRAW_BEGIN_NS_MAX;
    while (pf_clock_now_ns() < quiet_ns) {
        int fd = xcb_get_file_descriptor(self->connection);
        if (pf_wake_wait_answer(self->wake, fd, quiet_ns) == PF_WAKE_STOP) {
            return PF_SOURCE_STOPPED;
        }
        pf_x11_take_events(self);
        if (xcb_connection_has_error(self->connection)) {
            return pf_x11_lost(self, error);
        }
        if (self->damage_pending) {
            self->damage_pending = false;
            xcb_damage_subtract(self->connection, self->damage, XCB_NONE, XCB_NONE);
            xcb_flush(self->connection);
            quiet_ns = pf_clock_now_ns() + REDRAW_QUIET_NS;
            uint64_t end_ns = begin_ns + REDRAW_NS_MAX;
            quiet_ns = quiet_ns < end_ns ? quiet_ns : end_ns;
        }
    }
    return PF_STATUS_OK;
}

static pf_status redirect(x11_source *self, pf_error *error) {
    if (self->damage != XCB_NONE) {
        xcb_damage_subtract(self->connection, self->damage, XCB_NONE, XCB_NONE);
    }
    xcb_composite_redirect_window(self->connection, self->target.window,
                                  XCB_COMPOSITE_REDIRECT_AUTOMATIC);
    return self->damage == XCB_NONE ? PF_STATUS_OK : await_redrawing(self, error);
}

pf_status pf_x11_find_window(x11_source *self, pf_error *error) {
    pf_status status = self->target.redirected ? redirect(self, error) : PF_STATUS_OK;
    self->target.look_pending = false;
    if (status == PF_STATUS_OK) {
        status = pf_x11_look_at_window(self, error);
    }
    if (status == PF_STATUS_OK && !self->target.shown) {
        return pf_error_set(error, PF_STATUS_WINDOW_HIDDEN,
                            "window: the window %u is not shown any more", self->target.window);
    }
    return status;
}
