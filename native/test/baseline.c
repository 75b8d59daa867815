/* SPDX-License-Identifier: MPL-2.0 */
/**
 * baseline LIBRARY MODE: captures a picture that does not change, and writes what
 * came to stdout: for each stripe a line "y width height keyframe bytes" and its
 * bytes. Needs nothing but libc, so that it runs on any CPU that the library does,
 * where Bun would not.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pixelflux.h"

#define CAPACITY 64
#define ROWS 128u

static void *library;

static void give_up(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void *symbol(const char *name) {
    void *address = dlsym(library, name);
    if (address == NULL) {
        give_up(name, dlerror());
    }
    return address;
}

static pf_settings still_picture(uint32_t mode) {
    pf_settings settings = {.size_bytes = sizeof settings,
                            .output_mode = mode,
                            .target_fps = 60,
                            .jpeg_quality = 90,
                            .paint_over_jpeg_quality = 90,
                            .h264_crf = 18,
                            .h264_paint_over_crf = 18,
                            .stripe_height = 64,
                            .paint_over_trigger_frames = 15,
                            .damage_block_duration = 30,
                            .stripe_header = PF_HEADER_NONE,
                            .queue_frames = 3};
    strcpy(settings.display, "synthetic://192x128@0");
    return settings;
}

static void write_out(const pf_stripe *stripe) {
    printf("%u %u %u %u %u\n", stripe->y, stripe->width, stripe->height, stripe->keyframe,
           stripe->size_bytes);
    fwrite((const void *)(uintptr_t)stripe->bytes, 1, stripe->size_bytes, stdout);
}

/** Takes what is ready; returns the rows of it. */
static uint32_t drain(uint64_t handle) {
    int32_t (*take)(uint64_t, pf_stripe *, uint32_t, uint32_t *, pf_state *) =
        symbol("pf_capture_drain");
    void (*release)(void *, void *) = symbol("pf_stripe_release");
    pf_stripe stripes[CAPACITY];
    uint32_t count = 0, rows = 0;
    pf_state state = {.size_bytes = sizeof state};
    if (take(handle, stripes, CAPACITY, &count, &state) != PF_STATUS_OK || state.error != 0) {
        give_up("pf_capture_drain", "the capture failed");
    }
    for (uint32_t index = 0; index < count; index++) {
        write_out(&stripes[index]);
        rows += stripes[index].height;
        release(NULL, (void *)(uintptr_t)stripes[index].context);
    }
    return rows;
}

static void capture(uint32_t mode) {
    int32_t (*start)(const pf_settings *, uint64_t *) = symbol("pf_capture_start");
    int32_t (*await)(uint64_t, uint32_t) = symbol("pf_capture_wait");
    int32_t (*end)(uint64_t) = symbol("pf_capture_free");
    pf_settings settings = still_picture(mode);
    uint64_t handle;
    if (start(&settings, &handle) != PF_STATUS_OK) {
        give_up("pf_capture_start", "refused");
    }
    for (uint32_t rows = 0; rows < ROWS; rows += drain(handle)) {
        if (await(handle, PF_WAIT_MS_MAX) == PF_STATUS_ENDED) {
            give_up("pf_capture_wait", "the capture ended");
        }
    }
    end(handle);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        give_up("baseline", "expected LIBRARY and MODE");
    }
    library = dlopen(argv[1], RTLD_NOW);
    if (library == NULL) {
        give_up(argv[1], dlerror());
    }
    capture((uint32_t)atoi(argv[2]));
    return 0;
}
