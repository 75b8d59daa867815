/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Preloaded (LD_PRELOAD) by test/robust/refused-malloc.test.ts: refuses one request for
 * memory of those that the native core's threads make, the libraries' among them
 * (libxcb, libjpeg, x264). pf_fault_after of base/memory.h knows only our own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

/* glibc's own names of what is replaced here. */
void *__libc_malloc(size_t size_bytes);
void *__libc_calloc(size_t count, size_t size_bytes);
void *__libc_realloc(void *memory, size_t size_bytes);
void *__libc_memalign(size_t alignment, size_t size_bytes);

static atomic_long granted_count;
static atomic_long refused_index = -1;
static _Thread_local bool is_ours;

/** Refuses the request that comes after `count` others; negative: none. Counts anew. */
void refuse_malloc_after(int count);
/** Requests since then. */
int refuse_malloc_count(void);

void refuse_malloc_after(int count) {
    atomic_store(&refused_index, count);
    atomic_store(&granted_count, 0);
}

int refuse_malloc_count(void) {
    return (int)atomic_load(&granted_count);
}

/** The names of the core's threads begin with pf-. */
static bool refused(const void *caller) {
    Dl_info library;
    if (!is_ours) {
        char name[16] = "";
        prctl(PR_GET_NAME, name);
        is_ours = strncmp(name, "pf-", 3) == 0;
    }
    if (!is_ours || atomic_fetch_add(&granted_count, 1) != atomic_load(&refused_index)) {
        return false;
    }
    /* The loader makes a thread's variables when they are first used, and aborts
     * where it cannot. */
    if (dladdr(caller, &library) != 0 && strstr(library.dli_fname, "/ld-linux") != NULL) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size_bytes) {
    return refused(__builtin_return_address(0)) ? NULL : __libc_malloc(size_bytes);
}

void *calloc(size_t count, size_t size_bytes) {
    return refused(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size_bytes);
}

void *realloc(void *memory, size_t size_bytes) {
    return refused(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size_bytes);
}

void *memalign(size_t alignment, size_t size_bytes) {
    return refused(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size_bytes);
}

void *aligned_alloc(size_t alignment, size_t size_bytes) {
    return refused(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size_bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t size_bytes) {
    void *made =
        refused(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size_bytes);
    if (made == NULL) {
        return ENOMEM;
    }
    *memory = made;
    return 0;
}
