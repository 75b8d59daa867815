/* SPDX-License-Identifier: MPL-2.0 */
/** What the two halves of the X11 source share; nobody else includes this. */
#ifndef PF_SOURCE_X11_H
#define PF_SOURCE_X11_H

#include <sys/types.h>

#include <xcb/composite.h>
#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xcbext.h>
#include <xcb/xfixes.h>
#include <xcb/xinput.h>

#include "source/source.h"

/* A server that has not shown its first picture is given up so late. Later it
 * may take its time: a stop ends the wait. */
#define PF_X11_OPEN_S_MAX 5u

/** What has an id of its own on the server. */
typedef enum x11_id {
    X11_ID_DAMAGE = 1,
    X11_ID_DAMAGE_REGION,
    X11_ID_SEGMENT,
    /** A window's pixels, and those that follow them. */
    X11_ID_PIXMAP,
    X11_ID_NEXT_PIXMAP
} x11_id;

/** What the region is a part of: the screen, a monitor of it, or a window. Its size
 * is the source's screen_width and screen_height. */
typedef struct x11_target {
    /** Empty unless it is a monitor. */
    char monitor[PF_MONITOR_BYTES_MAX];
    /** XCB_NONE unless it is a window. */
    xcb_window_t window;
    /** Where its pixels are read, and the size of that: the root window, or the
     * pixmap to which the server draws the window alone. */
    xcb_drawable_t drawable;
    uint32_t drawable_width;
    uint32_t drawable_height;
    /** Its top left corner there. */
    int32_t x;
    int32_t y;
    /** Its pixels can be read now. */
    bool shown;
    /** A window is drawn to a pixmap of its own. */
    bool redirected;
    /** A window's border, as the pixmap has it. */
    uint32_t border;
    /** Something has happened to it that has to be looked at. */
    bool look_pending;
    /** The window has been destroyed. */
    bool gone;
} x11_target;

/** x11_connect.c's: what connects, and watches what comes behind that. */
typedef struct x11_opening x11_opening;

typedef struct x11_source {
    pf_source base;
    xcb_connection_t *connection;
    pf_wake *wake;
    /** When an answer is waited for no longer; PF_NEVER_NS when the source is open. */
    uint64_t answer_by_ns;
    /** NULL when the source is open. */
    x11_opening *opening;
    /** The ids that the server leaves to us: the first, and how far the next is. */
    uint32_t id_base;
    uint32_t id_step;
    xcb_window_t root;
    uint32_t root_width;
    uint32_t root_height;
    x11_target target;
    /** 0 without RandR. */
    uint8_t randr_event;
    /** As filled in; it may reach beyond a screen that has shrunk. */
    pf_rect region;
    bool screen_resized;
    /** The frame's memory: shared with the server, or ours alone. */
    uint8_t *pixels;
    size_t size_bytes;
    /** XCB_NONE without shared memory. */
    xcb_shm_seg_t segment;
    /** What was handed to libxcb last, to be sent and closed; its inode 0: nothing. */
    int sent_fd;
    dev_t sent_device;
    ino_t sent_inode;
    /** XCB_NONE without DAMAGE; then every band counts as damaged. */
    xcb_damage_damage_t damage;
    xcb_xfixes_region_t damage_region;
    uint8_t damage_event;
    bool damage_pending;
    bool has_xfixes;

    /** x11_cursor.c's. */
    bool cursor_watched;
    bool cursor_moved;
    bool cursor_image_pending;
    uint8_t xfixes_event;
    /** 0 without the X Input extension. */
    uint8_t xinput_opcode;
    pf_source_cursor cursor;
    /** NULL where there is nothing to be seen. */
    uint8_t *cursor_pixels;
} x11_source;

/** Connects with the cookie that a file has for a display. NULL where it has none, no
 * file is named (""), or it cannot be read: then the cookie has to be libxcb's to
 * find. Blocks as xcb_connect does. */
xcb_connection_t *pf_x11_connect_by_cookie(const char *display, const char *authority_path,
                                           int *screen_index);

/** Connects to a display, and has the connection watched from then on: it is cut
 * at answer_by_ns unless pf_x11_end_opening comes before. Whatever this returns,
 * that has to be called, and then a connection that is not NULL is to be
 * disconnected. */
pf_status pf_x11_connect(x11_source *self, const pf_source_request *request, int *screen_index,
                         pf_error *error);

/** Ends the watch, which has no thread then. False where it has cut the connection;
 * the second time, true. */
bool pf_x11_end_opening(x11_source *self);

/** Finds a screen whose pixels can be read. */
pf_status pf_x11_choose_screen(const xcb_setup_t *setup, int index, const xcb_screen_t **screen,
                               pf_error *error);

/** The id of one of our things on the server, of which there is never more than
 * one of a kind at a time. xcb_generate_id is not for us: it asks a server that has
 * given few for more, without a limit of time, and aborts where it gets none. */
uint32_t pf_x11_id(const x11_source *self, x11_id thing);

/** Waits for the reply to a request. NULL in *reply with PF_STATUS_OK where
 * the server answered with an error. The reply is the caller's to free(). */
pf_status pf_x11_reply(x11_source *self, unsigned int sequence, void **reply, pf_error *error);

/** Whether the server has the extension. Known without asking once the source
 * is open. */
bool pf_x11_has_extension(x11_source *self, xcb_extension_t *extension);

/** The status of a broken connection. */
pf_status pf_x11_lost(x11_source *self, pf_error *error);

/** The status of a server that did not show its first picture in time. */
pf_status pf_x11_hangs(pf_error *error);

/** Whether pixels of this visual are the BGRX that everything behind this reads. */
bool pf_x11_visual_is_readable(const xcb_setup_t *setup, xcb_visualid_t visual, uint8_t depth);

/** Chooses what the request asks for, and has the server tell of it from then on.
 * Comes before DAMAGE is watched, which may be that of a window. */
pf_status pf_x11_choose_target(x11_source *self, const pf_source_request *request, pf_error *error);

/** Finds where that is; only where it may be missing, a monitor may be. */
pf_status pf_x11_find_target(x11_source *self, bool may_be_missing, pf_error *error);

/** Looks at what has become of the target, where there is reason to. */
pf_status pf_x11_follow_target(x11_source *self, pf_error *error);

/** Takes an event where it is one of the target's; false where it is not. */
bool pf_x11_take_target_event(x11_source *self, const xcb_generic_event_t *event);

/** Where the target's top left corner is in the coordinates in which DAMAGE tells of
 * it. */
int32_t pf_x11_damage_x(const x11_source *self);
int32_t pf_x11_damage_y(const x11_source *self);

/** Where a target's pixels are. */
typedef struct x11_place {
    xcb_drawable_t drawable;
    uint32_t drawable_width;
    uint32_t drawable_height;
    int32_t x;
    int32_t y;
    uint32_t width;
    uint32_t height;
} x11_place;

/** The target is shown, and there. Where it was not, it says that all has changed. */
void pf_x11_place_target(x11_source *self, const x11_place *place);

/** x11_monitor.c's and x11_window.c's parts of the functions above. */
pf_status pf_x11_choose_monitor(x11_source *self, pf_error *error);
pf_status pf_x11_find_monitor(x11_source *self, bool may_be_missing, pf_error *error);
pf_status pf_x11_look_at_monitor(x11_source *self, pf_error *error);
pf_status pf_x11_choose_window(x11_source *self, pf_error *error);
pf_status pf_x11_find_window(x11_source *self, pf_error *error);
pf_status pf_x11_look_at_window(x11_source *self, pf_error *error);
bool pf_x11_take_window_event(x11_source *self, const xcb_generic_event_t *event);

/** Makes the frame's memory for self->region, shared if the server can. */
pf_status pf_x11_frame_create(x11_source *self, pf_error *error);
void pf_x11_frame_destroy(x11_source *self);

/** Closes a segment's descriptor that was not sent before the connection broke.
 * Only after that has been disconnected. */
void pf_x11_close_unsent(x11_source *self);

/** The part of the region whose pixels can be read, in the region's coordinates. */
pf_rect pf_x11_visible_part(const x11_source *self);

/** Takes an event, if there is one, and those that come with it. */
void pf_x11_take_events(x11_source *self);

/** Takes the events that have been read already, without looking for more. */
void pf_x11_take_queued_events(x11_source *self);

/** Takes over the screen's size as the server tells it now. */
pf_status pf_x11_read_screen_size(x11_source *self, pf_error *error);

bool pf_x11_is_raw_motion(const x11_source *self, const xcb_generic_event_t *event);
pf_status pf_x11_watch_cursor(pf_source *source, bool on, pf_error *error);
pf_status pf_x11_read_cursor(pf_source *source, pf_source_cursor *cursor, pf_error *error);

pf_status pf_x11_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                      void *context, pf_error *error);

#endif
