/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Names of displays: any text either opens a source or is refused with words, and
 * reads nothing behind its end.
 *
 * No name reaches a host or a display of this machine: looking hosts up and
 * connecting are refused right here.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/wake.h"
#include "fuzz.h"
#include "source/source.h"

/* A larger screen only takes longer. */
#define SCREEN_PX_MAX (1u << 20)

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **result) {
    (void)node, (void)service, (void)hints, (void)result;
    return EAI_NONAME;
}

__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address,
                                                   socklen_t size_bytes) {
    (void)fd, (void)address, (void)size_bytes;
    errno = ECONNREFUSED;
    return -1;
}

static bool is_large(const char *name) {
    unsigned int width, height;
    return sscanf(name, PF_SYNTHETIC_SCHEME "%ux%u", &width, &height) == 2 &&
           (uint64_t)width * height > SCREEN_PX_MAX && width <= PF_FRAME_SIDE_PX_MAX &&
           height <= PF_FRAME_SIDE_PX_MAX;
}

static void check_source(pf_source *source) {
    FUZZ_CHECK(source->screen_width >= 1 && source->screen_width <= PF_FRAME_SIDE_PX_MAX);
    FUZZ_CHECK(source->screen_height >= 1 && source->screen_height <= PF_FRAME_SIDE_PX_MAX);
    FUZZ_CHECK(source->frame.width_px >= 1 && source->frame.width_px <= source->screen_width);
    FUZZ_CHECK(source->frame.height_px >= 1 && source->frame.height_px <= source->screen_height);
    pf_source_events events = {0};
    pf_error error = {0};
    FUZZ_CHECK(source->ops->dispatch(source, &events, &error) == PF_STATUS_OK);
    source->ops->close(source);
}

static void run(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input input = {bytes, size_bytes};
    char name[PF_DISPLAY_BYTES_MAX] = "";
    size_t prefix_bytes = 0;
    if (fuzz_take_u8(&input) % 2 == 0) {
        prefix_bytes = strlen(strcpy(name, PF_SYNTHETIC_SCHEME));
    }
    fuzz_take_bytes(&input, name + prefix_bytes, sizeof name - prefix_bytes - 1);
    if (is_large(name)) {
        return;
    }
    pf_wake wake;
    FUZZ_CHECK(pf_wake_init(&wake));
    pf_source_request request = {.display = name, .wake = &wake};
    pf_source *source = NULL;
    pf_error error = {0};
    pf_status status = pf_source_open(&request, &source, &error);
    if (status == PF_STATUS_OK) {
        check_source(source);
    } else {
        FUZZ_CHECK(status == PF_STATUS_DISPLAY_OPEN && source == NULL);
        FUZZ_CHECK(strncmp(error.message, "display: ", strlen("display: ")) == 0);
    }
    pf_wake_deinit(&wake);
}

static void write_seeds(void) {
    static const char *const names[] = {"\1:0",
                                        "\1host:1.0",
                                        "\1unix:/tmp/x:1",
                                        "\1inet6/::1:2.3",
                                        "\1/tmp/socket:0",
                                        "\2640x480@60",
                                        "\2"
                                        "1x1@0",
                                        "\2"
                                        "16x16@1000",
                                        "\1frames://2049"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        char name[8];
        snprintf(name, sizeof name, "%zu", index);
        fuzz_seed(name, names[index], strlen(names[index]));
    }
}

const fuzz_target fuzz_name_target = {"names", run, write_seeds};
