/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Cookies out of a file that the caller names. libxcb looks only into the one
 * that XAUTHORITY named when the process started, or one in the home directory:
 * getenv(3) does not see what JavaScript assigns to process.env.
 *
 * The file (Xau(3)) is a row of entries: u16 family, then address, display's
 * number, name and cookie, each behind its u16 length; all big endian.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "source/x11.h"

#define COOKIE_NAME "MIT-MAGIC-COOKIE-1"
#define DISPLAY_NUMBER_BYTES_MAX 12
/* Of a longer file the rest is not looked at. */
#define FILE_BYTES_MAX (256u << 10)

enum { FAMILY_INTERNET = 0, FAMILY_LOCAL = 256, FAMILY_WILD = 65535 };

typedef struct span {
    const uint8_t *bytes;
    size_t size_bytes;
} span;

typedef struct entry {
    uint16_t family;
    span address;
    span number;
    span name;
    span cookie;
} entry;

static bool take_u16(span *rest, uint16_t *value) {
    if (rest->size_bytes < 2) {
        return false;
    }
    *value = (uint16_t)(rest->bytes[0] << 8 | rest->bytes[1]);
    *rest = (span){rest->bytes + 2, rest->size_bytes - 2};
    return true;
}

static bool take_part(span *rest, span *part) {
    uint16_t size_bytes;
    if (!take_u16(rest, &size_bytes) || rest->size_bytes < size_bytes) {
        return false;
    }
    *part = (span){rest->bytes, size_bytes};
    *rest = (span){rest->bytes + size_bytes, rest->size_bytes - size_bytes};
    return true;
}

static bool take_entry(span *rest, entry *taken) {
    return take_u16(rest, &taken->family) && take_part(rest, &taken->address) &&
           take_part(rest, &taken->number) && take_part(rest, &taken->name) &&
           take_part(rest, &taken->cookie);
}

static bool is_text(span part, const char *text) {
    return part.size_bytes == strlen(text) && memcmp(part.bytes, text, part.size_bytes) == 0;
}

/** Loopback counts as this machine, as it does for libxcb. */
static bool is_here(const char *host, const char *own_name) {
    static const char *const names[] = {"", "unix", "localhost", "127.0.0.1", "::1"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        if (strcmp(host, names[index]) == 0) {
            return true;
        }
    }
    return strcmp(host, own_name) == 0;
}

static bool is_of_host(const entry *candidate, const char *host) {
    if (candidate->family == FAMILY_WILD) {
        return true;
    }
    if (candidate->family == FAMILY_LOCAL) {
        char own_name[HOST_NAME_MAX + 1] = "";
        gethostname(own_name, sizeof own_name - 1);
        return is_text(candidate->address, is_here(host, own_name) ? own_name : host);
    }
    struct in_addr address;
    return candidate->family == FAMILY_INTERNET && inet_pton(AF_INET, host, &address) == 1 &&
           candidate->address.size_bytes == sizeof address &&
           memcmp(candidate->address.bytes, &address, sizeof address) == 0;
}

static bool find_cookie(span file, const char *host, int number, span *cookie) {
    char number_text[DISPLAY_NUMBER_BYTES_MAX];
    snprintf(number_text, sizeof number_text, "%d", number);
    entry candidate;
    while (take_entry(&file, &candidate)) {
        bool is_of_number =
            candidate.number.size_bytes == 0 || is_text(candidate.number, number_text);
        if (is_of_number && is_text(candidate.name, COOKIE_NAME) && is_of_host(&candidate, host)) {
            *cookie = candidate.cookie;
            return true;
        }
    }
    return false;
}

/** Empty where the file cannot be read. */
static span read_file(const char *path, uint8_t *bytes) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return (span){bytes, 0};
    }
    size_t size_bytes = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return (span){bytes, size_bytes};
}

static xcb_connection_t *connect_with(const char *display, span cookie, int *screen_index) {
    char name[] = COOKIE_NAME;
    xcb_auth_info_t info = {.namelen = (int)strlen(name),
                            .name = name,
                            .datalen = (int)cookie.size_bytes,
                            .data = (char *)cookie.bytes};
    return xcb_connect_to_display_with_auth_info(display, &info, screen_index);
}

xcb_connection_t *pf_x11_connect_by_cookie(const char *display, const char *authority_path,
                                           int *screen_index) {
    char *host = NULL;
    int number = 0;
    if (authority_path[0] == '\0' || xcb_parse_display(display, &host, &number, NULL) == 0) {
        return NULL;
    }
    uint8_t *bytes = pf_alloc_bytes(FILE_BYTES_MAX);
    span cookie;
    xcb_connection_t *connection = NULL;
    if (bytes != NULL && find_cookie(read_file(authority_path, bytes), host, number, &cookie)) {
        connection = connect_with(display, cookie, screen_index);
    }
    pf_free(bytes);
    free(host);
    return connection;
}
