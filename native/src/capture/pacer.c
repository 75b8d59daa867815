/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/pacer.h"

#include <stdbool.h>

#include "base/clock.h"

void pf_pacer_set_rate(pf_pacer *pacer, double fps) {
    uint64_t interval_ns = (uint64_t)((double)PF_NS_PER_S / fps);
    if (pacer->next_ns > 0) {
        pacer->next_ns = pacer->next_ns - pacer->interval_ns + interval_ns;
    }
    pacer->interval_ns = interval_ns;
}

void pf_pacer_count_frame(pf_pacer *pacer, uint64_t now_ns) {
    uint64_t due_ns = pacer->next_ns;
    bool in_step = now_ns < due_ns + pacer->interval_ns;
    pacer->next_ns = (in_step ? due_ns : now_ns) + pacer->interval_ns;
}
