/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Where pixels come from. A source is a struct of functions and one line in
 * pf_source_open; it knows nothing of stripes, codecs or threads.
 *
 * All functions are called by the capture thread alone. Those that wait for
 * somebody else's answer give up when the capture is asked to stop, with
 * PF_SOURCE_STOPPED.
 */
#ifndef PF_SOURCE_SOURCE_H
#define PF_SOURCE_SOURCE_H

#include <stdbool.h>

#include "base/bands.h"
#include "base/error.h"
#include "base/image.h"
#include "base/wake.h"

/** The capture is stopping; neither success nor a failure to tell of. */
#define PF_SOURCE_STOPPED ((pf_status)PF_STATUS_ENDED)

typedef struct pf_source pf_source;

/** What a source has to say between two frames. */
typedef struct pf_source_events {
    /** Pixels may have changed: `damage` says where. */
    bool damaged;
    /** The watched pointer has moved or looks different. */
    bool cursor_changed;
    /** The screen has another size or place: set_region has to be called. */
    bool screen_resized;
} pf_source_events;

/** Told as bands arrive, in order, while a grab is still going on. */
typedef void (*pf_bands_arrived)(void *context, pf_band_range bands);

/** The pointer as a source sees it. */
typedef struct pf_source_cursor {
    /** Its image, placed in the region; without pixels where there is none to be seen. */
    pf_sprite image;
    /** Its hot spot, from the image's top left corner. */
    uint32_t hot_x;
    uint32_t hot_y;
} pf_source_cursor;

typedef struct pf_source_ops {
    /** The descriptor that becomes readable with news, or -1. */
    int (*poll_fd)(pf_source *source);
    /** Reads what has arrived. Waits for an answer only where it has to ask what
     * has become of a window or a monitor. */
    pf_status (*dispatch)(pf_source *source, pf_source_events *events, pf_error *error);
    /** Adds what may have changed since the last call: all that anybody has drawn
     * before this one, told of by dispatch or not. */
    pf_status (*damage)(pf_source *source, pf_damage *damage, pf_error *error);
    /** Brings these bands of the frame up to date. */
    pf_status (*grab)(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                      void *context, pf_error *error);
    /** Moves or resizes the region, or fits it to a screen that has changed.
     * Never refuses: what lies off the screen is black. All of the frame is
     * out of date then, and source->frame may lie elsewhere. */
    pf_status (*set_region)(pf_source *source, pf_rect region, pf_error *error);
    /** Begins or ends to tell of the pointer. NULL where there is none. Refuses
     * where it is not supported. */
    pf_status (*watch_cursor)(pf_source *source, bool on, pf_error *error);
    /** Looks at the watched pointer. The pixels are the source's and stay until the
     * next look. */
    pf_status (*read_cursor)(pf_source *source, pf_source_cursor *cursor, pf_error *error);
    void (*close)(pf_source *source);
} pf_source_ops;

struct pf_source {
    const pf_source_ops *ops;
    /** Of what the region is a part of: the screen, or the monitor or window that
     * was asked for. */
    uint32_t screen_width;
    uint32_t screen_height;
    /** The pointer can be watched, or is none to be watched. */
    bool cursor_supported;
    /** The whole captured region. Its memory belongs to the source; bands that
     * no grab touches stay as they were. */
    pf_image frame;
};

/** Where to read from: the fields of pf_settings that a source needs. */
typedef struct pf_source_request {
    const char *display;
    /** The file of cookies to look into first; NULL or empty for none. */
    const char *authority_path;
    /** 0: none. */
    uint32_t window;
    /** Empty: none. */
    const char *monitor;
    /** Width and height 0: the rest of the screen. */
    pf_rect region;
    /** The region need not lie on the screen: it did on the one before. */
    bool any_region;
    pf_wake *wake;
} pf_source_request;

/** Opens the source that the display's name asks for. */
pf_status pf_source_open(const pf_source_request *request, pf_source **source, pf_error *error);

/** The sources there are; called by pf_source_open. */
pf_status pf_x11_open(const pf_source_request *request, pf_source **source, pf_error *error);
pf_status pf_synthetic_open(const pf_source_request *request, pf_source **source, pf_error *error);
pf_status pf_frames_open(const pf_source_request *request, pf_source **source, pf_error *error);

#define PF_SYNTHETIC_SCHEME "synthetic://"
#define PF_FRAMES_SCHEME "frames://"
/** Whether it is one of these schemes, and not an X display. */
bool pf_source_is_ours(const char *display);

/** What the region is a part of: "screen", "window" or "monitor". */
const char *pf_source_target_word(uint32_t window, const char *monitor);

/** Checks that the region lies within its target, which is of this size, as it has to
 * at the start and when it is asked for. */
pf_status pf_source_check_region(pf_rect region, const char *target, uint32_t width,
                                 uint32_t height, pf_error *error);

/** The refusal of a source that cannot tell of the pointer. */
pf_status pf_source_refuse_cursor(pf_error *error);

/** Fills in sides of 0: the rest of the screen, but never nothing. */
pf_rect pf_source_fill_region(pf_rect region, uint32_t screen_width, uint32_t screen_height);

#endif
