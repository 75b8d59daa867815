/* SPDX-License-Identifier: MPL-2.0 */
/**
 * How other threads reach the capture thread while it sleeps in poll: a kick
 * says "look again", a stop says "end".
 */
#ifndef PF_BASE_WAKE_H
#define PF_BASE_WAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct pf_wake {
    /** eventfds; stop_fd is readable for good once stop was asked for. */
    int kick_fd;
    int stop_fd;
    atomic_bool stopped;
    /** A socket that a stop cuts, or -1; under the lock. */
    pthread_mutex_t lock;
    int socket_fd;
} pf_wake;

/** What ended a pf_wake_wait. */
typedef enum pf_wake_reason {
    PF_WAKE_FD,
    PF_WAKE_KICK,
    PF_WAKE_DEADLINE,
    PF_WAKE_STOP
} pf_wake_reason;

/** False where the system refuses descriptors; nothing is owed then. */
bool pf_wake_init(pf_wake *wake);
void pf_wake_deinit(pf_wake *wake);

void pf_wake_kick(pf_wake *wake);
void pf_wake_stop(pf_wake *wake);
bool pf_wake_stopped(const pf_wake *wake);

/** From here on a stop ends this socket's connection, so that a library which waits
 * for it comes back; -1 before the socket is closed. */
void pf_wake_cut_on_stop(pf_wake *wake, int socket_fd);

/** Sleeps until fd (or -1) is readable, a kick, a stop, or deadline_ns of
 * CLOCK_MONOTONIC (PF_NEVER_NS: none). Takes the kick away. */
pf_wake_reason pf_wake_wait(pf_wake *wake, int fd, uint64_t deadline_ns);

/** The same for one that waits for an answer on fd: kicks stay where they are. */
pf_wake_reason pf_wake_wait_answer(pf_wake *wake, int fd, uint64_t deadline_ns);

#endif
