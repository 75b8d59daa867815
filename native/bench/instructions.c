/* SPDX-License-Identifier: MPL-2.0 */
/**
 * pf-instructions: what scripts/instructions runs under valgrind. Each scene goes
 * through the frame stage in each mode, and callgrind writes out the instructions
 * of the frames that follow the first ones.
 *
 * All of it on one thread, for the counts must not depend on the number of cores:
 * a pool that nobody has joined leaves its jobs to the caller, and the encoder of
 * a full frame is told to be alone.
 */
#include <gnu/libc-version.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <valgrind/callgrind.h>

/* Only for the versions that they name. */
#include <jpeglib.h>
#include <libyuv/version.h>
#include <x264.h>
#include <xxhash.h>

#include "base/clock.h"
#include "capture/frame.h"
#include "scenes.h"

/* The first pictures open encoders, lower the quality step by step (15 changes),
 * are found to be motion (10) and are refreshed at rest (15). */
#define WARM_FRAMES 18u
/* The re-check of what nobody told of comes with every sixth frame. */
#define COUNTED_FRAMES 6u

_Static_assert(WARM_FRAMES + COUNTED_FRAMES <= SCENE_FRAMES_MAX, "a scene has no more");

#define TEXT_OF(macro) TEXT(macro)
#define TEXT(word) #word

typedef struct mode {
    const char *name;
    uint32_t output_mode;
    uint32_t stripe_header;
    bool full_frame;
} mode;

static const mode modes[] = {
    {"jpeg", PF_OUTPUT_JPEG, PF_HEADER_PIXELFLUX, false},
    {"jpeg-extended", PF_OUTPUT_JPEG, PF_HEADER_EXTENDED, false},
    {"h264", PF_OUTPUT_H264, PF_HEADER_PIXELFLUX, false},
    {"h264-full-frame", PF_OUTPUT_H264, PF_HEADER_PIXELFLUX, true},
};

typedef struct run {
    scene_source source;
    pf_wake wake;
    pf_outbox outbox;
    pf_change_log changes;
    pf_frame_stage stage;
    uint64_t now_ns;
} run;

static void check(bool good, const char *what) {
    if (!good) {
        fprintf(stderr, "pf-instructions: %s\n", what);
        exit(1);
    }
}

/** The defaults of the TypeScript package when these figures were first taken;
 * they are inputs here, and stay. */
static pf_settings settings_of(const mode *mode) {
    return (pf_settings){
        .size_bytes = sizeof(pf_settings),
        .output_mode = mode->output_mode,
        .target_fps = 60,
        .jpeg_quality = 75,
        .paint_over_jpeg_quality = 90,
        .h264_crf = 25,
        .h264_paint_over_crf = 18,
        .h264_full_frame = mode->full_frame,
        .use_paint_over_quality = 1,
        .paint_over_trigger_frames = 15,
        .damage_block_threshold = 10,
        .damage_block_duration = 30,
        .stripe_header = mode->stripe_header,
        .queue_frames = 3,
    };
}

static run *begin(const mode *mode, const scene *scene, const scene_stock *stock) {
    run *self = calloc(1, sizeof *self);
    check(self != NULL && scene_source_init(&self->source, scene, stock), "out of memory");
    check(pf_wake_init(&self->wake), "the system refuses descriptors");
    pf_settings settings = settings_of(mode);
    pf_outbox_init(&self->outbox, &self->wake, settings.queue_frames);
    self->stage.source = &self->source.base;
    self->stage.outbox = &self->outbox;
    self->stage.wake = &self->wake;
    self->stage.changes = &self->changes;
    self->now_ns = PF_NS_PER_S;
    pf_error error = {0};
    pf_status status = pf_frame_stage_init(&self->stage, &settings, &error);
    check(status == PF_STATUS_OK, error.message);
    self->stage.format.thread_count = 1;
    pf_image frame = self->source.base.frame;
    pf_change_log_init(&self->changes, &self->outbox);
    check(pf_change_log_set_size(&self->changes, frame.width_px, frame.height_px, false, 0),
          "out of memory");
    return self;
}

static void end(run *self) {
    pf_frame_stage_deinit(&self->stage);
    pf_change_log_deinit(&self->changes);
    pf_outbox_deinit(&self->outbox);
    pf_wake_deinit(&self->wake);
    scene_source_deinit(&self->source);
    free(self);
}

/** From the capture's request for a frame to the last stripe given back. */
static void take_frame(run *self) {
    enum { STRIPES_MAX = 64 };
    pf_frame_request request = {.now_ns = self->now_ns, .reason_ns = self->now_ns, .damaged = true};
    pf_error error = {0};
    pf_status status = pf_frame_take(&self->stage, &request, &error);
    check(status == PF_STATUS_OK, error.message);
    pf_stripe stripes[STRIPES_MAX];
    pf_state state = {.size_bytes = sizeof state};
    uint32_t count = pf_outbox_drain(&self->outbox, stripes, STRIPES_MAX, &state);
    for (uint32_t index = 0; index < count; index++) {
        pf_stripe_release(NULL, (void *)(uintptr_t)stripes[index].context);
    }
}

static void measure(const mode *mode, const scene *scene, const scene_stock *stock) {
    run *self = begin(mode, scene, stock);
    for (uint32_t index = 0; index < WARM_FRAMES + COUNTED_FRAMES; index++) {
        scene_source_paint(&self->source, index);
        if (index == WARM_FRAMES) {
            CALLGRIND_START_INSTRUMENTATION;
        }
        if (index >= WARM_FRAMES) {
            CALLGRIND_TOGGLE_COLLECT;
        }
        take_frame(self);
        if (index >= WARM_FRAMES) {
            CALLGRIND_TOGGLE_COLLECT;
        }
        self->now_ns += scene->interval_ns;
    }
    CALLGRIND_STOP_INSTRUMENTATION;
    char label[64];
    snprintf(label, sizeof label, "%s %s %u", mode->name, scene->name, COUNTED_FRAMES);
    CALLGRIND_DUMP_STATS_AT(label);
    end(self);
}

/** Asks the CPU, which here is valgrind's. */
static bool has_avx2(void) {
#if defined(__x86_64__)
    uint32_t eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & bit_AVX2) != 0;
#else
    return false;
#endif
}

/** What the counts depend on beside this repository. */
static void print_versions(void) {
    struct utsname machine;
    check(uname(&machine) == 0, "the system does not say what it is");
    printf("version machine %s\n", machine.machine);
    printf("version avx2 %s\n", has_avx2() ? "yes" : "no");
    printf("version xxhash %u\n", (unsigned)XXH_VERSION_NUMBER);
    printf("version x264 %s\n", X264_POINTVER);
    printf("version libjpeg-turbo %s\n", TEXT_OF(LIBJPEG_TURBO_VERSION));
    printf("version libyuv %u\n", (unsigned)LIBYUV_VERSION);
    printf("version libc %s\n", gnu_get_libc_version());
}

int main(void) {
    scene_stock stock;
    check(scene_stock_init(&stock), "out of memory");
    print_versions();
    for (size_t index = 0; index < sizeof modes / sizeof modes[0]; index++) {
        for (uint32_t scene = 0; scene < SCENE_COUNT; scene++) {
            measure(&modes[index], &scenes[scene], &stock);
        }
    }
    scene_stock_deinit(&stock);
    return 0;
}
