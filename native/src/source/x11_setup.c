/* SPDX-License-Identifier: MPL-2.0 */
/** What an X server says of its screens when it lets a client in. */
#include "source/x11.h"

/* In units of 4 bytes; every server takes at least that (X11 protocol, 8: "Server
 * information"). libxcb locks itself out where it may not even ask for more. */
#define REQUEST_LENGTH_MIN 4096

/** Takes `size` bytes off what is left; false where they are not there. */
static bool take(const uint8_t **at, size_t *rest, size_t size) {
    if (size > *rest) {
        return false;
    }
    *at += size;
    *rest -= size;
    return true;
}

static bool take_depths(const uint8_t **at, size_t *rest, uint32_t count) {
    while (count-- > 0) {
        const xcb_depth_t *depth = (const void *)*at;
        if (!take(at, rest, sizeof *depth) ||
            !take(at, rest, depth->visuals_len * sizeof(xcb_visualtype_t))) {
            return false;
        }
    }
    return true;
}

/** Whether all the lists lie within the setup: xcb's iterators believe the counts
 * (X11 protocol, encoding of the connection setup). */
static bool is_whole(const xcb_setup_t *setup) {
    const uint8_t *at = (const uint8_t *)setup;
    size_t rest = 8 + (size_t)setup->length * 4;
    size_t vendor_bytes = (setup->vendor_len + 3u) & ~3u;
    if (setup->roots_len == 0 || !take(&at, &rest, sizeof *setup) ||
        !take(&at, &rest, vendor_bytes) ||
        !take(&at, &rest, setup->pixmap_formats_len * sizeof(xcb_format_t))) {
        return false;
    }
    for (uint32_t count = setup->roots_len; count > 0; count--) {
        const xcb_screen_t *screen = (const void *)at;
        if (!take(&at, &rest, sizeof *screen) ||
            !take_depths(&at, &rest, screen->allowed_depths_len)) {
            return false;
        }
    }
    return true;
}

static const xcb_screen_t *find_screen(const xcb_setup_t *setup, int index) {
    xcb_screen_iterator_t screens = xcb_setup_roots_iterator(setup);
    while (index-- > 0 && screens.rem > 1) {
        xcb_screen_next(&screens);
    }
    return screens.data;
}

static const xcb_visualtype_t *find_on_screen(const xcb_screen_t *screen, xcb_visualid_t visual) {
    xcb_depth_iterator_t depths = xcb_screen_allowed_depths_iterator(screen);
    for (; depths.rem > 0; xcb_depth_next(&depths)) {
        xcb_visualtype_iterator_t visuals = xcb_depth_visuals_iterator(depths.data);
        for (; visuals.rem > 0; xcb_visualtype_next(&visuals)) {
            if (visuals.data->visual_id == visual) {
                return visuals.data;
            }
        }
    }
    return NULL;
}

static const xcb_visualtype_t *find_visual(const xcb_setup_t *setup, xcb_visualid_t visual) {
    xcb_screen_iterator_t screens = xcb_setup_roots_iterator(setup);
    for (; screens.rem > 0; xcb_screen_next(&screens)) {
        const xcb_visualtype_t *found = find_on_screen(screens.data, visual);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static uint8_t bits_per_pixel(const xcb_setup_t *setup, uint8_t depth) {
    const xcb_format_t *formats = xcb_setup_pixmap_formats(setup);
    for (int index = 0; index < xcb_setup_pixmap_formats_length(setup); index++) {
        if (formats[index].depth == depth) {
            return formats[index].bits_per_pixel;
        }
    }
    return 0;
}

bool pf_x11_visual_is_readable(const xcb_setup_t *setup, xcb_visualid_t id, uint8_t depth) {
    const xcb_visualtype_t *visual = find_visual(setup, id);
    return visual != NULL && visual->_class == XCB_VISUAL_CLASS_TRUE_COLOR &&
           visual->red_mask == 0xff0000 && visual->green_mask == 0xff00 &&
           visual->blue_mask == 0xff && bits_per_pixel(setup, depth) == 32 &&
           setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST;
}

static pf_status check_pixel_format(const xcb_setup_t *setup, const xcb_screen_t *screen,
                                    pf_error *error) {
    if (pf_x11_visual_is_readable(setup, screen->root_visual, screen->root_depth)) {
        return PF_STATUS_OK;
    }
    return pf_error_set(error, PF_STATUS_DISPLAY_UNSUPPORTED,
                        "display: the screen's pixels (depth %u, %u bits each) are not 32-bit "
                        "BGRX; start the X server with depth 24",
                        screen->root_depth, bits_per_pixel(setup, screen->root_depth));
}

pf_status pf_x11_choose_screen(const xcb_setup_t *setup, int index, const xcb_screen_t **screen,
                               pf_error *error) {
    if (!is_whole(setup) || setup->maximum_request_length < REQUEST_LENGTH_MIN) {
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: what answers there speaks no proper X11");
    }
    *screen = find_screen(setup, index);
    return check_pixel_format(setup, *screen, error);
}
