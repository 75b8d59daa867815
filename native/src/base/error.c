/* SPDX-License-Identifier: MPL-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

pf_status pf_error_set(pf_error *error, pf_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

pf_status pf_error_no_memory(pf_error *error, const char *purpose) {
    return pf_error_set(error, PF_STATUS_NO_MEMORY, "out of memory for %s", purpose);
}
