/* SPDX-License-Identifier: MPL-2.0 */
/** The table of captures. */
#ifndef PF_ABI_HANDLES_H
#define PF_ABI_HANDLES_H

#include "capture/capture.h"

/** Reserves a slot. False where all are taken. */
bool pf_handles_reserve(uint32_t *slot);
/** Gives a reserved slot back unused. */
void pf_handles_cancel(uint32_t slot);
/** Puts the capture into its reserved slot and returns its handle. */
uint64_t pf_handles_publish(uint32_t slot, pf_capture *capture);

/**
 * Runs the statement behind it with `capture`, the one that `handle` names, which
 * stays as long; not at all where the handle is stale. `status`, an lvalue, is
 * PF_STATUS_OK at the statement's beginning, or PF_STATUS_STALE_HANDLE. The statement
 * must not be left by return, break or goto.
 */
#define PF_WITH_CAPTURE(capture, handle, status)                                                   \
    for (pf_capture *capture = pf_handles_acquire(handle, &(status)); capture != NULL;             \
         capture = pf_handles_release(handle))

/** The capture, which stays until pf_handles_release; NULL for a stale handle, as
 * *status says. */
pf_capture *pf_handles_acquire(uint64_t handle, pf_status *status);
/** Returns NULL. */
pf_capture *pf_handles_release(uint64_t handle);

/** Makes the handle stale. The capture, now the caller's to end; NULL for a
 * stale handle. Those who had acquired it may still be using it. */
pf_capture *pf_handles_retire(uint64_t handle);
/** Waits until nobody uses the retired capture. */
void pf_handles_await_unused(uint64_t handle);
/** Frees the slot of a retired capture that is gone. */
void pf_handles_vacate(uint64_t handle);

/** Captures that were published and are not gone yet. */
uint32_t pf_handles_count(void);

#endif
