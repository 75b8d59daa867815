/* SPDX-License-Identifier: MPL-2.0 */
/* Not __builtin_cpu_supports: in Zig's run time its table is never filled in, and
 * linking it brings Zig's own, slower memcpy and memcmp along. */
#include "base/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <pthread.h>

/* Intel SDM, volume 2A, CPUID; volume 1, 14.3 and 14.7.1. */
#define OSXSAVE_BIT (1u << 27)
#define AVX2_BIT (1u << 5)
#define XMM_AND_YMM_STATE 6u

static bool has_avx2;

static bool kernel_saves_ymm(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE_BIT)) {
        return false;
    }
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & XMM_AND_YMM_STATE) == XMM_AND_YMM_STATE;
}

static void look(void) {
    unsigned a, b, c, d;
    has_avx2 = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & AVX2_BIT) != 0 && kernel_saves_ymm();
}

bool pf_cpu_has_avx2(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, look);
    return has_avx2;
}
#else
bool pf_cpu_has_avx2(void) {
    return false;
}
#endif
