/* SPDX-License-Identifier: MPL-2.0 */
/** A real screen for tests: an Xvfb of its own, painted by a second connection. */
#ifndef PF_TEST_SCREEN_H
#define PF_TEST_SCREEN_H

#include <stdint.h>
#include <sys/types.h>

#include <xcb/xcb.h>

typedef struct screen {
    pid_t server;
    char display[32];
    xcb_connection_t *connection;
    xcb_window_t root;
    xcb_gcontext_t context;
    /** Every picture gets a colour of its own. */
    uint32_t painted;
} screen;

/** Starts a server, without `extension` where one is named. */
void open_screen(screen *screen, const char *extension);
void close_screen(screen *screen);

/** Paints a bar of the root window, and returns when that is done. */
void paint(screen *screen, int16_t y, uint32_t colour);

/** Returns when the server has done all that was asked of it. */
void sync_with(screen *screen);

xcb_window_t show_window(screen *screen);

/** Moves, resizes, hides or shows it, and paints what is under it. */
void disturb(screen *screen, xcb_window_t window);

#endif
