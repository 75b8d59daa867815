/* SPDX-License-Identifier: MPL-2.0 */
/**
 * pf-codec-bench limits|curves WIDTHxHEIGHT FRAMES: the core's encoders on
 * frames in memory, without a screen; one line of JSON a measurement.
 *
 *   limits  video in the stripes that the library would choose, on one and two
 *           threads: what a capture of it cannot cost less than
 *   curves  cost against the stripes' height, and what a frame would take on
 *           more threads than there are
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "frames.h"
#include "team.h"

/* The first pictures open encoders and are keyframes. */
#define WARM_FRAMES 3u
#define FRAMES_MAX 10000u

#define JPEG_QUALITY 75
#define H264_QUANTIZER 25
/* A stripe that is in motion: see busy_quantizer in capture/frame.c. */
#define H264_BUSY_QUANTIZER 28

#define NS_PER_MS 1e6

typedef struct options {
    uint32_t width_px;
    uint32_t height_px;
    uint32_t frame_count;
} options;

static const char *const kind_names[] = {
    [PF_LAYOUT_JPEG] = "jpeg", [PF_LAYOUT_H264] = "h264", [PF_LAYOUT_FULL_FRAME] = "fullframe"};

static bench_frames *open_frames(const options *o, const char *name, uint32_t position) {
    frames_subject subject = {.name = name, .position = position};
    bench_frames *frames = frames_create(subject, o->width_px, o->height_px);
    if (frames == NULL) {
        fprintf(stderr, "pf-codec-bench: no frames of %s\n", name);
        exit(1);
    }
    return frames;
}

static void measure_limit(const options *o, bench_frames *frames, pf_layout_kind kind,
                          uint32_t thread_count) {
    bench_stripes stripes;
    bench_team team;
    bool full_frame = kind == PF_LAYOUT_FULL_FRAME;
    stripes_create(&stripes,
                   &(bench_stripes_options){.kind = kind,
                                            .width_px = o->width_px,
                                            .height_px = o->height_px,
                                            .encoder_thread_count = full_frame ? thread_count : 1,
                                            .quality = kind == PF_LAYOUT_JPEG ? JPEG_QUALITY
                                                                              : H264_BUSY_QUANTIZER,
                                            .changed = frames_changed(frames)});
    team_create(&team, &stripes, full_frame ? 1 : thread_count);
    uint64_t wall_ns = 0, cpu_ns = 0, bytes = 0;
    for (uint32_t index = 0; index < WARM_FRAMES + o->frame_count; index++) {
        pf_image frame = frames_paint(frames, index);
        uint64_t begin_ns = pf_clock_now_ns();
        uint64_t cpu_begin_ns = pf_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
        team_encode(&team, frame);
        if (index >= WARM_FRAMES) {
            cpu_ns += pf_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin_ns;
            wall_ns += pf_clock_now_ns() - begin_ns;
            bytes += stripes_payload_bytes(&stripes);
        }
    }
    printf("{\"mode\":\"%s\",\"threads\":%u,\"stripes\":%u,\"wallMs\":%.4f,\"cpuMs\":%.4f,"
           "\"bytes\":%.0f}\n",
           kind_names[kind], thread_count, stripes.plan.stripe_count,
           (double)wall_ns / NS_PER_MS / o->frame_count,
           (double)cpu_ns / NS_PER_MS / o->frame_count, (double)bytes / o->frame_count);
    team_destroy(&team);
    stripes_destroy(&stripes);
}

static void measure_limits(const options *o) {
    bench_frames *frames = open_frames(o, "video", 0);
    for (pf_layout_kind kind = PF_LAYOUT_JPEG; kind <= PF_LAYOUT_FULL_FRAME; kind++) {
        measure_limit(o, frames, kind, 1);
        measure_limit(o, frames, kind, 2);
    }
    frames_destroy(frames);
}

/** Of one codec and stripe height. */
typedef struct curve_point {
    pf_layout_kind kind;
    uint32_t stripe_height_px;
    /** Sums over frames. */
    uint32_t frame_count;
    uint64_t cpu_ns;
    uint64_t bytes;
    uint64_t first_ns;
    uint64_t frame_ns[BENCH_THREADS_MAX + 1];
} curve_point;

static void add_frame(curve_point *point, const bench_stripes *stripes) {
    const uint64_t *times = stripes->cpu_ns + stripes->first;
    uint32_t count = stripes->end - stripes->first;
    point->frame_count++;
    point->first_ns += times[0];
    point->cpu_ns += schedule_makespan_ns(times, count, 1);
    for (uint32_t threads = 1; threads <= BENCH_THREADS_MAX; threads *= 2) {
        point->frame_ns[threads] += schedule_makespan_ns(times, count, threads);
    }
    point->bytes += stripes_payload_bytes(stripes);
}

static void print_point(const char *workload, const curve_point *point) {
    double per_frame_ms = 1 / (NS_PER_MS * point->frame_count);
    printf("{\"codec\":\"%s\",\"workload\":\"%s\",\"stripeHeight\":%u,\"cpuMs\":%.4f,"
           "\"bytes\":%.0f,\"firstMs\":%.4f,\"frameMs\":{",
           kind_names[point->kind], workload, point->stripe_height_px,
           (double)point->cpu_ns * per_frame_ms, (double)point->bytes / point->frame_count,
           (double)point->first_ns * per_frame_ms);
    for (uint32_t threads = 1; threads <= BENCH_THREADS_MAX; threads *= 2) {
        printf("%s\"%u\":%.4f", threads == 1 ? "" : ",", threads,
               (double)point->frame_ns[threads] * per_frame_ms);
    }
    printf("}}\n");
}

static uint32_t quality_of(pf_layout_kind kind, const char *workload) {
    if (kind == PF_LAYOUT_JPEG) {
        return JPEG_QUALITY;
    }
    return strcmp(workload, "typing") == 0 ? H264_QUANTIZER : H264_BUSY_QUANTIZER;
}

static void measure_point(const options *o, bench_frames *frames, const char *workload,
                          curve_point *point) {
    bench_stripes stripes;
    stripes_create(&stripes, &(bench_stripes_options){.kind = point->kind,
                                                      .width_px = o->width_px,
                                                      .height_px = o->height_px,
                                                      .stripe_height_px = point->stripe_height_px,
                                                      .encoder_thread_count = 1,
                                                      .quality = quality_of(point->kind, workload),
                                                      .changed = frames_changed(frames)});
    for (uint32_t index = 0; index < WARM_FRAMES + o->frame_count; index++) {
        pf_image frame = frames_paint(frames, index);
        for (uint32_t stripe = stripes.first; stripe < stripes.end; stripe++) {
            stripes_encode(&stripes, frame, stripe);
        }
        if (index >= WARM_FRAMES) {
            add_frame(point, &stripes);
        }
    }
    stripes_destroy(&stripes);
}

static const uint32_t heights_px[] = {16, 32, 48, 64, 96, 128, 144, 192, 272, 368, 544, 1088};

#define HEIGHT_COUNT (sizeof heights_px / sizeof heights_px[0])

static void measure_workload(const options *o, const char *workload, uint32_t position_count) {
    curve_point points[2][HEIGHT_COUNT];
    for (uint32_t position = 0; position < position_count; position++) {
        bench_frames *frames = open_frames(o, workload, position);
        for (pf_layout_kind kind = PF_LAYOUT_JPEG; kind <= PF_LAYOUT_H264; kind++) {
            for (size_t index = 0; index < HEIGHT_COUNT; index++) {
                curve_point *point = &points[kind][index];
                if (position == 0) {
                    *point = (curve_point){.kind = kind, .stripe_height_px = heights_px[index]};
                }
                measure_point(o, frames, workload, point);
            }
        }
        frames_destroy(frames);
    }
    for (size_t index = 0; index < 2 * HEIGHT_COUNT; index++) {
        print_point(workload, &points[index / HEIGHT_COUNT][index % HEIGHT_COUNT]);
    }
}

static void measure_curves(const options *o) {
    measure_workload(o, "video", 1);
    measure_workload(o, "scroll", FRAMES_POSITION_COUNT);
    measure_workload(o, "typing", FRAMES_POSITION_COUNT);
}

int main(int argc, char **argv) {
    options o = {0};
    bool known = argc == 4 && (strcmp(argv[1], "limits") == 0 || strcmp(argv[1], "curves") == 0);
    if (!known || sscanf(argv[2], "%ux%u", &o.width_px, &o.height_px) != 2 ||
        sscanf(argv[3], "%u", &o.frame_count) != 1 || o.width_px < 16 || o.height_px < 16 ||
        o.width_px > PF_FRAME_SIDE_PX_MAX || o.height_px > PF_FRAME_SIDE_PX_MAX ||
        o.frame_count == 0 || o.frame_count > FRAMES_MAX) {
        fprintf(stderr, "usage: pf-codec-bench limits|curves WIDTHxHEIGHT FRAMES\n");
        return 2;
    }
    if (strcmp(argv[1], "limits") == 0) {
        measure_limits(&o);
    } else {
        measure_curves(&o);
    }
    return 0;
}
