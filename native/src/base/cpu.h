/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_BASE_CPU_H
#define PF_BASE_CPU_H

#include <stdbool.h>

/** Whether CPU and kernel let AVX2 be used. Never on other architectures. Any
 * thread. */
bool pf_cpu_has_avx2(void);

#endif
