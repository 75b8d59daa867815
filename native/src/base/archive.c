/* SPDX-License-Identifier: MPL-2.0 */
/**
 * libc's stderr for the code of static archives, which cannot reach libc's own
 * variable from within a shared library. Only in prebuilt libraries;
 * prebuild/archives.ts renames the archives' symbol to this.
 */
#include <stdio.h>

extern FILE *pf_archive_stderr;

FILE *pf_archive_stderr;

__attribute__((constructor)) static void find_stderr(void) {
    pf_archive_stderr = stderr;
}
