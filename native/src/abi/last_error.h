/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_ABI_LAST_ERROR_H
#define PF_ABI_LAST_ERROR_H

#include "base/error.h"

/** The calling thread's error of pf_last_message. */
pf_error *pf_last_error(void);

#endif
