/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_BASE_ERROR_H
#define PF_BASE_ERROR_H

#include "pixelflux.h"

#define PF_MESSAGE_BYTES_MAX 512

/** A status and, where it is negative, the words that go with it. */
typedef struct pf_error {
    pf_status status;
    char message[PF_MESSAGE_BYTES_MAX];
} pf_error;

/** Sets both and returns the status, so that a failing function can end with it. */
pf_status pf_error_set(pf_error *error, pf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** pf_error_set with PF_STATUS_NO_MEMORY, naming what the memory was for. */
pf_status pf_error_no_memory(pf_error *error, const char *purpose);

#endif
