/* SPDX-License-Identifier: MPL-2.0 */
#include "pushed.h"

#include <stdio.h>

#include "session.h"
#include "test.h"

void create_pushed(pushed_screen *self, uint32_t width, uint32_t height) {
    *self = (pushed_screen){.width = width, .height = height};
    CHECK_EQUAL(pf_frames_create(width, height, &self->handle), PF_STATUS_OK);
    snprintf(self->display, sizeof self->display, "frames://%llu",
             (unsigned long long)self->handle);
}

uint64_t push_all(pushed_screen *self, uint32_t width, uint32_t height) {
    uint64_t serial = 0;
    self->width = width;
    self->height = height;
    for (uint32_t index = 0; index < width * height; index++) {
        self->pixels[index] = pf_random_below(1u << 31) << 1;
    }
    CHECK_EQUAL(pf_frames_push(self->handle, (const uint8_t *)self->pixels, width * height * 4ull,
                               width, height, width * 4, NULL, 0, &serial),
                PF_STATUS_OK);
    return serial;
}

uint64_t start_pushed_capture(const pushed_screen *self, uint32_t output_mode) {
    pf_settings settings = default_settings(self->display);
    settings.output_mode = output_mode;
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    return handle;
}
