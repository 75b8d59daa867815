/* SPDX-License-Identifier: MPL-2.0 */
/** The exported functions that tell of the library, of the process and of the last error. */
#include <stdio.h>

#include "abi/handles.h"
#include "abi/last_error.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "encode/encoder.h"
#include "source/frames.h"

/* x264 is GPL-2.0-or-later, and what contains it or is linked with it is too. */
#if PF_WITH_X264
#define PF_LICENCE "GPL-2.0-or-later AND MPL-2.0"
#else
#define PF_LICENCE "MPL-2.0"
#endif

uint32_t pf_abi_version(void) {
    return PF_ABI_VERSION;
}

uint64_t pf_clock_us(void) {
    return pf_clock_now_ns() / PF_NS_PER_US;
}

int32_t pf_last_message(char *text, uint32_t capacity_bytes) {
    if (text == NULL || capacity_bytes == 0) {
        return PF_STATUS_INVALID_ARGUMENT;
    }
    snprintf(text, capacity_bytes, "%s", pf_last_error()->message);
    return PF_STATUS_OK;
}

int32_t pf_memory_usage(pf_memory *memory) {
    if (memory == NULL || memory->size_bytes != sizeof *memory) {
        return pf_refuse("memory: expected a pf_memory with its size_bytes set");
    }
    *memory = (pf_memory){.size_bytes = sizeof *memory};
    memory->capture_count = pf_handles_count();
    memory->thread_count = pf_pool_thread_count() + memory->capture_count;
    memory->frame_source_count = pf_frames_existing();
    pf_buffer_usage(memory);
    return PF_STATUS_OK;
}

int32_t pf_capabilities_read(pf_capabilities *capabilities) {
    if (capabilities == NULL || capabilities->size_bytes != sizeof *capabilities) {
        return pf_refuse("capabilities: expected a pf_capabilities with its size_bytes set");
    }
    *capabilities = (pf_capabilities){.size_bytes = sizeof *capabilities,
                                      .abi_version = PF_ABI_VERSION,
                                      .codecs = pf_encoder_codecs(),
                                      .cpu_features = pf_cpu_has_avx2() ? PF_CPU_AVX2 : 0,
                                      .version = PF_VERSION,
                                      .licence = PF_LICENCE};
    return PF_STATUS_OK;
}
