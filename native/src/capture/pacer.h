/* SPDX-License-Identifier: MPL-2.0 */
/** When the next frame may be taken. Pure: the caller brings the time. */
#ifndef PF_CAPTURE_PACER_H
#define PF_CAPTURE_PACER_H

#include <stdint.h>

typedef struct pf_pacer {
    uint64_t interval_ns;
    /** No frame before this; in the past after a pause, so that the first
     * change after it is taken at once. */
    uint64_t next_ns;
} pf_pacer;

/** Takes over the rate; the next frame is due when it would have been. */
void pf_pacer_set_rate(pf_pacer *pacer, double fps);

/** Counts the frame taken at now_ns. A frame that came late by less than one
 * interval does not move those behind it, so the rate does not drift. */
void pf_pacer_count_frame(pf_pacer *pacer, uint64_t now_ns);

#endif
