/* SPDX-License-Identifier: MPL-2.0 */
/** What a capture shows, and how that is encoded. */
#ifndef PIXELFLUX_SETTINGS_H
#define PIXELFLUX_SETTINGS_H

#include "api.h"

/** Bytes of the fixed string fields of pf_settings, their NUL included. */
#define PF_DISPLAY_BYTES_MAX 256
#define PF_WATERMARK_PATH_BYTES_MAX 4096
#define PF_AUTHORITY_PATH_BYTES_MAX 4096
#define PF_MONITOR_BYTES_MAX 128

/** What stripes are encoded as. */
typedef enum pf_output_mode { PF_OUTPUT_JPEG = 0, PF_OUTPUT_H264 = 1 } pf_output_mode;

/** The refresh of an H.264 stripe that has come to rest. */
typedef enum pf_h264_paint_over {
    PF_H264_PAINT_OVER_IDR = 0,
    PF_H264_PAINT_OVER_REFINE = 1
} pf_h264_paint_over;

/** Where the watermark is drawn. */
typedef enum pf_watermark_location {
    PF_WATERMARK_NONE = 0,
    PF_WATERMARK_TOP_LEFT = 1,
    PF_WATERMARK_TOP_RIGHT = 2,
    PF_WATERMARK_BOTTOM_LEFT = 3,
    PF_WATERMARK_BOTTOM_RIGHT = 4,
    PF_WATERMARK_MIDDLE = 5,
    PF_WATERMARK_ANIMATED = 6
} pf_watermark_location;

/** The bytes in front of each stripe's payload; docs/wire-format.md. */
typedef enum pf_stripe_header {
    PF_HEADER_PIXELFLUX = 0,
    PF_HEADER_LEGACY = 1,
    PF_HEADER_NONE = 2,
    /** Says the rectangle that a stripe covers: the only kind with which JPEG
     * stripes may be narrower than the frame, and moved pixels are told of
     * instead of sent. */
    PF_HEADER_EXTENDED = 3
} pf_stripe_header;

/** Where the pointer goes. */
typedef enum pf_cursor_mode {
    PF_CURSOR_NONE = 0,
    /** Into the pixels. */
    PF_CURSOR_BLEND = 1,
    /** Beside them: pf_capture_drain_cursor tells of it. */
    PF_CURSOR_STREAM = 2
} pf_cursor_mode;

/**
 * What to capture and how to encode it. Every field has to be set; booleans
 * are 0 or 1. Ranges are checked; the message of a refusal names the field.
 */
typedef struct pf_settings {
    uint32_t size_bytes;
    /** pf_output_mode. */
    uint32_t output_mode;
    /** NUL-terminated UTF-8. An X display (":0", "host:1.0"), or a source of
     * ours: "synthetic://640x480@60" (size and changes a second), "frames://7" (a
     * handle of pf_frames_create). */
    char display[PF_DISPLAY_BYTES_MAX];
    /** The region's top left corner in px, 0...32767. */
    uint32_t capture_x;
    uint32_t capture_y;
    /** The region's size in px, 1...16384; 0 means the rest of the screen. */
    uint32_t capture_width;
    uint32_t capture_height;
    /** Upper bound of the frame rate, 1...240. */
    double target_fps;
    /** pf_cursor_mode. */
    uint32_t capture_cursor;
    /** 0...100. */
    uint32_t jpeg_quality;
    uint32_t paint_over_jpeg_quality;
    /** 4:4:4 instead of 4:2:0. */
    uint32_t jpeg_full_color;
    /** Quantisers of changes and of the refresh at rest, 0...51, lower is
     * better; 3 more for changes of a busy stripe. */
    uint32_t h264_crf;
    uint32_t h264_paint_over_crf;
    /** pf_h264_paint_over. */
    uint32_t h264_paint_over;
    uint32_t h264_full_color;
    /** One encoder for the whole frame instead of one a stripe. */
    uint32_t h264_full_frame;
    /** Rows a stripe: a multiple of 16, 16...1024; 0 means automatic. */
    uint32_t stripe_height;
    /** Refresh stripes that have come to rest. */
    uint32_t use_paint_over_quality;
    /** Frame times without a change before the refresh, 1...1000. */
    uint32_t paint_over_trigger_frames;
    /** Changes in a row before a stripe counts as busy, 0...1000; 0 = never. */
    uint32_t damage_block_threshold;
    /** Frames a stripe stays busy, 1...1000. */
    uint32_t damage_block_duration;
    /** pf_watermark_location. */
    uint32_t watermark_location;
    /** pf_stripe_header. */
    uint32_t stripe_header;
    /** Frames that may wait for the reader, 1...16. */
    uint32_t queue_frames;
    /** Wait for a display that is lost to come back, instead of failing. */
    uint32_t reconnect;
    /** NUL-terminated path of a PNG file; empty for none. */
    char watermark_path[PF_WATERMARK_PATH_BYTES_MAX];
    /** NUL-terminated path of a file of X cookies (Xau(3)) that is looked into
     * each time the display is opened, before those that libxcb knows:
     * $XAUTHORITY and ~/.Xauthority; empty for none. An update counts
     * from the next opening on. */
    char authority_path[PF_AUTHORITY_PATH_BYTES_MAX];
    /** An X window's id; 0: no window. Capture it, with the windows in it and
     * without its border, wherever it is moved and whatever lies over it, instead
     * of the screen; capture_x, capture_y, capture_width, capture_height and the
     * pointer are relative to it. The root window counts as none. Needs the
     * Composite extension: without that, what is captured is the part of the
     * screen where the window is. Fixed. */
    uint32_t window;
    /** NUL-terminated name of a monitor as RandR 1.5 has it, or "primary" for
     * the one that is marked so, else the first; empty: no monitor. Capture it
     * instead of the screen, wherever it is moved; the region is relative to it.
     * Not together with a window. Fixed. */
    char monitor[PF_MONITOR_BYTES_MAX];
} pf_settings;

#endif
