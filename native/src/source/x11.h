/* SPDX-License-Identifier: MPL-2.0 */
/** What the two halves of the X11 source share; nobody else includes this. */
#ifndef PF_SOURCE_X11_H
#define PF_SOURCE_X11_H

#include <xcb/damage.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xcbext.h>
#include <xcb/xfixes.h>

#include "source/source.h"

typedef struct x11_source {
    pf_source base;
    xcb_connection_t *connection;
    pf_wake *wake;
    xcb_window_t root;
    uint8_t depth;
    uint32_t screen_width;
    uint32_t screen_height;
    pf_rect region;
    /** The frame's memory: shared with the server, or ours alone. */
    uint8_t *pixels;
    size_t size_bytes;
    /** XCB_NONE without shared memory. */
    xcb_shm_seg_t segment;
    /** XCB_NONE without DAMAGE; then every band counts as damaged. */
    xcb_damage_damage_t damage;
    xcb_xfixes_region_t damage_region;
    uint8_t damage_event;
    bool damage_pending;
} x11_source;

/** Connects to a display. Whatever it returns, a connection that is not NULL is
 * the caller's to disconnect. */
pf_status pf_x11_connect(const char *display, pf_wake *wake, xcb_connection_t **connection,
                         int *screen_index, pf_error *error);

/** Waits for the reply to a request. NULL in *reply with PF_STATUS_OK where
 * the server answered with an error. The reply is the caller's to free(). */
pf_status pf_x11_reply(x11_source *self, unsigned int sequence, void **reply, pf_error *error);

/** The status of a broken connection. */
pf_status pf_x11_lost(pf_error *error);

/** Makes the frame's memory for self->region, shared if the server can. */
pf_status pf_x11_frame_create(x11_source *self, pf_error *error);
void pf_x11_frame_destroy(x11_source *self);

pf_status pf_x11_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                      void *context, pf_error *error);

#endif
