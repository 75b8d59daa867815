/* SPDX-License-Identifier: MPL-2.0 */
/** A frame source of a test's own, and what has been pushed to it. */
#ifndef PF_TEST_PUSHED_H
#define PF_TEST_PUSHED_H

#include <stdint.h>

#define PUSHED_SIDE_PX_MAX 100u

/** What has been pushed so far, as RGBA, and by which name it is captured. */
typedef struct pushed_screen {
    uint64_t handle;
    char display[32];
    uint32_t width;
    uint32_t height;
    uint32_t pixels[PUSHED_SIDE_PX_MAX * PUSHED_SIDE_PX_MAX];
} pushed_screen;

/** Opens a frame source; 0 and 0: of no size yet. */
void create_pushed(pushed_screen *self, uint32_t width, uint32_t height);

/** Pushes a whole picture of noise, and returns the push's serial. */
uint64_t push_all(pushed_screen *self, uint32_t width, uint32_t height);

/** Starts a capture of it, with the default settings but for pf_output_mode. */
uint64_t start_pushed_capture(const pushed_screen *self, uint32_t output_mode);

#endif
