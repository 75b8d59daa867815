/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The layout of the ABI's structures as text: bindings that lay structures out
 * by hand read the offsets from here instead of repeating them.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pixelflux.h"

/* A change of any of these is a new PF_ABI_VERSION. */
_Static_assert(sizeof(pf_settings) == 8688, "pf_settings");
_Static_assert(offsetof(pf_settings, target_fps) == 280, "pf_settings.target_fps");
_Static_assert(offsetof(pf_settings, watermark_path) == 360, "pf_settings.watermark_path");
_Static_assert(sizeof(pf_stripe) == 80, "pf_stripe");
_Static_assert(sizeof(pf_screenshot_request) == 32, "pf_screenshot_request");
_Static_assert(sizeof(pf_screenshot) == 48, "pf_screenshot");
_Static_assert(sizeof(pf_tap_frame) == 48, "pf_tap_frame");
_Static_assert(sizeof(pf_tap_frame) <= sizeof(pf_stripe) &&
                   offsetof(pf_tap_frame, bytes) == offsetof(pf_stripe, bytes) &&
                   offsetof(pf_tap_frame, context) == offsetof(pf_stripe, context),
               "a lease holds a tapped frame in a stripe's place");
_Static_assert(sizeof(pf_rectangle) == 16, "pf_rectangle");
_Static_assert(sizeof(pf_change_query) == 32, "pf_change_query");
_Static_assert(sizeof(pf_changes) == 48, "pf_changes");
_Static_assert(sizeof(pf_lease) == 24, "pf_lease");
_Static_assert(sizeof(pf_cursor) == 56, "pf_cursor");
_Static_assert(sizeof(pf_state) == 32, "pf_state");
_Static_assert(sizeof(pf_stats) == 104, "pf_stats");
_Static_assert(sizeof(pf_histogram) == 56, "pf_histogram");
_Static_assert(sizeof(pf_memory) == 40, "pf_memory");
_Static_assert(sizeof(pf_capabilities) == 112, "pf_capabilities");

_Static_assert(sizeof(pf_screenshot) <= sizeof(pf_stripe) &&
                   offsetof(pf_screenshot, bytes) == offsetof(pf_stripe, bytes) &&
                   offsetof(pf_screenshot, context) == offsetof(pf_stripe, context),
               "a lease holds a screenshot in a stripe's place");

_Static_assert(sizeof(pf_cursor) <= sizeof(pf_stripe) &&
                   offsetof(pf_cursor, bytes) == offsetof(pf_stripe, bytes) &&
                   offsetof(pf_cursor, context) == offsetof(pf_stripe, context),
               "a lease holds a pointer's image in a stripe's place");

typedef struct field {
    const char *name;
    const char *type;
    size_t offset;
    size_t size_bytes;
} field;

#define TYPE_NAME(type, name)                                                                      \
    _Generic(((type *)0)->name,                                                                    \
        uint32_t: "u32",                                                                           \
        int32_t: "i32",                                                                            \
        uint64_t: "u64",                                                                           \
        double: "f64",                                                                             \
        char *: "char")
#define FIELD(type, name)                                                                          \
    { #name, TYPE_NAME(type, name), offsetof(type, name), sizeof(((type *)0)->name) }

static const field settings_fields[] = {
    FIELD(pf_settings, size_bytes),
    FIELD(pf_settings, output_mode),
    FIELD(pf_settings, display),
    FIELD(pf_settings, capture_x),
    FIELD(pf_settings, capture_y),
    FIELD(pf_settings, capture_width),
    FIELD(pf_settings, capture_height),
    FIELD(pf_settings, target_fps),
    FIELD(pf_settings, capture_cursor),
    FIELD(pf_settings, jpeg_quality),
    FIELD(pf_settings, paint_over_jpeg_quality),
    FIELD(pf_settings, jpeg_full_color),
    FIELD(pf_settings, h264_crf),
    FIELD(pf_settings, h264_paint_over_crf),
    FIELD(pf_settings, h264_paint_over),
    FIELD(pf_settings, h264_full_color),
    FIELD(pf_settings, h264_full_frame),
    FIELD(pf_settings, stripe_height),
    FIELD(pf_settings, use_paint_over_quality),
    FIELD(pf_settings, paint_over_trigger_frames),
    FIELD(pf_settings, damage_block_threshold),
    FIELD(pf_settings, damage_block_duration),
    FIELD(pf_settings, watermark_location),
    FIELD(pf_settings, stripe_header),
    FIELD(pf_settings, queue_frames),
    FIELD(pf_settings, reconnect),
    FIELD(pf_settings, watermark_path),
    FIELD(pf_settings, authority_path),
    FIELD(pf_settings, window),
    FIELD(pf_settings, monitor),
};

static const field stripe_fields[] = {
    FIELD(pf_stripe, bytes),
    FIELD(pf_stripe, context),
    FIELD(pf_stripe, timestamp_us),
    FIELD(pf_stripe, latency_ns),
    FIELD(pf_stripe, size_bytes),
    FIELD(pf_stripe, header_bytes),
    FIELD(pf_stripe, frame_id),
    FIELD(pf_stripe, type),
    FIELD(pf_stripe, x),
    FIELD(pf_stripe, y),
    FIELD(pf_stripe, width),
    FIELD(pf_stripe, height),
    FIELD(pf_stripe, source_x),
    FIELD(pf_stripe, source_y),
    FIELD(pf_stripe, keyframe),
    FIELD(pf_stripe, h264_profile),
};

static const field screenshot_request_fields[] = {
    FIELD(pf_screenshot_request, size_bytes), FIELD(pf_screenshot_request, id),
    FIELD(pf_screenshot_request, format),     FIELD(pf_screenshot_request, quality),
    FIELD(pf_screenshot_request, x),          FIELD(pf_screenshot_request, y),
    FIELD(pf_screenshot_request, width),      FIELD(pf_screenshot_request, height),
};

static const field screenshot_fields[] = {
    FIELD(pf_screenshot, bytes),        FIELD(pf_screenshot, context),
    FIELD(pf_screenshot, timestamp_us), FIELD(pf_screenshot, size_bytes),
    FIELD(pf_screenshot, id),           FIELD(pf_screenshot, status),
    FIELD(pf_screenshot, width),        FIELD(pf_screenshot, height),
};

static const field cursor_fields[] = {
    FIELD(pf_cursor, bytes),    FIELD(pf_cursor, context), FIELD(pf_cursor, size_bytes),
    FIELD(pf_cursor, visible),  FIELD(pf_cursor, x),       FIELD(pf_cursor, y),
    FIELD(pf_cursor, image_id), FIELD(pf_cursor, width),   FIELD(pf_cursor, height),
    FIELD(pf_cursor, hot_x),    FIELD(pf_cursor, hot_y),
};

static const field tap_frame_fields[] = {
    FIELD(pf_tap_frame, bytes),        FIELD(pf_tap_frame, context),
    FIELD(pf_tap_frame, timestamp_us), FIELD(pf_tap_frame, size_bytes),
    FIELD(pf_tap_frame, frame_id),     FIELD(pf_tap_frame, width),
    FIELD(pf_tap_frame, height),       FIELD(pf_tap_frame, rectangle_count),
    FIELD(pf_tap_frame, merged_count),
};

static const field rectangle_fields[] = {
    FIELD(pf_rectangle, x),
    FIELD(pf_rectangle, y),
    FIELD(pf_rectangle, width),
    FIELD(pf_rectangle, height),
};

static const field change_query_fields[] = {
    FIELD(pf_change_query, size_bytes), FIELD(pf_change_query, ignored_count),
    FIELD(pf_change_query, since_us),   FIELD(pf_change_query, x),
    FIELD(pf_change_query, y),          FIELD(pf_change_query, width),
    FIELD(pf_change_query, height),
};

static const field changes_fields[] = {
    FIELD(pf_changes, size_bytes), FIELD(pf_changes, rectangle_count), FIELD(pf_changes, token_us),
    FIELD(pf_changes, changed_us), FIELD(pf_changes, looked_us),       FIELD(pf_changes, frame_id),
    FIELD(pf_changes, width),      FIELD(pf_changes, height),
};

static const field state_fields[] = {
    FIELD(pf_state, size_bytes),   FIELD(pf_state, phase),       FIELD(pf_state, error),
    FIELD(pf_state, queued_count), FIELD(pf_state, width),       FIELD(pf_state, height),
    FIELD(pf_state, resize_count), FIELD(pf_state, ended_count),
};

static const field stats_fields[] = {
    FIELD(pf_stats, size_bytes),
    FIELD(pf_stats, frames),
    FIELD(pf_stats, stripes),
    FIELD(pf_stats, bytes),
    FIELD(pf_stats, keyframes),
    FIELD(pf_stats, rows_grabbed),
    FIELD(pf_stats, stripes_hashed),
    FIELD(pf_stats, stripes_unchanged),
    FIELD(pf_stats, changed_without_damage),
    FIELD(pf_stats, held_back),
    FIELD(pf_stats, wakeups),
    FIELD(pf_stats, encoders_opened),
    FIELD(pf_stats, copies),
};

static const field histogram_fields[] = {
    FIELD(pf_histogram, size_bytes), FIELD(pf_histogram, count),  FIELD(pf_histogram, sum_ns),
    FIELD(pf_histogram, p50_ns),     FIELD(pf_histogram, p95_ns), FIELD(pf_histogram, p99_ns),
    FIELD(pf_histogram, max_ns),
};

static const field lease_fields[] = {FIELD(pf_lease, handle), FIELD(pf_lease, frames),
                                     FIELD(pf_lease, capacity)};

static const field memory_fields[] = {
    FIELD(pf_memory, size_bytes),         FIELD(pf_memory, capture_count),
    FIELD(pf_memory, thread_count),       FIELD(pf_memory, lent_count),
    FIELD(pf_memory, lent_bytes),         FIELD(pf_memory, buffer_bytes),
    FIELD(pf_memory, frame_source_count),
};

static const field capabilities_fields[] = {
    FIELD(pf_capabilities, size_bytes), FIELD(pf_capabilities, abi_version),
    FIELD(pf_capabilities, codecs),     FIELD(pf_capabilities, cpu_features),
    FIELD(pf_capabilities, version),    FIELD(pf_capabilities, licence),
};

typedef struct structure {
    const char *name;
    size_t size_bytes;
    const field *fields;
    size_t field_count;
} structure;

#define STRUCTURE(type, table)                                                                     \
    { #type, sizeof(type), table, sizeof(table) / sizeof *(table) }

static const structure structures[] = {
    STRUCTURE(pf_settings, settings_fields),
    STRUCTURE(pf_stripe, stripe_fields),
    STRUCTURE(pf_state, state_fields),
    STRUCTURE(pf_stats, stats_fields),
    STRUCTURE(pf_histogram, histogram_fields),
    STRUCTURE(pf_memory, memory_fields),
    STRUCTURE(pf_lease, lease_fields),
    STRUCTURE(pf_capabilities, capabilities_fields),
    STRUCTURE(pf_screenshot_request, screenshot_request_fields),
    STRUCTURE(pf_screenshot, screenshot_fields),
    STRUCTURE(pf_cursor, cursor_fields),
    STRUCTURE(pf_tap_frame, tap_frame_fields),
    STRUCTURE(pf_rectangle, rectangle_fields),
    STRUCTURE(pf_change_query, change_query_fields),
    STRUCTURE(pf_changes, changes_fields),
};

static char text[8192];
static size_t text_bytes;

static void write_field(const field *item) {
    char type[32];
    snprintf(type, sizeof type, "%s", item->type);
    if (strcmp(item->type, "char") == 0) {
        snprintf(type, sizeof type, "char[%zu]", item->size_bytes);
    }
    text_bytes += (size_t)snprintf(text + text_bytes, sizeof text - text_bytes, " %s %s %zu\n",
                                   item->name, type, item->offset);
}

static void write_text(void) {
    for (size_t index = 0; index < sizeof structures / sizeof *structures; index++) {
        const structure *item = &structures[index];
        text_bytes += (size_t)snprintf(text + text_bytes, sizeof text - text_bytes, "%s %zu\n",
                                       item->name, item->size_bytes);
        for (size_t field_index = 0; field_index < item->field_count; field_index++) {
            write_field(&item->fields[field_index]);
        }
    }
}

const char *pf_layout(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, write_text);
    return text;
}
