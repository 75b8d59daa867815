/* SPDX-License-Identifier: MPL-2.0 */
/**
 * pf-painter [display]: paints known pictures on an X screen.
 *
 * One command a line on stdin; after the server has done it, one line on
 * stdout: `ok <CLOCK_MONOTONIC ns> ...` or `error <why>`. Ends with stdin.
 *
 *   size                             -> width height
 *   fill x y w h rrggbb
 *   pixel x y rrggbb
 *   image path x y w h               raw BGRX rows without padding
 *   pattern name seed [x y w h]      bars, gradient, text or photo
 *   text x y string                  the server's font "fixed"
 *   copy x y w h to_x to_y
 *   code x y counter                 the block code of the workloads
 *   pointer x y                      WarpPointer
 *   motion x y                       XTEST, as a mouse
 *   cursor glyph                     a glyph of the font "cursor"
 *   argb-cursor path w h hot_x hot_y premultiplied BGRA rows (RENDER)
 *   hide-cursor 0|1                  XFIXES
 *   screen w h                       RandR size
 *   grab path [x y w h]              raw BGRX by GetImage: the truth
 *   prepare workload seed            idle, caret, typing, pauses, scroll, drag, video,
 *                                    slide
 *   run seconds                      -> number of updates; a further line ends it early
 *   frame counter                    paints an update of the workload once more
 *   codes path                       a line an update: see workload_write_codes
 *   quit
 */
#include "painter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX 4096
#define ANSWER_BYTES_MAX 64

typedef struct painter {
    screen screen;
    workload *workload;
    char answer[ANSWER_BYTES_MAX];
} painter;
typedef bool (*command_fn)(painter *p, const char *arguments);

static bool refuse(painter *p, const char *why) {
    snprintf(p->screen.message, sizeof p->screen.message, "%s", why);
    return false;
}

static bool usage(painter *p) {
    return refuse(p, "wrong arguments");
}

static bool do_size(painter *p, const char *arguments) {
    (void)arguments;
    snprintf(p->answer, sizeof p->answer, " %u %u", p->screen.width, p->screen.height);
    return true;
}

static bool do_fill(painter *p, const char *arguments) {
    rect area;
    unsigned rgb;
    if (sscanf(arguments, "%hd %hd %hu %hu %x", &area.x, &area.y, &area.width, &area.height,
               &rgb) != 5) {
        return usage(p);
    }
    screen_fill(&p->screen, p->screen.window, area, rgb);
    return true;
}

static bool do_pixel(painter *p, const char *arguments) {
    rect area = {0, 0, 1, 1};
    unsigned rgb;
    if (sscanf(arguments, "%hd %hd %x", &area.x, &area.y, &rgb) != 3) {
        return usage(p);
    }
    screen_fill(&p->screen, p->screen.window, area, rgb);
    return true;
}

static bool put_file(painter *p, const char *path, rect area) {
    uint32_t *pixels = screen_read_pixels(&p->screen, path, (size_t)area.width * area.height);
    if (!pixels) {
        return false;
    }
    screen_put(&p->screen, p->screen.window, area, pixels);
    free(pixels);
    return true;
}

static bool do_image(painter *p, const char *arguments) {
    char path[LINE_BYTES_MAX];
    rect area;
    if (sscanf(arguments, "%4095s %hd %hd %hu %hu", path, &area.x, &area.y, &area.width,
               &area.height) != 5) {
        return usage(p);
    }
    return put_file(p, path, area);
}

static bool do_pattern(painter *p, const char *arguments) {
    char name[32];
    unsigned long long seed;
    rect area = rect_of_screen(&p->screen);
    int read = sscanf(arguments, "%31s %llu %hd %hd %hu %hu", name, &seed, &area.x, &area.y,
                      &area.width, &area.height);
    if ((read != 2 && read != 6) || area.width == 0 || area.height == 0) {
        return usage(p);
    }
    uint32_t *pixels = calloc((size_t)area.width * area.height, sizeof *pixels);
    if (!pixels) {
        return refuse(p, "out of memory");
    }
    bool ok =
        pattern_draw(name, seed, area.width, area.height, pixels) || refuse(p, "no such pattern");
    if (ok) {
        screen_put(&p->screen, p->screen.window, area, pixels);
    }
    free(pixels);
    return ok;
}

static bool do_text(painter *p, const char *arguments) {
    int16_t x, y;
    int text_at = 0;
    if (sscanf(arguments, "%hd %hd %n", &x, &y, &text_at) != 2 || text_at == 0) {
        return usage(p);
    }
    return screen_text(&p->screen, x, y, arguments + text_at);
}

static bool do_copy(painter *p, const char *arguments) {
    rect area;
    int16_t to_x, to_y;
    if (sscanf(arguments, "%hd %hd %hu %hu %hd %hd", &area.x, &area.y, &area.width, &area.height,
               &to_x, &to_y) != 6) {
        return usage(p);
    }
    screen_copy(&p->screen, p->screen.window, p->screen.window, area, to_x, to_y);
    return true;
}

static bool do_code(painter *p, const char *arguments) {
    int16_t x, y;
    unsigned counter;
    if (sscanf(arguments, "%hd %hd %u", &x, &y, &counter) != 3) {
        return usage(p);
    }
    code_draw(&p->screen, p->screen.window, x, y, counter);
    return true;
}

static bool point(painter *p, const char *arguments, void (*move)(screen *, int16_t, int16_t)) {
    int16_t x, y;
    if (sscanf(arguments, "%hd %hd", &x, &y) != 2) {
        return usage(p);
    }
    move(&p->screen, x, y);
    return true;
}

static bool do_pointer(painter *p, const char *arguments) {
    return point(p, arguments, screen_pointer);
}

static bool do_motion(painter *p, const char *arguments) {
    return point(p, arguments, screen_motion);
}

static bool do_cursor(painter *p, const char *arguments) {
    uint16_t glyph;
    if (sscanf(arguments, "%hu", &glyph) != 1) {
        return usage(p);
    }
    screen_cursor(&p->screen, glyph);
    return true;
}

static bool do_argb_cursor(painter *p, const char *arguments) {
    char path[LINE_BYTES_MAX];
    uint16_t width, height, hot_x, hot_y;
    if (sscanf(arguments, "%4095s %hu %hu %hu %hu", path, &width, &height, &hot_x, &hot_y) != 5) {
        return usage(p);
    }
    uint32_t *pixels = screen_read_pixels(&p->screen, path, (size_t)width * height);
    bool ok = pixels && screen_argb_cursor(&p->screen, width, height, hot_x, hot_y, pixels);
    free(pixels);
    return ok;
}

static bool do_hide_cursor(painter *p, const char *arguments) {
    unsigned hide;
    if (sscanf(arguments, "%u", &hide) != 1) {
        return usage(p);
    }
    screen_hide_cursor(&p->screen, hide != 0);
    return true;
}

static bool do_screen(painter *p, const char *arguments) {
    uint16_t width, height;
    if (sscanf(arguments, "%hu %hu", &width, &height) != 2) {
        return usage(p);
    }
    return screen_resize(&p->screen, width, height);
}

static bool do_grab(painter *p, const char *arguments) {
    char path[LINE_BYTES_MAX];
    rect area = rect_of_screen(&p->screen);
    int read = sscanf(arguments, "%4095s %hd %hd %hu %hu", path, &area.x, &area.y, &area.width,
                      &area.height);
    if (read != 1 && read != 5) {
        return usage(p);
    }
    return screen_grab(&p->screen, path, area);
}

static bool do_prepare(painter *p, const char *arguments) {
    char name[32];
    unsigned long long seed;
    if (sscanf(arguments, "%31s %llu", name, &seed) != 2) {
        return usage(p);
    }
    workload_destroy(&p->screen, p->workload);
    p->workload = workload_prepare(&p->screen, name, seed);
    return p->workload != NULL;
}

static bool do_run(painter *p, const char *arguments) {
    double seconds;
    uint32_t update_count;
    if (sscanf(arguments, "%lf", &seconds) != 1 || seconds < 0) {
        return usage(p);
    }
    if (!p->workload) {
        return refuse(p, "no workload is prepared");
    }
    bool ok = workload_run(&p->screen, p->workload, seconds, STDIN_FILENO, &update_count);
    snprintf(p->answer, sizeof p->answer, " %u", update_count);
    return ok;
}

static bool do_frame(painter *p, const char *arguments) {
    unsigned counter;
    if (sscanf(arguments, "%u", &counter) != 1) {
        return usage(p);
    }
    if (!p->workload) {
        return refuse(p, "no workload is prepared");
    }
    return workload_show(&p->screen, p->workload, counter);
}

static bool do_codes(painter *p, const char *arguments) {
    char path[LINE_BYTES_MAX];
    if (sscanf(arguments, "%4095s", path) != 1) {
        return usage(p);
    }
    if (!p->workload) {
        return refuse(p, "no workload is prepared");
    }
    return workload_write_codes(&p->screen, p->workload, path);
}

static const struct {
    const char *name;
    command_fn run;
} commands[] = {
    {"size", do_size},
    {"fill", do_fill},
    {"pixel", do_pixel},
    {"image", do_image},
    {"pattern", do_pattern},
    {"text", do_text},
    {"copy", do_copy},
    {"code", do_code},
    {"pointer", do_pointer},
    {"motion", do_motion},
    {"cursor", do_cursor},
    {"argb-cursor", do_argb_cursor},
    {"hide-cursor", do_hide_cursor},
    {"screen", do_screen},
    {"grab", do_grab},
    {"prepare", do_prepare},
    {"run", do_run},
    {"frame", do_frame},
    {"codes", do_codes},
};

static bool execute(painter *p, const char *line) {
    size_t length = strcspn(line, " ");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strlen(commands[i].name) == length && strncmp(line, commands[i].name, length) == 0) {
            return commands[i].run(p, line + length);
        }
    }
    return refuse(p, "no such command");
}

static void answer(painter *p, const char *line) {
    p->answer[0] = '\0';
    bool done = execute(p, line);
    /* Also after a failure: what the server still holds belongs to this line. */
    char why[sizeof p->screen.message];
    memcpy(why, p->screen.message, sizeof why);
    bool synced = screen_sync(&p->screen);
    if (done && synced) {
        printf("ok %llu%s\n", (unsigned long long)now_ns(), p->answer);
    } else {
        printf("error %s\n", done ? p->screen.message : why);
    }
}

/* One line of stdin, unbuffered, so that poll on stdin tells the truth. */
static bool read_line(char line[LINE_BYTES_MAX]) {
    size_t length = 0;
    for (char c; read(STDIN_FILENO, &c, 1) == 1;) {
        if (c == '\n') {
            line[length] = '\0';
            return true;
        }
        if (length + 1 < LINE_BYTES_MAX) {
            line[length++] = c;
        }
    }
    return false;
}

int main(int argc, char **argv) {
    painter p = {.workload = NULL};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!screen_open(&p.screen, argc > 1 ? argv[1] : NULL)) {
        printf("error %s\n", p.screen.message);
        screen_close(&p.screen);
        return 1;
    }
    printf("ok %llu %u %u\n", (unsigned long long)now_ns(), p.screen.width, p.screen.height);
    char line[LINE_BYTES_MAX];
    while (read_line(line) && strcmp(line, "quit") != 0) {
        answer(&p, line);
        if (xcb_connection_has_error(p.screen.x)) {
            break;
        }
    }
    workload_destroy(&p.screen, p.workload);
    screen_close(&p.screen);
    return 0;
}
