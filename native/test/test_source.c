/* SPDX-License-Identifier: MPL-2.0 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"
#include "test.h"

static pf_source *open_source(const char *display, pf_rect region, pf_wake *wake) {
    pf_source *source = NULL;
    pf_error error = {0};
    pf_source_request request = {.display = display, .region = region, .wake = wake};
    CHECK_EQUAL(pf_source_open(&request, &source, &error), PF_STATUS_OK);
    return source;
}

static void ignore_bands(void *context, pf_band_range bands) {
    *(uint32_t *)context += bands.end - bands.first;
}

static void grab(pf_source *source, const pf_bands *bands) {
    pf_error error = {0};
    uint32_t count = 0;
    CHECK_EQUAL(source->ops->grab(source, bands, ignore_bands, &count, &error), PF_STATUS_OK);
}

static size_t frame_bytes(const pf_source *source) {
    return (size_t)source->frame.stride_bytes * source->frame.height_px;
}

/** Grabbing the damage alone gives the frame that grabbing everything gives. */
static void check_damage_is_enough(pf_rect region) {
    pf_source *source = open_source("synthetic://321x243@1000", region, NULL);
    pf_error error = {0};
    pf_bands all = {0};
    pf_bands_add_rows(&all, 0, source->frame.height_px);
    grab(source, &all);
    uint8_t *copy = malloc(frame_bytes(source));
    for (int step = 0; step < 40; step++) {
        struct pollfd fd = {.fd = source->ops->poll_fd(source), .events = POLLIN};
        CHECK_EQUAL(poll(&fd, 1, -1), 1);
        pf_source_events events = {0};
        static pf_damage damage;
        pf_bands_clear(&damage.bands);
        CHECK_EQUAL(source->ops->dispatch(source, &events, &error), PF_STATUS_OK);
        CHECK(events.damaged);
        CHECK_EQUAL(source->ops->damage(source, &damage, &error), PF_STATUS_OK);
        grab(source, &damage.bands);
        memcpy(copy, source->frame.pixels, frame_bytes(source));
        grab(source, &all);
        CHECK(memcmp(copy, source->frame.pixels, frame_bytes(source)) == 0);
    }
    free(copy);
    source->ops->close(source);
}

static void synthetic_damage_is_exact(void) {
    check_damage_is_enough((pf_rect){0});
    check_damage_is_enough((pf_rect){.x = 17, .y = 31, .width = 101, .height = 99});
}

static void a_still_source_has_no_damage(void) {
    pf_source *source = open_source("synthetic://64x64@0", (pf_rect){0}, NULL);
    pf_error error = {0};
    pf_source_events events = {0};
    CHECK_EQUAL(source->ops->dispatch(source, &events, &error), PF_STATUS_OK);
    CHECK(!events.damaged);
    source->ops->close(source);
}

static void check_region(pf_rect region, pf_status expected) {
    pf_error error = {0};
    CHECK_EQUAL(pf_source_check_region(region, "window", 640, 480, &error), expected);
    CHECK_EQUAL(expected == PF_STATUS_OK, error.message[0] == '\0');
    CHECK_EQUAL(expected == PF_STATUS_OK, strstr(error.message, "the window") == NULL);
}

static void regions_have_to_lie_on_the_screen(void) {
    check_region((pf_rect){0, 0, 640, 480}, PF_STATUS_OK);
    check_region((pf_rect){639, 479, 1, 1}, PF_STATUS_OK);
    check_region((pf_rect){639, 479, 0, 0}, PF_STATUS_OK);
    check_region((pf_rect){640, 0, 0, 0}, PF_STATUS_REGION_OFF_SCREEN);
    check_region((pf_rect){0, 480, 1, 1}, PF_STATUS_REGION_OFF_SCREEN);
    check_region((pf_rect){0, 0, 641, 480}, PF_STATUS_REGION_OFF_SCREEN);
    check_region((pf_rect){1, 0, 640, 480}, PF_STATUS_REGION_OFF_SCREEN);
    check_region((pf_rect){0, 1, 640, 480}, PF_STATUS_REGION_OFF_SCREEN);
    pf_rect rest = pf_source_fill_region((pf_rect){100, 200, 0, 0}, 640, 480);
    CHECK(rest.width == 540 && rest.height == 280);
    rest = pf_source_fill_region((pf_rect){640, 500, 0, 0}, 640, 480);
    CHECK(rest.width == 1 && rest.height == 1);
}

static void names_that_mean_nothing_are_refused(void) {
    pf_wake wake;
    CHECK(pf_wake_init(&wake));
    const char *names[] = {"synthetic://",         "synthetic://10x10",   "synthetic://0x10@1",
                           "synthetic://10x10@1x", "synthetic://10x-1@1", "synthetic://99999x10@1",
                           "synthetic://9x9@1001", "no display's name",   ":4242"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        pf_source *source = NULL;
        pf_error error = {0};
        pf_source_request request = {.display = names[index], .wake = &wake};
        CHECK_EQUAL(pf_source_open(&request, &source, &error), PF_STATUS_DISPLAY_OPEN);
        CHECK(source == NULL && strstr(error.message, names[index]) != NULL);
    }
    pf_wake_deinit(&wake);
}

const pf_test source_tests[] = {
    TEST(synthetic_damage_is_exact),
    TEST(a_still_source_has_no_damage),
    TEST(regions_have_to_lie_on_the_screen),
    TEST(names_that_mean_nothing_are_refused),
    TESTS_END,
};
