/* SPDX-License-Identifier: MPL-2.0 */
/** The native tests' few words: a test is a function, a check that fails says
 * where and ends its test. */
#ifndef PF_TEST_TEST_H
#define PF_TEST_TEST_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pf_test {
    const char *name;
    void (*run)(void);
} pf_test;

/** One table a file; both ends by a NULL name. */
extern const pf_test abi_tests[];
extern const pf_test authority_tests[];
extern const pf_test base_tests[];
extern const pf_test capture_tests[];
extern const pf_test change_log_tests[];
extern const pf_test change_map_tests[];
extern const pf_test changes_tests[];
extern const pf_test cursor_tests[];
extern const pf_test damage_tests[];
extern const pf_test encode_tests[];
extern const pf_test frame_tests[];
extern const pf_test frames_capture_tests[];
extern const pf_test frames_source_tests[];
extern const pf_test frames_tests[];
extern const pf_test interplay_tests[];
extern const pf_test lease_tests[];
extern const pf_test opening_tests[];
extern const pf_test overlay_tests[];
extern const pf_test screenshot_pictures_tests[];
extern const pf_test screenshot_tests[];
extern const pf_test scroll_tests[];
extern const pf_test session_tests[];
extern const pf_test source_tests[];
extern const pf_test stripe_model_tests[];
extern const pf_test tap_tests[];
extern const pf_test tiles_tests[];
extern const pf_test wire_header_tests[];

#define TEST(function)                                                                             \
    { #function, function }
#define TESTS_END                                                                                  \
    { NULL, NULL }

/** Prints the words and ends the test as failed. */
_Noreturn void pf_test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            pf_test_fail(__FILE__, __LINE__, "%s", #condition);                                    \
        }                                                                                          \
    } while (0)

#define CHECK_EQUAL(actual, expected)                                                              \
    do {                                                                                           \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                \
        if (actual_ != expected_) {                                                                \
            pf_test_fail(__FILE__, __LINE__, "%s is %lld, expected %s = %lld", #actual, actual_,   \
                         #expected, expected_);                                                    \
        }                                                                                          \
    } while (0)

/** A repeatable sequence of numbers (xorshift64*); the seed is printed when a
 * test fails. */
void pf_random_seed(uint64_t seed);
uint32_t pf_random_below(uint32_t limit);

#endif
