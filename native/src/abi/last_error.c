/* SPDX-License-Identifier: MPL-2.0 */
#include "abi/last_error.h"

/* For errors that have no capture to be kept with. */
static _Thread_local pf_error last_error;

pf_error *pf_last_error(void) {
    return &last_error;
}

pf_status pf_refuse(const char *words) {
    return pf_error_set(&last_error, PF_STATUS_INVALID_ARGUMENT, "%s", words);
}
