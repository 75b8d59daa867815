/* SPDX-License-Identifier: MPL-2.0 */
#include "screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void run_server(int display_fd, const char *extension) {
    char number[16];
    snprintf(number, sizeof number, "%d", display_fd);
    /* It must not outlive a test that fails, nor hold its output open. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    freopen("/dev/null", "w", stdout);
    freopen("/dev/null", "w", stderr);
    execlp("Xvfb", "Xvfb", "-displayfd", number, "-screen", "0", "640x480x24", "-nolisten", "tcp",
           "-noreset", extension == NULL ? NULL : "-extension", extension, NULL);
    _exit(127);
}

void open_screen(screen *screen, const char *extension) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    screen->server = fork();
    CHECK(screen->server >= 0);
    if (screen->server == 0) {
        run_server(ends[1], extension);
    }
    close(ends[1]);
    char number[16] = {0};
    ssize_t length = 0, part;
    while ((part = read(ends[0], number + length, sizeof number - 1 - (size_t)length)) > 0) {
        length += part;
        if (number[length - 1] == '\n') {
            break;
        }
    }
    close(ends[0]);
    if (length == 0) {
        pf_test_fail(__FILE__, __LINE__, "Xvfb does not start; install the package xvfb");
    }
    snprintf(screen->display, sizeof screen->display, ":%d", atoi(number));
    screen->connection = xcb_connect(screen->display, NULL);
    CHECK_EQUAL(xcb_connection_has_error(screen->connection), 0);
    screen->root = xcb_setup_roots_iterator(xcb_get_setup(screen->connection)).data->root;
    screen->context = xcb_generate_id(screen->connection);
    xcb_create_gc(screen->connection, screen->context, screen->root, 0, NULL);
}

void close_screen(screen *screen) {
    if (screen->connection != NULL) {
        xcb_disconnect(screen->connection);
    }
    kill(screen->server, SIGKILL);
    waitpid(screen->server, NULL, 0);
}

void paint(screen *screen, int16_t y, uint32_t colour) {
    xcb_rectangle_t rect = {.x = 10, .y = y, .width = 200, .height = 10};
    xcb_change_gc(screen->connection, screen->context, XCB_GC_FOREGROUND, &colour);
    xcb_poly_fill_rectangle(screen->connection, screen->root, screen->context, 1, &rect);
    free(xcb_get_input_focus_reply(screen->connection, xcb_get_input_focus(screen->connection),
                                   NULL));
}

void sync_with(screen *screen) {
    free(xcb_get_input_focus_reply(screen->connection, xcb_get_input_focus(screen->connection),
                                   NULL));
}

xcb_window_t show_window(screen *screen) {
    xcb_window_t window = xcb_generate_id(screen->connection);
    xcb_create_window(screen->connection, XCB_COPY_FROM_PARENT, window, screen->root, 20, 30, 150,
                      90, 2, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, 0, NULL);
    xcb_map_window(screen->connection, window);
    sync_with(screen);
    return window;
}

void disturb(screen *screen, xcb_window_t window) {
    uint32_t place[2] = {pf_random_below(600), pf_random_below(440)};
    uint32_t size[2] = {1 + pf_random_below(300), 1 + pf_random_below(200)};
    switch (pf_random_below(5)) {
    case 0:
        xcb_configure_window(screen->connection, window, XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y,
                             place);
        break;
    case 1:
        xcb_configure_window(screen->connection, window,
                             XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
        break;
    case 2:
        xcb_unmap_window(screen->connection, window);
        break;
    default:
        xcb_map_window(screen->connection, window);
        xcb_clear_area(screen->connection, 0, window, 0, 0, 0, 0);
    }
    paint(screen, (int16_t)place[1], ++screen->painted * 0x010305);
}
