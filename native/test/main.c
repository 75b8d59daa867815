/* SPDX-License-Identifier: MPL-2.0 */
/** pf-test [NAME [PART COUNT]]: runs the tests whose name contains NAME; of these, each
 * COUNT-th from number PART on, which begins at 0. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static jmp_buf failed;
static uint64_t random_seed;
static uint64_t random_state = 1;

void pf_test_fail(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "  %s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " (seed %llu)\n", (unsigned long long)random_seed);
    va_end(arguments);
    longjmp(failed, 1);
}

void pf_random_seed(uint64_t seed) {
    random_seed = seed;
    random_state = seed * 2 + 1;
}

uint32_t pf_random_below(uint32_t limit) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 33) % limit;
}

static int passed_count, failed_count;

static void run_test(const pf_test *test) {
    pf_random_seed((uint64_t)time(NULL));
    if (setjmp(failed) == 0) {
        test->run();
        passed_count++;
    } else {
        fprintf(stderr, "FAILED %s\n", test->name);
        failed_count++;
    }
}

/* A test that hangs is a failed run. */
#define RUN_S_MAX 900

int main(int argument_count, char **arguments) {
    const pf_test *tables[] = {base_tests,          damage_tests,
                               stripe_model_tests,  tiles_tests,
                               overlay_tests,       encode_tests,
                               source_tests,        frame_tests,
                               capture_tests,       abi_tests,
                               session_tests,       scroll_tests,
                               lease_tests,         opening_tests,
                               screenshot_tests,    frames_tests,
                               authority_tests,     cursor_tests,
                               change_map_tests,    changes_tests,
                               tap_tests,           interplay_tests,
                               frames_source_tests, frames_capture_tests,
                               change_log_tests,    screenshot_pictures_tests,
                               wire_header_tests};
    alarm(RUN_S_MAX);
    const char *filter = argument_count > 1 ? arguments[1] : "";
    long part = argument_count > 3 ? strtol(arguments[2], NULL, 10) : 0;
    long part_count = argument_count > 3 ? strtol(arguments[3], NULL, 10) : 1;
    long match_count = 0;
    for (size_t index = 0; index < sizeof tables / sizeof *tables; index++) {
        for (const pf_test *test = tables[index]; test->name != NULL; test++) {
            if (strstr(test->name, filter) != NULL && match_count++ % part_count == part) {
                run_test(test);
            }
        }
    }
    printf("%d passed, %d failed\n", passed_count, failed_count);
    return failed_count == 0 && passed_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
