/* SPDX-License-Identifier: MPL-2.0 */
/** What each header needs: fixed-width types, and how a function is declared. */
#ifndef PIXELFLUX_API_H
#define PIXELFLUX_API_H

#include <stdint.h>

#if defined(__cplusplus)
#define PF_C_LINKAGE extern "C"
#else
#define PF_C_LINKAGE
#endif

#if defined(__GNUC__)
#define PF_VISIBLE __attribute__((visibility("default")))
#else
#define PF_VISIBLE
#endif

/** In front of each function that the library exports. */
#define PF_API PF_C_LINKAGE PF_VISIBLE

#endif
