/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Opening the connection. xcb_connect blocks until the server has answered,
 * which one that hangs never does, and nothing can call it back; so it runs on
 * a thread of its own, which the capture leaves behind when it has waited long
 * enough or is asked to stop.
 *
 * Later calls of libxcb block too, without an end, where a server begins an
 * answer and does not go on: the same thread stays until the first picture is
 * there, and cuts the connection where that takes too long.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "source/x11.h"

/** The thread frees an attempt that its captor gave up; otherwise the captor
 * joins the thread and frees it. */
typedef enum attempt_state { ATTEMPT_PENDING, ATTEMPT_DONE, ATTEMPT_ABANDONED } attempt_state;

struct x11_opening {
    pthread_t thread;
    _Atomic attempt_state state;
    int done_fd;
    char display[PF_DISPLAY_BYTES_MAX];
    char authority_path[PF_AUTHORITY_PATH_BYTES_MAX];
    uint64_t deadline_ns;
    xcb_connection_t *connection;
    int screen_index;
    /** A cookie of authority_path was shown to the server. */
    bool cookie_shown;
    /** There is no connection, though a server listens there. */
    bool refused;
    /** Posted when the opening is over. */
    sem_t over;
    /** Read when the thread has been joined. */
    bool cut;
};

/* libXau, which xcb_connect asks for the cookie, keeps the cookie file's name
 * in one buffer for the whole process. */
static pthread_mutex_t cookie_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cookie_free = PTHREAD_COND_INITIALIZER;
static bool cookie_taken;
static uint64_t cookie_taken_ns;

/* The cookie has long been read by then; a server that hangs after that must
 * not keep others from theirs. */
#define COOKIE_NS_MAX (PF_NS_PER_S / 5)

/* Attempts that were given up and hang still, in the whole process. Each has a
 * thread and a socket that only its server can end. */
#define ABANDONED_COUNT_MAX 64
static atomic_uint abandoned_count;

/** Waits for the turn, unless whoever has it has had it for too long. */
static bool take_turn(void) {
    int failure = 0;
    pthread_mutex_lock(&cookie_lock);
    while (cookie_taken && failure == 0) {
        struct timespec deadline = pf_clock_timespec(cookie_taken_ns + COOKIE_NS_MAX);
        failure = pthread_cond_clockwait(&cookie_free, &cookie_lock, CLOCK_MONOTONIC, &deadline);
    }
    bool mine = !cookie_taken;
    if (mine) {
        cookie_taken = true;
        cookie_taken_ns = pf_clock_now_ns();
    }
    pthread_mutex_unlock(&cookie_lock);
    return mine;
}

static void give_turn(void) {
    pthread_mutex_lock(&cookie_lock);
    cookie_taken = false;
    pthread_cond_signal(&cookie_free);
    pthread_mutex_unlock(&cookie_lock);
}

static xcb_connection_t *connect_in_turn(x11_opening *self, int *screen_index) {
    xcb_connection_t *connection =
        pf_x11_connect_by_cookie(self->display, self->authority_path, screen_index);
    self->cookie_shown = connection != NULL;
    if (connection != NULL) {
        return connection;
    }
    bool mine = take_turn();
    connection = xcb_connect(self->display, screen_index);
    if (mine) {
        give_turn();
    }
    return connection;
}

static void free_attempt(x11_opening *self) {
    sem_destroy(&self->over);
    close(self->done_fd);
    pf_free(self);
}

/** Cuts the connection unless the opening is over in time. The captor does not
 * disconnect before it has joined this thread: the descriptor is still ours. */
static void watch(x11_opening *self, int socket_fd) {
    struct timespec deadline = pf_clock_timespec(self->deadline_ns);
    while (sem_clockwait(&self->over, CLOCK_MONOTONIC, &deadline) != 0) {
        if (errno == ETIMEDOUT) {
            self->cut = true;
            shutdown(socket_fd, SHUT_RDWR);
            return;
        }
    }
}

/** Whether a server of this machine listens there. */
static bool listens(const char *display) {
    char *host = NULL;
    int number = 0;
    if (xcb_parse_display(display, &host, &number, NULL) == 0) {
        return false;
    }
    bool is_here = host[0] == '\0' || strcmp(host, "unix") == 0;
    free(host);
    int socket_fd = is_here ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    if (socket_fd < 0) {
        return false;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/.X11-unix/X%d", number);
    int status = connect(socket_fd, (const struct sockaddr *)&address, sizeof address);
    close(socket_fd);
    return status == 0;
}

static void *run_attempt(void *context) {
    x11_opening *self = context;
    self->connection = connect_in_turn(self, &self->screen_index);
    bool connected = xcb_connection_has_error(self->connection) == 0;
    int socket_fd = connected ? xcb_get_file_descriptor(self->connection) : -1;
    self->refused = !connected && listens(self->display);
    attempt_state expected = ATTEMPT_PENDING;
    if (atomic_compare_exchange_strong(&self->state, &expected, ATTEMPT_DONE)) {
        uint64_t one = 1;
        ssize_t written = write(self->done_fd, &one, sizeof one);
        (void)written;
        if (connected) {
            watch(self, socket_fd);
        }
    } else {
        xcb_disconnect(self->connection);
        free_attempt(self);
        atomic_fetch_sub(&abandoned_count, 1);
    }
    return NULL;
}

/** The name as every libxcb knows it: from 1.16 on "unix:0" is the path of a socket. */
static const char *without_unix(const char *display) {
    static const char prefix[] = "unix:";
    bool is_numbered =
        strncmp(display, prefix, sizeof prefix - 1) == 0 && strchr(display, '/') == NULL;
    return is_numbered ? display + sizeof prefix - 2 : display;
}

static x11_opening *start_attempt(const pf_source_request *request, uint64_t deadline_ns,
                                  pf_error *error) {
    if (atomic_load(&abandoned_count) >= ABANDONED_COUNT_MAX) {
        pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                     "display: %d earlier attempts to connect to an X server still hang",
                     ABANDONED_COUNT_MAX);
        return NULL;
    }
    x11_opening *self = pf_alloc(1, sizeof *self);
    if (self == NULL) {
        pf_error_no_memory(error, "the connection to the display");
        return NULL;
    }
    snprintf(self->display, sizeof self->display, "%s", without_unix(request->display));
    if (request->authority_path != NULL) {
        snprintf(self->authority_path, sizeof self->authority_path, "%s", request->authority_path);
    }
    self->deadline_ns = deadline_ns;
    sem_init(&self->over, 0, 0);
    self->done_fd = eventfd(0, EFD_CLOEXEC);
    if (self->done_fd < 0 || pf_thread_start(&self->thread, "pf-connect", run_attempt, self) != 0) {
        if (self->done_fd >= 0) {
            close(self->done_fd);
        }
        sem_destroy(&self->over);
        pf_free(self);
        pf_error_set(error, PF_STATUS_NO_RESOURCE,
                     "the system refuses a thread to connect to the display with");
        return NULL;
    }
    return self;
}

/** Waits for the thread. False where the attempt was abandoned instead. */
static bool await_attempt(x11_opening *self, pf_wake *wake) {
    pthread_t thread = self->thread;
    attempt_state expected = ATTEMPT_PENDING;
    if (pf_wake_wait_answer(wake, self->done_fd, self->deadline_ns) != PF_WAKE_FD) {
        atomic_fetch_add(&abandoned_count, 1);
        if (atomic_compare_exchange_strong(&self->state, &expected, ATTEMPT_ABANDONED)) {
            pthread_detach(thread);
            return false;
        }
        atomic_fetch_sub(&abandoned_count, 1);
    }
    /* What the thread has made is read behind this. */
    uint64_t done;
    ssize_t taken = read(self->done_fd, &done, sizeof done);
    (void)taken;
    return true;
}

/** Why there is no connection. */
static pf_status explain_none(const x11_opening *self, pf_error *error) {
    if (!self->refused) {
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: cannot open \"%s\": no X server answers there, or it "
                            "refuses this user; check DISPLAY, and XAUTHORITY or the setting "
                            "authorityPath",
                            self->display);
    }
    if (!self->cookie_shown) {
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: the X server of \"%s\" refuses this user; name the file "
                            "that has its cookie by the setting authorityPath or by XAUTHORITY",
                            self->display);
    }
    return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                        "authority_path: the X server of \"%s\" refuses the cookie that "
                        "\"%.200s\" has for it; take the file that this server was started with, "
                        "its -auth, or remove the old cookie",
                        self->display, self->authority_path);
}

static pf_status explain(const x11_opening *self, pf_error *error) {
    const char *display = self->display;
    switch (xcb_connection_has_error(self->connection)) {
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
        return explain_none(self, error);
    }
}

pf_status pf_x11_connect(x11_source *self, const pf_source_request *request, int *screen_index,
                         pf_error *error) {
    x11_opening *opening = start_attempt(request, self->answer_by_ns, error);
    if (opening == NULL) {
        return error->status;
    }
    if (!await_attempt(opening, self->wake)) {
        if (pf_wake_stopped(self->wake)) {
            return PF_SOURCE_STOPPED;
        }
        return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                            "display: the X server of \"%s\" has not answered for %u s; it hangs",
                            request->display, PF_X11_OPEN_S_MAX);
    }
    self->opening = opening;
    self->connection = opening->connection;
    *screen_index = opening->screen_index;
    return explain(opening, error);
}

bool pf_x11_end_opening(x11_source *self) {
    x11_opening *opening = self->opening;
    if (opening == NULL) {
        return true;
    }
    self->opening = NULL;
    self->answer_by_ns = PF_NEVER_NS;
    sem_post(&opening->over);
    pthread_join(opening->thread, NULL);
    bool in_time = !opening->cut;
    free_attempt(opening);
    return in_time;
}

pf_status pf_x11_lost(x11_source *self, pf_error *error) {
    if (!pf_x11_end_opening(self)) {
        return pf_x11_hangs(error);
    }
    return pf_error_set(error, PF_STATUS_DISPLAY_LOST,
                        "the connection to the X server broke; start again when it is back");
}

pf_status pf_x11_hangs(pf_error *error) {
    return pf_error_set(error, PF_STATUS_DISPLAY_OPEN,
                        "display: the X server has let us in, but has not shown its first "
                        "picture within %u s",
                        PF_X11_OPEN_S_MAX);
}
