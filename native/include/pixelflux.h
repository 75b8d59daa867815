/* SPDX-License-Identifier: MPL-2.0 */
/**
 * pixelflux.h: the C ABI of pixelflux-ffi, and the whole of it.
 *
 * A *capture* reads the pixels of a source (an X11 screen region first), finds
 * out which full-width horizontal *stripes* changed, encodes those as JPEG or
 * H.264, and keeps them in a bounded queue until the caller drains them.
 *
 * Rules that hold for every function here
 *   - Fixed-width types only. Structures go by pointer and begin with
 *     `size_bytes`, which the caller sets to sizeof the structure it was
 *     compiled (or laid out) for.
 *   - Captures are named by 64-bit handles below 2^53, which carry a
 *     generation: a handle that has been freed gives PF_STATUS_STALE_HANDLE,
 *     never a crash. 0 is never a handle.
 *   - A NULL pointer where one is required gives PF_STATUS_INVALID_ARGUMENT.
 *   - On any negative status nothing was changed and nothing is owed.
 *   - No function calls back into the caller, and none keeps a pointer of the
 *     caller's after it has returned.
 *   - Functions may be called from any thread; those that block say so.
 *
 * A capture's life
 *
 *   pf_capture_start   main thread     returns at once with a handle
 *   pf_capture_wait    poll thread     until news; never takes anything
 *   pf_capture_drain   main thread     takes stripes and reads the state
 *   pf_capture_request_screenshot, pf_capture_drain_screenshots
 *                      main thread     asks for single pictures, and takes them
 *   pf_capture_drain_cursor
 *                      main thread     takes the pointer, where that is a stream
 *   pf_capture_watch, pf_capture_look, pf_capture_changes
 *                      main thread     what changes on the screen
 *   pf_capture_tap, pf_capture_drain_tap
 *                      main thread     the pixels of each frame
 *   pf_capture_stop    any thread      asks for the end, returns at once
 *   pf_capture_join    poll thread     until every native thread has ended
 *   pf_capture_free    any thread      the handle is stale from here on
 */
#ifndef PIXELFLUX_H
#define PIXELFLUX_H

#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

#if defined(__GNUC__)
#define PF_API __attribute__((visibility("default")))
#else
#define PF_API
#endif

/** Raised with every change that an old caller could not survive. */
#define PF_ABI_VERSION 4u

/** Bytes of the fixed string fields of pf_settings, their NUL included. */
#define PF_DISPLAY_BYTES_MAX 256
#define PF_WATERMARK_PATH_BYTES_MAX 4096
#define PF_AUTHORITY_PATH_BYTES_MAX 4096
#define PF_MONITOR_BYTES_MAX 128

/** Bytes of the fixed string fields of pf_capabilities, their NUL included. */
#define PF_VERSION_BYTES_MAX 32
#define PF_LICENCE_BYTES_MAX 64

/** Captures that may exist at the same time in one process. */
#define PF_CAPTURE_COUNT_MAX 64

/** Frame sources that may be open at the same time in one process, and rectangles
 * that one push may name. */
#define PF_FRAMES_COUNT_MAX 1024
#define PF_FRAMES_DAMAGE_COUNT_MAX 1024

/** Longest single pf_capture_wait, in milliseconds. */
#define PF_WAIT_MS_MAX 100

/**
 * What a function, or a capture that failed, says of itself. Negative values
 * are errors and have a message (pf_capture_message, pf_last_message).
 */
typedef enum pf_status {
    /** Done. From pf_capture_wait: there is news, drain it. */
    PF_STATUS_OK = 0,
    /** pf_capture_wait: the time ran out and there was no news. */
    PF_STATUS_TIMEOUT = 1,
    /** pf_capture_wait: the capture has ended, by stop or by failure. Drain
     * once more for its last stripes and its error. */
    PF_STATUS_ENDED = 2,
    /** pf_capture_request_screenshot: PF_SCREENSHOT_COUNT_MAX are under way. Ask
     * again when one of them has been drained. */
    PF_STATUS_BUSY = 3,

    /** An argument or a field is out of its range; the message names it. */
    PF_STATUS_INVALID_ARGUMENT = -1,
    /** The handle was freed, or never given out. */
    PF_STATUS_STALE_HANDLE = -2,
    /** The system refused memory. */
    PF_STATUS_NO_MEMORY = -3,
    /** The system refused a thread or a descriptor. */
    PF_STATUS_NO_RESOURCE = -4,
    /** PF_CAPTURE_COUNT_MAX captures exist already. */
    PF_STATUS_TOO_MANY_CAPTURES = -5,
    /** The display's name is malformed, nothing answers there, or the server
     * refuses this user. */
    PF_STATUS_DISPLAY_OPEN = -6,
    /** The connection to the display broke while the capture was running. */
    PF_STATUS_DISPLAY_LOST = -7,
    /** The screen's pixel format, or an extension, is not what we can read. */
    PF_STATUS_DISPLAY_UNSUPPORTED = -8,
    /** No pixel of the region lies on the screen, or part of it does not. */
    PF_STATUS_REGION_OFF_SCREEN = -9,
    /** An encoder could not be opened, or refused a picture. */
    PF_STATUS_ENCODER = -10,
    /** The watermark's file is missing or is no PNG. */
    PF_STATUS_WATERMARK = -11,
    /** The library was built without the codec that output_mode names; see
     * pf_capabilities. */
    PF_STATUS_CODEC_MISSING = -12,

    /** There is no window of that id on the screen, or it has been destroyed. */
    PF_STATUS_WINDOW_GONE = -13,
    /** The window is not shown: unmapped, iconified, or on another desktop. Only
     * at the start; later its picture stays as it was until it is shown again. */
    PF_STATUS_WINDOW_HIDDEN = -14,
    /** There is no monitor of that name; the message lists those there are. Only
     * at the start; later the picture is black until it is back. */
    PF_STATUS_MONITOR_MISSING = -15
} pf_status;

typedef enum pf_output_mode { PF_OUTPUT_JPEG = 0, PF_OUTPUT_H264 = 1 } pf_output_mode;

/** The refresh of an H.264 stripe that has come to rest. */
typedef enum pf_h264_paint_over {
    PF_H264_PAINT_OVER_IDR = 0,
    PF_H264_PAINT_OVER_REFINE = 1
} pf_h264_paint_over;

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

/** What a stripe's payload is. */
typedef enum pf_stripe_type {
    PF_STRIPE_JPEG = 0,
    PF_STRIPE_H264 = 1,
    /** Pixels that the reader has already, at another place: see source_x. */
    PF_STRIPE_COPY = 2
} pf_stripe_type;

/**
 * One encoded stripe, as pf_capture_drain hands it out.
 *
 * Whoever drained it owns `bytes` and gives it back exactly once by
 * pf_stripe_release(bytes, context), on any thread, at any later time, also
 * after the capture has been freed.
 */
typedef struct pf_stripe {
    /** Header and payload, `size_bytes` of them; an address, never 0. */
    uint64_t bytes;
    /** To be handed to pf_stripe_release; an address, never 0. */
    uint64_t context;
    /** CLOCK_MONOTONIC when the pixels were grabbed, in microseconds. */
    uint64_t timestamp_us;
    /** From the moment there was something to capture until this drain, in ns:
     * the sum of what the stages of pf_stage took. */
    uint64_t latency_ns;
    uint32_t size_bytes;
    /** Bytes of the header in front of the payload. */
    uint32_t header_bytes;
    /** Counts captured frames from 0, wraps at 2^32. */
    uint32_t frame_id;
    /** pf_stripe_type. */
    uint32_t type;
    /** The rectangle of the region that it covers, in px: the true size, also
     * where the coded size was padded to even. x is 0 and width the region's
     * but with PF_HEADER_EXTENDED. */
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
    /** PF_STRIPE_COPY: the top left corner from which a rectangle of the same
     * size is copied, out of the picture as it was when the frame before was
     * complete; else 0. */
    uint32_t source_x;
    uint32_t source_y;
    /** 1 for an IDR and for any JPEG. */
    uint32_t keyframe;
    /** profile_idc, constraint flags and level_idc of the stream's SPS as
     * 0x00PPCCLL (ITU-T H.264, 7.3.2.1.1); 0 but for PF_STRIPE_H264. */
    uint32_t h264_profile;
} pf_stripe;

/** What a screenshot's bytes are. */
typedef enum pf_screenshot_format {
    /** A PNG file of 8-bit RGB. */
    PF_SCREENSHOT_PNG = 0,
    /** A baseline JPEG file, maybe with restart intervals; 4:2:0, or 4:4:4 where
     * jpeg_full_color says so. */
    PF_SCREENSHOT_JPEG = 1,
    /** RGBA, a byte each, A always 255; rows top-down without padding. */
    PF_SCREENSHOT_RAW = 2
} pf_screenshot_format;

/** Screenshots of one capture that may be under way: asked for and not drained. */
#define PF_SCREENSHOT_COUNT_MAX 4

/** One picture that is asked for. */
typedef struct pf_screenshot_request {
    uint32_t size_bytes;
    /** The caller's own; comes back with the screenshot. */
    uint32_t id;
    /** pf_screenshot_format. */
    uint32_t format;
    /** Of a JPEG, 0...100. */
    uint32_t quality;
    /** A rectangle of the frame, in px. Width or height 0: as far as the frame
     * goes from there. */
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} pf_screenshot_request;

/**
 * The answer to a pf_screenshot_request, as pf_capture_drain_screenshots hands
 * it out. `bytes` is owned, and given back, as that of a pf_stripe is. The first
 * two fields are in the same places as there and the structure is no larger, so
 * that a lease can hold it in a stripe's place.
 */
typedef struct pf_screenshot {
    /** An address; 0 where the status is an error. */
    uint64_t bytes;
    /** To be handed to pf_stripe_release; 0 where the status is an error. */
    uint64_t context;
    /** CLOCK_MONOTONIC when the frame was up to date, in microseconds: no earlier
     * than the request. */
    uint64_t timestamp_us;
    uint32_t size_bytes;
    uint32_t id;
    /** OK, REGION_OFF_SCREEN (the rectangle does not lie within the frame),
     * NO_MEMORY or ENCODER. */
    int32_t status;
    /** Its size in px; that of the frame where the status is REGION_OFF_SCREEN. */
    uint32_t width;
    uint32_t height;
    uint32_t reserved;
} pf_screenshot;

/** Sides of a pointer's image in px; a larger one counts as not visible. */
#define PF_CURSOR_SIDE_PX_MAX 256

/** Images that a reader of the pointer's stream has to keep: those handed out last. */
#define PF_CURSOR_IMAGE_COUNT_MAX 64

/**
 * The pointer as it is now, as pf_capture_drain_cursor hands it out. `bytes`, where
 * there is an image, is owned, and given back, as that of a pf_stripe is. The first
 * two fields are in the same places as there and the structure is no larger, so
 * that a lease can hold it in a stripe's place.
 */
typedef struct pf_cursor {
    /** The image where it is a new one, else 0: RGBA, a byte each, straight (not
     * premultiplied), rows top-down without padding. */
    uint64_t bytes;
    /** To be handed to pf_stripe_release; 0 without an image. */
    uint64_t context;
    /** width * height * 4. */
    uint32_t size_bytes;
    /** Whether any pixel of it lies in the region. The server has one, and it is not
     * all transparent then. */
    uint32_t visible;
    /** Its hot spot in px of the region; it may lie outside. Where it is not visible:
     * as it was when it last was. */
    int32_t x;
    int32_t y;
    /** Which image it has, never 0: one of the last PF_CURSOR_IMAGE_COUNT_MAX that
     * have been handed out, or the one that comes with it. 0 where not visible. */
    uint32_t image_id;
    /** Of the image that comes with it, 1...PF_CURSOR_SIDE_PX_MAX; else 0. */
    uint32_t width;
    uint32_t height;
    /** The hot spot within that image, which it lies in. */
    uint32_t hot_x;
    uint32_t hot_y;
    uint32_t reserved;
} pf_cursor;

/** What a capture does for those who want to know what changes on the screen; each
 * does what the ones before do, too. It does nothing on a still screen. */
typedef enum pf_watch {
    /** Notes what its frames show. */
    PF_WATCH_NOTHING = 0,
    /** Goes on looking, ten times a second at most, while its stripes are not read
     * and no frame can be taken. */
    PF_WATCH_KEEP = 1,
    /** Looks at the frame rate then, and at pixels that it else believes to have
     * changed where the server says so: in stripes in motion. */
    PF_WATCH_EXACT = 2,
    /** Each change is news for pf_capture_wait. */
    PF_WATCH_TELL = 3
} pf_watch;

/** Rectangles that pf_capture_changes takes and gives at most. */
#define PF_CHANGE_RECTANGLE_COUNT_MAX 64

/** A rectangle of the frame, in px. */
typedef struct pf_rectangle {
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} pf_rectangle;

/** What pf_capture_changes is asked. */
typedef struct pf_change_query {
    uint32_t size_bytes;
    /** Rectangles to be ignored, 0...PF_CHANGE_RECTANGLE_COUNT_MAX. */
    uint32_t ignored_count;
    /** A token_us: changes up to then are not told. */
    uint64_t since_us;
    /** The part of the frame that counts. Width or height 0: as far as the frame
     * goes from there. */
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} pf_change_query;

/** What is known of changes. Pixels are the screen's: without the pointer and the
 * watermark that are drawn over them. */
typedef struct pf_changes {
    uint32_t size_bytes;
    /** Rectangles written, 0...PF_CHANGE_RECTANGLE_COUNT_MAX. */
    uint32_t rectangle_count;
    /** For a later since_us: when anything changed last. Grows with each change,
     * also from one capture of a process to the next. */
    uint64_t token_us;
    /** CLOCK_MONOTONIC when the last change that counts was grabbed, in
     * microseconds; 0: there was none. */
    uint64_t changed_us;
    /** Whatever was drawn before this moment is known; see pf_capture_look. */
    uint64_t looked_us;
    /** That of the stripes which show that change. */
    uint32_t frame_id;
    /** The frame's size in px; 0 before it is known. */
    uint32_t width;
    uint32_t height;
    uint32_t reserved;
} pf_changes;

/**
 * The pixels that a frame has changed, as pf_capture_drain_tap hands them out: of the
 * screen, without the pointer and the watermark. `bytes` is owned, and given back, as
 * that of a pf_stripe is, and holds rectangle_count pf_rectangle, then the pixels of
 * each of them: RGBA, a byte each, A always 255, rows top-down without gaps. The first
 * two fields are in the same places as in pf_stripe, for a lease.
 */
typedef struct pf_tap_frame {
    uint64_t bytes;
    uint64_t context;
    /** CLOCK_MONOTONIC when the pixels were grabbed, in microseconds; grows. */
    uint64_t timestamp_us;
    uint32_t size_bytes;
    /** That of the stripes which show it. */
    uint32_t frame_id;
    /** The frame's size in px. Where it is another than before, all is there. */
    uint32_t width;
    uint32_t height;
    uint32_t rectangle_count;
    /** Frames before it whose changes are part of this one, for want of room. */
    uint32_t merged_count;
} pf_tap_frame;

/** Stripes that a lease may have room for. */
#define PF_LEASE_STRIPE_COUNT_MAX 1024

/**
 * Memory in which a caller that may end without a word keeps what it owes, such
 * as a thread of JavaScript that is terminated: when the lease ends, what it
 * holds is given back. `capacity` structures pf_stripe follow right behind this
 * one. pf_capture_start and pf_frames_create are to write their handles here, and
 * pf_capture_drain its stripes there. Who takes a stripe over, or releases it, first sets the
 * `context` there to 0.
 */
typedef struct pf_lease {
    uint64_t handle;
    /** A frame source's handle. */
    uint64_t frames;
    /** Set by pf_lease_create. */
    uint32_t capacity;
    uint32_t reserved;
} pf_lease;

/** Where a capture stands in its life. */
typedef enum pf_phase {
    /** Connecting; no frame has been grabbed yet. */
    PF_PHASE_STARTING = 0,
    /** At least one frame has been grabbed. */
    PF_PHASE_RUNNING = 1,
    /** It was asked to stop and has. */
    PF_PHASE_STOPPED = 2,
    /** It failed; `error` says how. */
    PF_PHASE_FAILED = 3,
    /** The display was lost, as `error` says, and is tried again and again;
     * complete stripes follow when it is back. */
    PF_PHASE_RECONNECTING = 4
} pf_phase;

/** The state that goes with a drain. */
typedef struct pf_state {
    uint32_t size_bytes;
    /** pf_phase. */
    uint32_t phase;
    /** A negative pf_status when the phase is PF_PHASE_FAILED or
     * PF_PHASE_RECONNECTING, else 0. */
    int32_t error;
    /** Stripes that still waited when the drain returned. */
    uint32_t queued_count;
    /** The frame's size in px; 0 before it is known. It is that of the stripes
     * handed out, else of the next ones, and changes with them. */
    uint32_t width;
    uint32_t height;
    /** How often that size has changed since the start. */
    uint32_t resize_count;
    /** Frames whose last stripe has been queued: all with a frame_id below this
     * are complete. Wraps like frame_id. */
    uint32_t ended_count;
} pf_state;

/** Counters of one capture since its start. All are cumulative. */
typedef struct pf_stats {
    uint32_t size_bytes;
    uint32_t reserved;
    /** Frames grabbed, whether or not any stripe of them had changed. */
    uint64_t frames;
    /** Stripes encoded and queued, and their bytes with headers. */
    uint64_t stripes;
    uint64_t bytes;
    uint64_t keyframes;
    /** Rows copied from the source, and stripes hashed. */
    uint64_t rows_grabbed;
    uint64_t stripes_hashed;
    /** Damaged stripes whose hash said that nothing had changed. */
    uint64_t stripes_unchanged;
    /** Changes found by the re-check that DAMAGE had not told of. */
    uint64_t changed_without_damage;
    /** Times the capture held back because the reader was slow. */
    uint64_t held_back;
    /** Times the capture thread woke up. */
    uint64_t wakeups;
    /** H.264 encoders opened. */
    uint64_t encoders_opened;
    /** Stripes among the above that were copies. */
    uint64_t copies;
} pf_stats;

/** Where the time of a stripe goes, one stage behind the other. */
typedef enum pf_stage {
    /** There is something to capture -> its frame begins: the frame rate's
     * bound, or a slow reader. */
    PF_STAGE_WAIT = 0,
    /** -> the stripe's rows have arrived from the source. */
    PF_STAGE_GRAB = 1,
    /** -> a thread takes the stripe up. */
    PF_STAGE_SCHEDULE = 2,
    /** -> it is known to have changed. */
    PF_STAGE_HASH = 3,
    /** -> overlays are drawn and colours converted; libjpeg converts while it
     * encodes where it is given full colour. */
    PF_STAGE_CONVERT = 4,
    /** -> it is encoded and in the queue. */
    PF_STAGE_ENCODE = 5,
    /** -> the thread in pf_capture_wait has been told. */
    PF_STAGE_QUEUE = 6,
    /** -> it has been drained. */
    PF_STAGE_POLL = 7
} pf_stage;

#define PF_STAGE_COUNT 8

/** How long one stage took for the stripes that have been drained. The
 * percentiles are exact within 4 %. */
typedef struct pf_histogram {
    uint32_t size_bytes;
    uint32_t reserved;
    /** Stripes; the same in every stage. */
    uint64_t count;
    uint64_t sum_ns;
    uint64_t p50_ns;
    uint64_t p95_ns;
    uint64_t p99_ns;
    uint64_t max_ns;
} pf_histogram;

/** What this process holds, over all captures, the freed ones included. */
typedef struct pf_memory {
    uint32_t size_bytes;
    /** Captures that were started and are not gone: pf_capture_free has not
     * returned for them, nor has the thread that pf_lease_end made. */
    uint32_t capture_count;
    /** Native threads of ours: capture threads and encoder pool. */
    uint32_t thread_count;
    /** Stripe buffers handed out by drain and not released yet. */
    uint32_t lent_count;
    uint64_t lent_bytes;
    /** All native bytes of stripe buffers: queued, lent, and kept for reuse. */
    uint64_t buffer_bytes;
    /** Frame sources that are open, or that a capture has still. */
    uint32_t frame_source_count;
    uint32_t reserved;
} pf_memory;

/** Bits of pf_capabilities.cpu_features. */
typedef enum pf_cpu_feature {
    /** The hashes that find changed pixels use AVX2. */
    PF_CPU_AVX2 = 1
} pf_cpu_feature;

/** What the library was built with, and what of this CPU its own code uses; the
 * codecs choose their vector code for themselves. The same in every call. */
typedef struct pf_capabilities {
    uint32_t size_bytes;
    /** PF_ABI_VERSION. */
    uint32_t abi_version;
    /** The bit 1 << mode for each pf_output_mode that can be used. */
    uint32_t codecs;
    /** pf_cpu_feature; 0 on CPUs without any of them. */
    uint32_t cpu_features;
    /** The package's version, such as "0.1.0"; NUL-terminated ASCII. */
    char version[PF_VERSION_BYTES_MAX];
    /** The licence that the library is under as it was built, as an SPDX
     * expression: "GPL-2.0-or-later AND MPL-2.0" with x264, "MPL-2.0" without;
     * NUL-terminated ASCII. */
    char licence[PF_LICENCE_BYTES_MAX];
} pf_capabilities;

/** PF_ABI_VERSION of the library. Never fails. */
PF_API uint32_t pf_abi_version(void);

/**
 * The layout of every structure above, as static NUL-terminated ASCII, for
 * bindings that lay structures out by hand:
 *
 *   pf_settings <sizeof>\n
 *    <field> <type> <offset>\n ...
 *
 * where type is u32, i32, u64, f64 or char[N]. Never fails, never freed.
 */
PF_API const char *pf_layout(void);

/**
 * Microseconds of CLOCK_MONOTONIC, the clock of pf_stripe's timestamps. Any
 * thread; does not block; never fails.
 */
PF_API uint64_t pf_clock_us(void);

/**
 * Starts a capture with *settings and writes its handle to *handle.
 *
 * Reads the watermark's file, if there is one, and returns: the source is
 * opened by the capture's own thread, and what goes wrong there shows as
 * PF_PHASE_FAILED. The caller owes pf_capture_free.
 *
 * Errors: INVALID_ARGUMENT, CODEC_MISSING, WATERMARK, NO_MEMORY, NO_RESOURCE,
 * TOO_MANY_CAPTURES; pf_last_message has the words.
 */
PF_API int32_t pf_capture_start(const pf_settings *settings, uint64_t *handle);

/**
 * Replaces the settings of a running capture from its next frame on. The
 * fields display, stripe_header and queue_frames must not differ from those
 * it was started with. Copies; blocks on nothing but the watermark's file.
 *
 * Errors: INVALID_ARGUMENT, CODEC_MISSING, REGION_OFF_SCREEN,
 * DISPLAY_UNSUPPORTED, WATERMARK, NO_MEMORY (the old settings stay), STALE_HANDLE. Before the
 * display is open a region is accepted unseen; one that does not lie on it fails the capture.
 */
PF_API int32_t pf_capture_update(uint64_t handle, const pf_settings *settings);

/**
 * Asks that every stripe be sent again, complete, within one frame time, also
 * on a still screen. Requests within one frame time count once; one that comes
 * when that frame has been taken already is served by the next. Does not
 * block. After the end of the capture it does nothing.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_request_keyframe(uint64_t handle);

/**
 * Asks for a picture of the frame as it is now. The capture thread serves it at
 * once, whatever the frame rate, also on a still screen and while stripes wait
 * for a slow reader: it takes what has been damaged, copies the rectangle, draws
 * the pointer and the watermark over it as over stripes, and has the pool encode
 * it. Stripes are not held up but for the copy. A request waits for a capture to
 * open its source, and for a display that is lost to come back.
 *
 * Does not block. Returns OK, BUSY, or ENDED: the capture has ended or has been
 * asked to, and there will be no answer. One that ends before it has answered
 * never does; after a failure the answers that were ready can be drained still.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_request_screenshot(uint64_t handle, const pf_screenshot_request *request);

/**
 * Moves up to `capacity` (1 or more) answered screenshots, in the order of the
 * answers, into screenshots[] and writes their number to *count. Never blocks,
 * and does not touch stripes or their news. After pf_capture_stop nothing is
 * handed out any more.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain_screenshots(uint64_t handle, pf_screenshot *screenshots,
                                            uint32_t capacity, uint32_t *count);

/**
 * Writes the pointer's present state to *cursor and 1 to *count where it differs
 * from what was handed out last; else *count is 0 and *cursor unchanged. For
 * captures of PF_CURSOR_STREAM, from the first frame on. Never blocks, and does not
 * touch stripes or their news.
 *
 * States are not queued: the newest wins. An image comes with the first state that
 * shows it, and again where it has fallen out of the last
 * PF_CURSOR_IMAGE_COUNT_MAX. States are read at most target_fps times a second; the
 * pointer alone makes no frame, and one that stands still wakes nobody. A pointer
 * that a program warps is seen with the next frame. When a display that was lost is
 * back, and when the mode begins, the state is told anew; when it ends the pointer
 * is told to be not visible. After pf_capture_stop nothing is handed out any more.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain_cursor(uint64_t handle, pf_cursor *cursor, uint32_t *count);

/**
 * Says what the capture is to do from now on for those who want to know of changes
 * (pf_watch); the last call counts. Does not block.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_watch(uint64_t handle, uint32_t watch);

/**
 * Has the capture look at all that has been drawn up to now, whatever the frame rate
 * and whoever reads its stripes: as soon as pf_changes.looked_us has reached
 * *looked_us it has, which is news. Waits, as a screenshot does, for a capture to
 * open its source, and for a display that is lost. Does not block. A capture that
 * has ended looks no more.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_look(uint64_t handle, uint64_t *looked_us);

/**
 * Reads what is known of changes: which rectangles have changed since a token, and
 * when the last change was. A repaint of the same pixels is no change. After a change
 * of the frame's size, or of the region, everything has changed.
 *
 * A change is known to be in a tile of 64 by 16 px: rectangles are made of tiles, cut
 * to the queried part of the frame, and a tile that touches an ignored rectangle is
 * ignored. Where there are too many rectangles, some cover others' gaps.
 *
 * `ignored` holds query->ignored_count rectangles, of any place and size, and may be
 * NULL where that is 0; `rectangles` has room for PF_CHANGE_RECTANGLE_COUNT_MAX. Does
 * not block. A change that has been told of as news is not told again before this.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE; REGION_OFF_SCREEN where the queried part
 * does not lie within the frame, whose size is told all the same.
 */
PF_API int32_t pf_capture_changes(uint64_t handle, const pf_change_query *query,
                                  const pf_rectangle *ignored, pf_rectangle *rectangles,
                                  pf_changes *changes);

/**
 * Begins to copy what each frame changes, for pf_capture_drain_tap; the first one is
 * complete, and of now. `bytes_max` bounds what waits to be drained, but for one frame
 * of any size; at most 64 wait. Changes for which there is no room are part of the next
 * frame that has it. 0 ends it, and discards what waits. Frames that wait are news for
 * pf_capture_wait. Whether changes are known exactly, and looked at while nobody reads
 * the stripes, says pf_capture_watch. Does not block.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_tap(uint64_t handle, uint32_t bytes_max);

/**
 * Moves the oldest frame that waits into *frame and writes to *count whether there was
 * one, 0 or 1. Never blocks. After pf_capture_stop nothing is handed out any more;
 * after a failure the frames that were ready still are.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain_tap(uint64_t handle, pf_tap_frame *frame, uint32_t *count);

/**
 * Blocks until there is news (a stripe, a screenshot, a tapped frame, the pointer, a
 * change on the screen, another phase or size), the capture has ended, or timeout_ms
 * (0...PF_WAIT_MS_MAX, larger values count as that) has passed. Takes nothing out of
 * the queue.
 *
 * News is told once: OK is not returned again before the next
 * pf_capture_drain, so that a caller that is behind is not told twice. Stripes
 * which that drain leaves behind are no news; its state counts them. A screenshot
 * is told of whether or not older news has been drained, and so is what was asked
 * for by pf_capture_watch, pf_capture_look or pf_capture_tap; the pointer once until
 * pf_capture_drain_cursor. ENDED is returned every time.
 *
 * Returns OK, TIMEOUT or ENDED. Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_wait(uint64_t handle, uint32_t timeout_ms);

/**
 * Moves up to `capacity` stripes, oldest first, into stripes[], writes their
 * number to *count and the state to *state. Never blocks. Each stripe is the
 * caller's from here on, to be released. Stripes from before and behind a
 * change of size do not come in one drain.
 *
 * `stripes` may be NULL where capacity is 0. After pf_capture_stop nothing is
 * handed out any more; after a failure the stripes that were ready still are.
 *
 * Errors: INVALID_ARGUMENT (count or state NULL, state->size_bytes wrong),
 * STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain(uint64_t handle, pf_stripe *stripes, uint32_t capacity,
                                uint32_t *count, pf_state *state);

/**
 * Gives a stripe's bytes back. The signature is that of a JavaScriptCore
 * ArrayBuffer deallocator. `context` is that of the pf_stripe; `bytes` is not
 * looked at. NULL context: nothing happens. Never blocks, on any thread.
 */
PF_API void pf_stripe_release(void *bytes, void *context);

/**
 * Asks the capture to end, wakes its threads and whoever waits on it, and
 * discards what is queued. Returns at once; may be repeated.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_stop(uint64_t handle);

/**
 * Stops the capture and blocks until its threads have ended and its source is
 * closed; meant for the poll thread. Afterwards the state can still be
 * drained. May be repeated, and called by several threads at once.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_join(uint64_t handle);

/**
 * pf_capture_join, then gives the capture's memory back. The handle is stale
 * from the moment of the call; a thread that is inside pf_capture_wait comes
 * back with ENDED. Stripes that were drained stay valid until released.
 *
 * Errors: STALE_HANDLE (also for the second of two calls).
 */
PF_API int32_t pf_capture_free(uint64_t handle);

/**
 * Makes a lease with room for `capacity` stripes (0...PF_LEASE_STRIPE_COUNT_MAX)
 * and writes its address to *address. The caller owes pf_lease_end.
 *
 * Errors: INVALID_ARGUMENT, NO_MEMORY.
 */
PF_API int32_t pf_lease_create(uint32_t capacity, uint64_t *address);

/**
 * Ends a lease: releases its stripes, frees its frame source, abandons its capture,
 * and gives its memory back. The signature is that of a JavaScriptCore ArrayBuffer deallocator.
 * `context` is the lease's address; `bytes` is not looked at. NULL context:
 * nothing happens.
 *
 * To abandon is pf_capture_stop at once, and pf_capture_free by a thread that is
 * made for it; pf_memory tells when the capture is gone. Where the handle is
 * stale nothing happens: the capture was freed in the usual way. Blocks only
 * where the system refuses the thread, for as long as pf_capture_free does.
 */
PF_API void pf_lease_end(void *bytes, void *context);

/**
 * Copies the message of the capture's failure, or of the loss of its display,
 * NUL-terminated and cut to capacity_bytes, into text. Empty where it has none.
 *
 * Errors: INVALID_ARGUMENT (text NULL or capacity 0), STALE_HANDLE.
 */
PF_API int32_t pf_capture_message(uint64_t handle, char *text, uint32_t capacity_bytes);

/**
 * Copies the message of the calling thread's last error that had no handle to
 * go with (pf_capture_start, pf_capture_update), as pf_capture_message does.
 */
PF_API int32_t pf_last_message(char *text, uint32_t capacity_bytes);

/** Reads a capture's counters. stats->size_bytes must be set. Never blocks.
 * Errors: INVALID_ARGUMENT, STALE_HANDLE. */
PF_API int32_t pf_capture_stats(uint64_t handle, pf_stats *stats);

/** Reads how long a stage (pf_stage) took so far. histogram->size_bytes must be
 * set. Never blocks. Errors: INVALID_ARGUMENT, STALE_HANDLE. */
PF_API int32_t pf_capture_histogram(uint64_t handle, uint32_t stage, pf_histogram *histogram);

/**
 * Makes a frame source: a screen whose pixels the caller pushes, for captures whose
 * display is "frames://HANDLE" with the handle in decimal digits. Any number of
 * captures may show it; each has the newest picture when it comes to take one.
 *
 * With a width and a height in px, 1...16384 each, the screen is there at once and
 * black. With 0 and 0 its size is that of the first push, for which captures wait.
 * The caller owes pf_frames_free. Handles of frame sources and of captures are of
 * different kinds. Does not block.
 *
 * Errors: INVALID_ARGUMENT, NO_MEMORY, NO_RESOURCE (PF_FRAMES_COUNT_MAX are open);
 * pf_last_message has the words.
 */
PF_API int32_t pf_frames_create(uint32_t width, uint32_t height, uint64_t *handle);

/**
 * Pushes a picture of width by height px, 1...16384 each: RGBA, a byte each, rows
 * top-down, `stride_bytes` (4 * width or more) from the beginning of one to that of
 * the next. Of rgba_bytes there have to be (height - 1) * stride_bytes + 4 * width.
 * Alpha is not looked at. Another size than before is the screen's from here on.
 *
 * `damage` names the rectangles that are not as in the push before, four numbers
 * each, in px: x, y, width and height, of which both sides are 1 or more, and all
 * within the picture; there may be up to PF_FRAMES_DAMAGE_COUNT_MAX. Only these are
 * read, and what has changed elsewhere shows when a later push names it. NULL means
 * all of the picture, and so does everything where the size is another one; no
 * rectangle, that there is nothing new.
 *
 * Writes to *serial the number of this push, counted from 1; where there was
 * nothing new, that of the one before.
 *
 * Copies before it returns. Waits for another push to the same frame source, and
 * for nothing else: a slow capture misses pictures. Any thread.
 *
 * Errors: INVALID_ARGUMENT, NO_MEMORY, both with words in pf_last_message;
 * STALE_HANDLE.
 */
PF_API int32_t pf_frames_push(uint64_t handle, const uint8_t *rgba, uint64_t rgba_bytes,
                              uint32_t width, uint32_t height, uint32_t stride_bytes,
                              const uint32_t *damage, uint32_t damage_count, uint64_t *serial);

/**
 * Blocks until each capture that has opened the frame source has taken the push of
 * that serial or a later one, or needs none of them because nothing in its region
 * has changed; or timeout_ms (0...PF_WAIT_MS_MAX, larger values count as that) has
 * passed. At once where no capture has it open. What a capture has taken shows in
 * its next stripes, and in screenshots.
 *
 * Returns OK, TIMEOUT, or ENDED where pf_frames_free comes meanwhile. Errors:
 * STALE_HANDLE.
 */
PF_API int32_t pf_frames_wait(uint64_t handle, uint64_t serial, uint32_t timeout_ms);

/**
 * Closes a frame source. Captures that have it open go on with its last picture,
 * which is theirs from here on; those that wait for a first one, and those that
 * come later, fail with DISPLAY_OPEN. Does not block.
 *
 * Errors: STALE_HANDLE (also for the second of two calls).
 */
PF_API int32_t pf_frames_free(uint64_t handle);

/** Reads what the process holds. memory->size_bytes must be set.
 * Errors: INVALID_ARGUMENT. */
PF_API int32_t pf_memory_usage(pf_memory *memory);

/** Reads what the library can do. capabilities->size_bytes must be set. Any
 * thread; does not block. Errors: INVALID_ARGUMENT. */
PF_API int32_t pf_capabilities_read(pf_capabilities *capabilities);

#if defined(__cplusplus)
}
#endif

#endif
