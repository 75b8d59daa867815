/* SPDX-License-Identifier: MPL-2.0 */
#include "source/source.h"

#include <string.h>

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

bool pf_source_is_ours(const char *display) {
    return begins_with(display, PF_SYNTHETIC_SCHEME) || begins_with(display, PF_FRAMES_SCHEME);
}

pf_status pf_source_open(const pf_source_request *request, pf_source **source, pf_error *error) {
    if (begins_with(request->display, PF_SYNTHETIC_SCHEME)) {
        return pf_synthetic_open(request, source, error);
    }
    if (begins_with(request->display, PF_FRAMES_SCHEME)) {
        return pf_frames_open(request, source, error);
    }
    return pf_x11_open(request, source, error);
}

pf_status pf_source_refuse_cursor(pf_error *error) {
    return pf_error_set(error, PF_STATUS_DISPLAY_UNSUPPORTED,
                        "capture_cursor: the X server lacks the XFIXES extension, which tells "
                        "the pointer's image; set it to false");
}

static uint32_t rest_of(uint32_t origin, uint32_t side, uint32_t screen_side) {
    if (side > 0) {
        return side;
    }
    uint32_t rest = origin < screen_side ? screen_side - origin : 1;
    return rest < PF_FRAME_SIDE_PX_MAX ? rest : PF_FRAME_SIDE_PX_MAX;
}

pf_rect pf_source_fill_region(pf_rect region, uint32_t screen_width, uint32_t screen_height) {
    region.width = rest_of(region.x, region.width, screen_width);
    region.height = rest_of(region.y, region.height, screen_height);
    return region;
}

const char *pf_source_target_word(uint32_t window, const char *monitor) {
    return window != 0 ? "window" : monitor[0] != '\0' ? "monitor" : "screen";
}

pf_status pf_source_check_region(pf_rect region, const char *target, uint32_t width,
                                 uint32_t height, pf_error *error) {
    if (region.x >= width || region.y >= height) {
        return pf_error_set(error, PF_STATUS_REGION_OFF_SCREEN,
                            "%s: the place %u,%u lies outside the %s, which is %ux%u px; "
                            "choose one within it",
                            region.x >= width ? "capture_x" : "capture_y", region.x, region.y,
                            target, width, height);
    }
    region = pf_source_fill_region(region, width, height);
    bool too_wide = region.width > width - region.x;
    if (too_wide || region.height > height - region.y) {
        return pf_error_set(error, PF_STATUS_REGION_OFF_SCREEN,
                            "%s: the region %ux%u+%u+%u reaches beyond the %s, which is "
                            "%ux%u px; leave it out for the rest of the %s",
                            too_wide ? "capture_width" : "capture_height", region.width,
                            region.height, region.x, region.y, target, width, height, target);
    }
    return PF_STATUS_OK;
}
