/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_ABI_LAST_ERROR_H
#define PF_ABI_LAST_ERROR_H

#include "base/error.h"

/** The calling thread's error of pf_last_message. */
pf_error *pf_last_error(void);

/** Sets it to PF_STATUS_INVALID_ARGUMENT with these words, and returns that. */
pf_status pf_refuse(const char *words);

#endif
