/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_ABI_SETTINGS_H
#define PF_ABI_SETTINGS_H

#include "base/error.h"

/** Checks every field against the ranges that pixelflux.h states; the message
 * names the field, what it holds and what it may hold. */
pf_status pf_settings_check(const pf_settings *settings, pf_error *error);

#endif
