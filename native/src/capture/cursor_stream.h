/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The pointer on its way to a reader who draws it himself: looked at by the
 * capture thread beside the frames, drained by any thread. There is no queue: what
 * has not been drained is overtaken.
 */
#ifndef PF_CAPTURE_CURSOR_STREAM_H
#define PF_CAPTURE_CURSOR_STREAM_H

#include "capture/frame.h"
#include "capture/pacer.h"

/** An image that the reader has. */
typedef struct pf_cursor_known {
    uint64_t serial;
    /** 0: none. */
    uint32_t id;
} pf_cursor_known;

typedef struct pf_cursor_stream {
    /** Borrowed. */
    pf_outbox *outbox;

    /** The capture thread's own. */
    bool on;
    /** It is to be looked at though nobody has told of it. */
    bool look;
    pf_pacer pacer;

    pthread_mutex_t lock;
    /** As it is told next, or was told; without the image's fields. */
    pf_cursor state;
    /** It differs from what has been drained. */
    bool changed;
    /** An image that the reader does not have yet; owned, or NULL. */
    pf_buffer *image;
    pf_cursor_known image_name;
    pf_cursor image_fields;
    /** The last that were handed out; the next takes the oldest's place. */
    pf_cursor_known known[PF_CURSOR_IMAGE_COUNT_MAX];
    uint32_t known_next;
    uint32_t last_id;
    /** Nothing is handed out any more. */
    bool closed;
} pf_cursor_stream;

void pf_cursor_stream_init(pf_cursor_stream *stream, pf_outbox *outbox);
/** Releases what was not drained. */
void pf_cursor_stream_deinit(pf_cursor_stream *stream);

/** Discards what there is, and hands nothing out from here on. Any thread. */
void pf_cursor_stream_close(pf_cursor_stream *stream);

/** Another source: its images' serials are others', and its state is told anew. */
void pf_cursor_stream_restart(pf_cursor_stream *stream);

/** Takes the settings over. One that is switched off tells that there is no pointer. */
void pf_cursor_stream_configure(pf_cursor_stream *stream, bool on, double fps);

/** Looks at the pointer where there is reason to and it is time. While it is on, the
 * pointer is no reason for a frame: that is taken out of the events. *due_ns: when to
 * come again though nothing happens, else PF_NEVER_NS; at once where it has looked, since
 * events may have come with the answer. An error is one of the source, or of memory. */
pf_status pf_cursor_stream_turn(pf_cursor_stream *stream, const pf_frame_stage *stage,
                                pf_source_events *events, uint64_t now_ns, uint64_t *due_ns,
                                pf_error *error);

/** As pf_capture_drain_cursor; gives its count. */
uint32_t pf_cursor_stream_drain(pf_cursor_stream *stream, pf_cursor *cursor);

#endif
