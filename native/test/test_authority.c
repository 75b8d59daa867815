/* SPDX-License-Identifier: MPL-2.0 */
/** Which cookie of a file goes to which display: a server that takes down what it is shown. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/x11.h"
#include "test.h"

/* X11 over TCP: display n listens at this port + n. */
#define FIRST_PORT 6000
#define COOKIE_BYTES 16
/* The setup request: 12 bytes, the name of 18 padded to 4, the cookie. */
#define COOKIE_AT (12 + 20)

#define LOCAL 1, 0
#define INTERNET 0, 0
#define WILD 0xff, 0xff
/* Names and lengths of an entry's parts. */
#define COOKIE_NAME                                                                                \
    0, 18, 'M', 'I', 'T', '-', 'M', 'A', 'G', 'I', 'C', '-', 'C', 'O', 'O', 'K', 'I', 'E', '-', '1'
#define OTHER_NAME 0, 3, 'X', 'D', 'M'
#define COOKIE(byte)                                                                               \
    0, 16, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte,     \
        byte, byte

typedef struct listener {
    int socket_fd;
    int number;
    pthread_t thread;
    uint8_t request[256];
    ssize_t size_bytes;
} listener;

static void *take_request(void *context) {
    listener *self = context;
    int client = accept(self->socket_fd, NULL, NULL);
    if (client >= 0) {
        self->size_bytes = recv(client, self->request, sizeof self->request, 0);
        close(client);
    }
    return NULL;
}

static void open_listener(listener *self) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    self->socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(self->socket_fd, (struct sockaddr *)&address, size), 0);
    CHECK_EQUAL(listen(self->socket_fd, 1), 0);
    CHECK_EQUAL(getsockname(self->socket_fd, (struct sockaddr *)&address, &size), 0);
    self->number = ntohs(address.sin_port) - FIRST_PORT;
    CHECK_EQUAL(pthread_create(&self->thread, NULL, take_request, self), 0);
}

/** The first byte of the cookie that the display is shown out of this file, 0 where it is
 * none's. */
static int shown(const char *path, listener *self) {
    char display[32];
    snprintf(display, sizeof display, "127.0.0.1:%d", self->number);
    xcb_connection_t *connection = pf_x11_connect_by_cookie(display, path, NULL);
    shutdown(self->socket_fd, SHUT_RDWR);
    pthread_join(self->thread, NULL);
    close(self->socket_fd);
    if (connection == NULL) {
        return 0;
    }
    xcb_disconnect(connection);
    CHECK_EQUAL(self->size_bytes, COOKIE_AT + COOKIE_BYTES);
    return self->request[COOKIE_AT];
}

static int shown_of_bytes(const uint8_t *bytes, size_t size_bytes) {
    listener self = {0};
    open_listener(&self);
    char path[] = "/tmp/pf-authority-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK_EQUAL(write(file, bytes, size_bytes), (ssize_t)size_bytes);
    close(file);
    int cookie = shown(path, &self);
    unlink(path);
    return cookie;
}

#define SHOWN(...)                                                                                 \
    shown_of_bytes((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void the_first_cookie_that_fits_is_shown(void) {
    CHECK_EQUAL(SHOWN(WILD, 0, 0, 0, 0, COOKIE_NAME, COOKIE(7)), 7);
    CHECK_EQUAL(SHOWN(WILD, 0, 0, 0, 1, '1', COOKIE_NAME, COOKIE(8)), 0);
    CHECK_EQUAL(SHOWN(WILD, 0, 0, 0, 0, OTHER_NAME, COOKIE(8)), 0);
    CHECK_EQUAL(SHOWN(INTERNET, 0, 4, 127, 0, 0, 1, 0, 0, COOKIE_NAME, COOKIE(7)), 7);
    CHECK_EQUAL(SHOWN(INTERNET, 0, 4, 127, 0, 0, 2, 0, 0, COOKIE_NAME, COOKIE(8)), 0);
    CHECK_EQUAL(SHOWN(INTERNET, 0, 2, 127, 0, 0, 0, COOKIE_NAME, COOKIE(8)), 0);
    CHECK_EQUAL(SHOWN(LOCAL, 0, 4, 'x', '-', 'x', '-', 0, 0, COOKIE_NAME, COOKIE(8)), 0);
    CHECK_EQUAL(SHOWN(LOCAL, 0, 4, 'x', '-', 'x', '-', 0, 0, COOKIE_NAME, COOKIE(8), /**/
                      WILD, 0, 0, 0, 0, OTHER_NAME, COOKIE(8),                       /**/
                      WILD, 0, 0, 0, 0, COOKIE_NAME, COOKIE(7),                      /**/
                      WILD, 0, 0, 0, 0, COOKIE_NAME, COOKIE(8)),
                7);
}

/** As xauth writes it for a display of this machine. */
static void a_cookie_under_this_machine_s_name_is_shown(void) {
    listener self = {0};
    open_listener(&self);
    char name[200] = "", number[12];
    gethostname(name, sizeof name - 1);
    snprintf(number, sizeof number, "%d", self.number);
    static const uint8_t rest[] = {COOKIE_NAME, COOKIE(7)};
    char path[] = "/tmp/pf-authority-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "wb");
    CHECK(file != NULL);
    fprintf(file, "%c%c%c%c%s%c%c%s", 1, 0, 0, (int)strlen(name), name, 0, (int)strlen(number),
            number);
    fwrite(rest, 1, sizeof rest, file);
    fclose(file);
    CHECK_EQUAL(shown(path, &self), 7);
    unlink(path);
}

static void a_file_that_is_cut_off_has_no_cookie(void) {
    static const uint8_t whole[] = {WILD, 0, 0, 0, 0, COOKIE_NAME, COOKIE(8)};
    for (size_t size_bytes = 0; size_bytes < sizeof whole; size_bytes++) {
        CHECK_EQUAL(shown_of_bytes(whole, size_bytes), 0);
    }
}

static void without_a_file_there_is_no_cookie(void) {
    static const char *const paths[] = {"", "/nowhere/at/all", "/tmp", "/dev/null"};
    for (size_t index = 0; index < sizeof paths / sizeof *paths; index++) {
        listener self = {0};
        open_listener(&self);
        CHECK_EQUAL(shown(paths[index], &self), 0);
    }
    CHECK(pf_x11_connect_by_cookie("no display", "/dev/null", NULL) == NULL);
}

const pf_test authority_tests[] = {
    TEST(the_first_cookie_that_fits_is_shown),
    TEST(a_cookie_under_this_machine_s_name_is_shown),
    TEST(a_file_that_is_cut_off_has_no_cookie),
    TEST(without_a_file_there_is_no_cookie),
    TESTS_END,
};
