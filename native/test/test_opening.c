/* SPDX-License-Identifier: MPL-2.0 */
/** Servers that let a capture in, begin an answer, and are silent: libxcb waits for
 * the rest without an end. */
#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "session.h"
#include "test.h"

/* X11 over TCP: display n listens at this port + n. */
#define FIRST_PORT 6000
#define CLIENT_COUNT_MAX 100
/* The pace of stops around the moment at which an opening is given up. */
#define OPEN_NS_MAX (5 * PF_NS_PER_S)
#define STOP_COUNT 9
#define STOP_PACE_NS (PF_NS_PER_S / 50)

typedef struct silent_server {
    /** Sends nothing at all where false. */
    bool greets;
    int listener;
    pthread_t thread;
    char display[32];
} silent_server;

/** A setup with one screen of 320x240 in 32-bit BGRX, and then the head of an
 * answer of 256 KiB to the second request (X11 protocol, encoding). */
static const uint8_t greeting[120 + 32] = {
    /* 28 * 4 bytes behind the first 8; resource ids, longest request; one screen, one format */
    1, [2] = 11, [6] = 28, [14] = 0x20, [16] = 0xff, 0xff, 0x1f, [26] = 0xff, 0xff, 1, 1, [32] = 32,
    32, 8, 255,
    /* the format: depth, bits a pixel, padding */
    [40] = 24, 32, 32,
    /* the screen: root, size, visual, depth, one list of visuals */
    [49] = 1, [68] = 0x40, 1, 240, [80] = 0x21, [86] = 24, 1,
    /* the visual: depth, count; id, TrueColor, bits, masks */
    24, [90] = 1, [96] = 0x21, [100] = 4, 8, [106] = 0xff, [109] = 0xff, [112] = 0xff,
    /* the answer */
    [120] = 1, [122] = 2, [126] = 1};

/** Sent before the setup was asked for, libxcb would take it for something else. */
static void greet(int client) {
    uint8_t request[256];
    if (recv(client, request, sizeof request, 0) > 0) {
        /* A client that has gone by now is no failure. */
        ssize_t sent = send(client, greeting, sizeof greeting, MSG_NOSIGNAL);
        (void)sent;
    }
}

static void *serve(void *context) {
    const silent_server *server = context;
    int clients[CLIENT_COUNT_MAX], count = 0;
    while (count < CLIENT_COUNT_MAX &&
           (clients[count] = accept(server->listener, NULL, NULL)) >= 0) {
        if (server->greets) {
            greet(clients[count]);
        }
        count++;
    }
    while (count > 0) {
        close(clients[--count]);
    }
    return NULL;
}

static void open_server(silent_server *server, bool greets) {
    server->greets = greets;
    /* libXau keeps a buffer that one thread may use at a time; with a file named it
     * has none. */
    setenv("XAUTHORITY", "/dev/null", 1);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(server->listener, (struct sockaddr *)&address, size), 0);
    CHECK_EQUAL(listen(server->listener, CLIENT_COUNT_MAX), 0);
    CHECK_EQUAL(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->display, sizeof server->display, "127.0.0.1:%d",
             ntohs(address.sin_port) - FIRST_PORT);
    CHECK_EQUAL(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void close_server(silent_server *server) {
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static void a_half_answer_is_given_up(void) {
    silent_server server;
    open_server(&server, true);
    uint64_t handle = session_start(server.display);
    session_log log = {0};
    while (session_step(handle, &log)) {
    }
    CHECK_EQUAL(log.state.phase, PF_PHASE_FAILED);
    CHECK_EQUAL(log.state.error, PF_STATUS_DISPLAY_OPEN);
    char message[512] = "";
    pf_capture_message(handle, message, sizeof message);
    if (strstr(message, "first picture within 5 s") == NULL) {
        pf_test_fail(__FILE__, __LINE__, "given up for another reason: %s", message);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
    close_server(&server);
}

static void a_stop_ends_the_wait_for_a_half_answer(void) {
    silent_server server;
    open_server(&server, true);
    uint64_t handle = session_start(server.display);
    CHECK_EQUAL(pf_capture_wait(handle, 100), PF_STATUS_TIMEOUT);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
    close_server(&server);
}

static void stops_may_come_when_the_opening_is_given_up(void) {
    silent_server server;
    open_server(&server, true);
    uint64_t handles[STOP_COUNT];
    uint64_t stop_ns = pf_clock_now_ns() + OPEN_NS_MAX - STOP_COUNT / 2 * STOP_PACE_NS;
    for (size_t index = 0; index < STOP_COUNT; index++) {
        handles[index] = session_start(server.display);
    }
    for (size_t index = 0; index < STOP_COUNT; index++, stop_ns += STOP_PACE_NS) {
        struct timespec at = pf_clock_timespec(stop_ns);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        CHECK_EQUAL(pf_capture_free(handles[index]), PF_STATUS_OK);
    }
    session_check_nothing_left();
    close_server(&server);
}

/* As x11_connect.c has it. */
#define HANGING_COUNT_MAX 64

static int connecting_thread_count(void) {
    int count = 0;
    DIR *threads = opendir("/proc/self/task");
    CHECK(threads != NULL);
    for (const struct dirent *thread; (thread = readdir(threads)) != NULL;) {
        char path[sizeof "/proc/self/task//comm" + sizeof thread->d_name], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", thread->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            count += fgets(name, sizeof name, file) != NULL && strcmp(name, "pf-connect\n") == 0;
            fclose(file);
        }
    }
    closedir(threads);
    return count;
}

static void threads_that_hang_are_limited(void) {
    silent_server server;
    open_server(&server, false);
    pf_status status = PF_STATUS_OK;
    int started_count = 0;
    while (status == PF_STATUS_OK && started_count < CLIENT_COUNT_MAX) {
        uint64_t handle = session_start(server.display);
        session_log log = {0};
        if (pf_capture_wait(handle, 20) == PF_STATUS_ENDED) {
            session_step(handle, &log);
        }
        status = log.state.error;
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
        started_count += status == PF_STATUS_OK;
    }
    CHECK_EQUAL(status, PF_STATUS_DISPLAY_OPEN);
    /* One that was stopped before it began to connect has left no thread. */
    CHECK(started_count >= HANGING_COUNT_MAX);
    CHECK_EQUAL(connecting_thread_count(), HANGING_COUNT_MAX);
    close_server(&server);
    while (connecting_thread_count() > 0) {
        usleep(1000);
    }
    session_check_nothing_left();
}

const pf_test opening_tests[] = {
    TEST(a_half_answer_is_given_up),
    TEST(a_stop_ends_the_wait_for_a_half_answer),
    TEST(stops_may_come_when_the_opening_is_given_up),
    TEST(threads_that_hang_are_limited),
    TESTS_END,
};
