/* SPDX-License-Identifier: MPL-2.0 */
/**
 * pf-fuzz TARGET [libFuzzer's options and corpus folders]
 * pf-fuzz TARGET --seeds FOLDER
 * pf-fuzz --list
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Called by libFuzzer. */
int LLVMFuzzerInitialize(int *argument_count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

static const fuzz_target *const targets[] = {&fuzz_settings_target, &fuzz_damage_target,
                                             &fuzz_watermark_target, &fuzz_name_target};
#define TARGET_COUNT (sizeof targets / sizeof *targets)

static const fuzz_target *chosen;
static const char *seed_folder;

_Noreturn void fuzz_fail(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
    abort();
}

void fuzz_take_bytes(fuzz_input *input, void *to, size_t size_bytes) {
    size_t count = input->rest < size_bytes ? input->rest : size_bytes;
    memset(to, 0, size_bytes);
    if (count > 0) {
        memcpy(to, input->bytes, count);
        input->bytes += count;
        input->rest -= count;
    }
}

uint8_t fuzz_take_u8(fuzz_input *input) {
    uint8_t value;
    fuzz_take_bytes(input, &value, sizeof value);
    return value;
}

uint16_t fuzz_take_u16(fuzz_input *input) {
    uint16_t value;
    fuzz_take_bytes(input, &value, sizeof value);
    return value;
}

uint32_t fuzz_take_u32(fuzz_input *input) {
    uint32_t value;
    fuzz_take_bytes(input, &value, sizeof value);
    return value;
}

double fuzz_take_double(fuzz_input *input) {
    double value;
    fuzz_take_bytes(input, &value, sizeof value);
    return value;
}

uint32_t fuzz_take_within(fuzz_input *input, uint32_t low, uint32_t high) {
    uint32_t span = high - low + 1;
    return low + (span <= 256 ? fuzz_take_u8(input) : fuzz_take_u16(input)) % span;
}

static void write_whole(int fd, const void *bytes, size_t size_bytes) {
    FUZZ_CHECK(fd >= 0 && write(fd, bytes, size_bytes) == (ssize_t)size_bytes);
}

int fuzz_make_file(const void *bytes, size_t size_bytes, char *path, size_t capacity_bytes) {
    int fd = memfd_create("pf-fuzz", MFD_CLOEXEC);
    write_whole(fd, bytes, size_bytes);
    snprintf(path, capacity_bytes, "/proc/self/fd/%d", fd);
    return fd;
}

void fuzz_seed(const char *name, const void *bytes, size_t size_bytes) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%s", seed_folder, chosen->name, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    write_whole(fd, bytes, size_bytes);
    close(fd);
}

static void list_targets(void) {
    for (size_t index = 0; index < TARGET_COUNT; index++) {
        puts(targets[index]->name);
    }
}

static void choose(const char *name) {
    for (size_t index = 0; index < TARGET_COUNT; index++) {
        if (strcmp(name, targets[index]->name) == 0) {
            chosen = targets[index];
        }
    }
    if (chosen == NULL) {
        fprintf(stderr, "pf-fuzz: there is no target \"%s\"; see pf-fuzz --list\n", name);
        exit(2);
    }
}

int LLVMFuzzerInitialize(int *argument_count, char ***arguments) {
    char **words = *arguments;
    if (*argument_count > 1 && strcmp(words[1], "--list") == 0) {
        list_targets();
        exit(0);
    }
    choose(*argument_count > 1 ? words[1] : "");
    if (*argument_count > 3 && strcmp(words[2], "--seeds") == 0) {
        seed_folder = words[3];
        if (chosen->write_seeds != NULL) {
            chosen->write_seeds();
        }
        exit(0);
    }
    /* libFuzzer reads what is left behind the target's name. */
    words[1] = words[0];
    *arguments = words + 1;
    *argument_count -= 1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    chosen->run(bytes, size_bytes);
    return 0;
}
