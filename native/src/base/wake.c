/* SPDX-License-Identifier: MPL-2.0 */
#include "base/wake.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

bool pf_wake_init(pf_wake *wake) {
    wake->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wake->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&wake->stopped, false);
    pthread_mutex_init(&wake->lock, NULL);
    wake->socket_fd = -1;
    if (wake->kick_fd >= 0 && wake->stop_fd >= 0) {
        return true;
    }
    pf_wake_deinit(wake);
    return false;
}

void pf_wake_deinit(pf_wake *wake) {
    if (wake->kick_fd >= 0) {
        close(wake->kick_fd);
    }
    if (wake->stop_fd >= 0) {
        close(wake->stop_fd);
    }
    pthread_mutex_destroy(&wake->lock);
}

static void signal_fd(int fd) {
    /* Cannot fail in a way that matters: a full counter is readable already. */
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written;
}

void pf_wake_kick(pf_wake *wake) {
    signal_fd(wake->kick_fd);
}

/** Under the lock. */
static void cut(pf_wake *wake) {
    if (wake->socket_fd >= 0) {
        /* For writing too: TCP goes on taking what a server sends otherwise. */
        shutdown(wake->socket_fd, SHUT_RDWR);
    }
}

void pf_wake_stop(pf_wake *wake) {
    atomic_store(&wake->stopped, true);
    signal_fd(wake->stop_fd);
    pthread_mutex_lock(&wake->lock);
    cut(wake);
    pthread_mutex_unlock(&wake->lock);
}

void pf_wake_cut_on_stop(pf_wake *wake, int socket_fd) {
    pthread_mutex_lock(&wake->lock);
    wake->socket_fd = socket_fd;
    if (pf_wake_stopped(wake)) {
        cut(wake);
    }
    pthread_mutex_unlock(&wake->lock);
}

bool pf_wake_stopped(const pf_wake *wake) {
    return atomic_load(&wake->stopped);
}

static int poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline_ns) {
    if (deadline_ns == PF_NEVER_NS) {
        return ppoll(fds, count, NULL, NULL);
    }
    uint64_t now_ns = pf_clock_now_ns();
    struct timespec rest = pf_clock_timespec(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
    return ppoll(fds, count, &rest, NULL);
}

pf_wake_reason pf_wake_wait_answer(pf_wake *wake, int fd, uint64_t deadline_ns) {
    struct pollfd fds[] = {{.fd = wake->stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    if (poll_until(fds, 2, deadline_ns) == 0) {
        return PF_WAKE_DEADLINE;
    }
    return fds[0].revents ? PF_WAKE_STOP : PF_WAKE_FD;
}

pf_wake_reason pf_wake_wait(pf_wake *wake, int fd, uint64_t deadline_ns) {
    struct pollfd fds[] = {{.fd = wake->stop_fd, .events = POLLIN},
                           {.fd = wake->kick_fd, .events = POLLIN},
                           {.fd = fd, .events = POLLIN}};
    if (poll_until(fds, 3, deadline_ns) == 0) {
        return PF_WAKE_DEADLINE;
    }
    if (fds[0].revents) {
        return PF_WAKE_STOP;
    }
    if (fds[1].revents) {
        uint64_t kicks;
        ssize_t taken = read(wake->kick_fd, &kicks, sizeof kicks);
        (void)taken;
        return PF_WAKE_KICK;
    }
    return PF_WAKE_FD;
}
