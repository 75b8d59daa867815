/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Opening the connection. xcb_connect blocks until the server has answered,
 * which one that hangs never does, and nothing can call it back; so it runs on
 * a thread of its own, which the capture leaves behind when it has waited long
 * enough or is asked to stop.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "source/x11.h"

#define CONNECT_S_MAX 5

/** Whoever comes second frees the attempt: the thread after its captor gave
 * up, or the captor after the thread was done. */
typedef enum attempt_state { ATTEMPT_PENDING, ATTEMPT_DONE, ATTEMPT_ABANDONED } attempt_state;

typedef struct attempt {
    _Atomic attempt_state state;
    int done_fd;
    char display[PF_DISPLAY_BYTES_MAX];
    xcb_connection_t *connection;
    int screen_index;
} attempt;

/* libXau, which xcb_connect asks for the cookie, keeps the cookie file's name
 * in one buffer for the whole process. */
static pthread_mutex_t cookie_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint_fast64_t cookie_locked_ns;

/* The cookie has long been read by then; a server that hangs after that must
 * not keep others from theirs. */
#define COOKIE_NS_MAX (PF_NS_PER_S / 5)

/** Takes the lock, unless whoever has it has had it for too long. */
static bool take_turn(void) {
    bool mine = pthread_mutex_trylock(&cookie_lock) == 0;
    if (!mine) {
        struct timespec deadline =
            pf_clock_timespec(atomic_load(&cookie_locked_ns) + COOKIE_NS_MAX);
        mine = pthread_mutex_clocklock(&cookie_lock, CLOCK_MONOTONIC, &deadline) == 0;
    }
    if (mine) {
        atomic_store(&cookie_locked_ns, pf_clock_now_ns());
    }
    return mine;
}

static xcb_connection_t *connect_in_turn(const char *display, int *screen_index) {
    bool mine = take_turn();
    xcb_connection_t *connection = xcb_connect(display, screen_index);
    if (mine) {
        pthread_mutex_unlock(&cookie_lock);
    }
    return connection;
}

static void free_attempt(attempt *self) {
    close(self->done_fd);
    pf_free(self);
}

static void *run_attempt(void *context) {
    attempt *self = context;
    self->connection = connect_in_turn(self->display, &self->screen_index);
    attempt_state expected = ATTEMPT_PENDING;
    if (atomic_compare_exchange_strong(&self->state, &expected, ATTEMPT_DONE)) {
        uint64_t one = 1;
        ssize_t written = write(self->done_fd, &one, sizeof one);
        (void)written;
    } else {
        xcb_disconnect(self->connection);
        free_attempt(self);
    }
    return NULL;
}

static attempt *start_attempt(const char *display, pf_error *error) {
    attempt *self = pf_alloc(1, sizeof *self);
    if (self == NULL) {
        pf_error_no_memory(error, "the connection to the display");
        return NULL;
    }
    snprintf(self->display, sizeof self->display, "%s", display);
    self->done_fd = eventfd(0, EFD_CLOEXEC);
    pthread_t thread;
    if (self->done_fd < 0 || pf_thread_start(&thread, "pf-connect", run_attempt, self) != 0) {
        if (self->done_fd >= 0) {
            close(self->done_fd);
        }
        pf_free(self);
        pf_error_set(error, PF_STATUS_NO_RESOURCE,
                     "the system refuses a thread to connect to the display with");
        return NULL;
    }
    pthread_detach(thread);
    return self;
}

/** Waits for the thread. False where the attempt was abandoned instead. */
static bool await_attempt(attempt *self, pf_wake *wake) {
    uint64_t deadline_ns = pf_clock_now_ns() + CONNECT_S_MAX * PF_NS_PER_S;
    attempt_state expected = ATTEMPT_PENDING;
    if (pf_wake_wait_answer(wake, self->done_fd, deadline_ns) != PF_WAKE_FD &&
        atomic_compare_exchange_strong(&self->state, &expected, ATTEMPT_ABANDONED)) {
        return false;
    }
    /* Writing to the descriptor is the last that the thread does with it. */
    uint64_t done;
    ssize_t taken = read(self->done_fd, &done, sizeof done);
    (void)taken;
    return true;
}

static pf_status explain(xcb_connection_t *connection, const char *display, pf_error *error) {
    switch (xcb_connection_has_error(connection)) {
    case 0:
        return PF_STATUS_OK;
    case XCB_CONN_CLOSED_PARSE_ERR:
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: \"%s\" is no display name; it looks like \":0\" or "
                            "\"host:0.0\"",
                            display);
    case XCB_CONN_CLOSED_INVALID_SCREEN:
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: the server of \"%s\" has no screen of that number", display);
    case XCB_CONN_CLOSED_MEM_INSUFFICIENT:
        return pf_error_no_memory(error, "the connection to the display");
    default:
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: cannot open \"%s\": no X server answers there, or it "
                            "refuses this user; check DISPLAY and XAUTHORITY",
                            display);
    }
}

pf_status pf_x11_connect(const char *display, pf_wake *wake, xcb_connection_t **connection,
                         int *screen_index, pf_error *error) {
    attempt *self = start_attempt(display, error);
    if (self == NULL) {
        return error->status;
    }
    if (!await_attempt(self, wake)) {
        if (pf_wake_stopped(wake)) {
            return PF_SOURCE_STOPPED;
        }
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: the X server of \"%s\" has not answered for %d s; it hangs",
                            display, CONNECT_S_MAX);
    }
    *connection = self->connection;
    *screen_index = self->screen_index;
    free_attempt(self);
    return explain(*connection, display, error);
}
