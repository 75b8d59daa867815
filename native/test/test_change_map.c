/* SPDX-License-Identifier: MPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "damage/change_map.h"
#include "test.h"

enum { WIDTH = 1000, HEIGHT = 250, COLUMNS = 16, BANDS = 16, TILES = COLUMNS * BANDS };

static pf_change_map map;
/** What the map has to say of each tile. */
static uint64_t changed_us[TILES];

static void begin(void) {
    map = (pf_change_map){0};
    CHECK(pf_change_map_resize(&map, WIDTH, HEIGHT));
    for (size_t tile = 0; tile < TILES; tile++) {
        pf_change_map_note(&map, tile, UINT64_MAX, false);
    }
    memset(changed_us, 0, sizeof changed_us);
}

static pf_change_map_reading read_part(pf_rect region, uint64_t since_us) {
    pf_change_map_query query = {.region = region, .since_us = since_us};
    pf_change_map_reading reading;
    pf_change_map_read(&map, &query, &reading);
    return reading;
}

static pf_change_map_reading read_all(uint64_t since_us) {
    return read_part((pf_rect){0, 0, WIDTH, HEIGHT}, since_us);
}

static void note_all(uint64_t hash) {
    for (size_t tile = 0; tile < TILES; tile++) {
        pf_change_map_note(&map, tile, hash, false);
    }
}

static void check_rect(pf_rect actual, pf_rect expected) {
    CHECK(memcmp(&actual, &expected, sizeof actual) == 0);
}

static void what_is_forgotten_has_changed_once(void) {
    begin();
    CHECK_EQUAL(read_all(0).changed_us, 0);
    CHECK_EQUAL(read_all(0).rect_count, 0);
    pf_change_map_stamp(&map, 100, 7);
    pf_change_map_forget(&map);
    pf_change_map_stamp(&map, 150, 8);
    note_all(5);
    pf_change_map_reading reading = read_all(0);
    CHECK_EQUAL(reading.changed_us, 100);
    CHECK_EQUAL(reading.frame_id, 7);
    CHECK_EQUAL(reading.rect_count, 1);
    check_rect(reading.rects[0], (pf_rect){0, 0, WIDTH, HEIGHT});
    CHECK_EQUAL(read_all(100).rect_count, 0);
    pf_change_map_destroy(&map);
}

static void the_same_hash_is_no_change(void) {
    begin();
    pf_change_map_stamp(&map, 100, 1);
    note_all(5);
    pf_change_map_stamp(&map, 200, 2);
    note_all(5);
    CHECK_EQUAL(map.changed_us, 100);
    pf_change_map_note(&map, 17, 6, false);
    pf_change_map_reading reading = read_all(100);
    CHECK_EQUAL(reading.rect_count, 1);
    check_rect(reading.rects[0], (pf_rect){64, 16, 64, 16});
    pf_change_map_destroy(&map);
}

static void what_was_believed_is_told_once(void) {
    begin();
    pf_change_map_stamp(&map, 100, 1);
    note_all(5);
    pf_change_map_stamp(&map, 200, 2);
    pf_change_map_assume(&map, 0, (pf_band_range){3, 4});
    pf_change_map_assume(&map, 0, (pf_band_range){3, 4});
    CHECK(map.any_assumed);
    pf_change_map_stamp(&map, 300, 3);
    pf_change_map_note(&map, 3, 9, false);
    CHECK_EQUAL(map.changed_us, 200);
    pf_change_map_assume(&map, 0, (pf_band_range){3, 4});
    pf_change_map_stamp(&map, 400, 4);
    pf_change_map_note(&map, 3, 9, true);
    CHECK_EQUAL(map.changed_us, 400);
    pf_change_map_destroy(&map);
}

static void stamps_grow(void) {
    begin();
    for (uint64_t round = 1; round <= 3; round++) {
        pf_change_map_stamp(&map, 100, 1);
        note_all(round);
        CHECK_EQUAL(map.changed_us, 99 + round);
    }
    CHECK(pf_change_map_resize(&map, 64, 16));
    pf_change_map_stamp(&map, 50, 1);
    pf_change_map_forget(&map);
    CHECK_EQUAL(map.changed_us, 103);
    CHECK_EQUAL(map.tiles[0].changed_us, 103);
    pf_change_map_destroy(&map);
}

static void nothing_is_asked_nothing_told(void) {
    begin();
    pf_change_map_stamp(&map, 100, 1);
    note_all(5);
    CHECK_EQUAL(read_part((pf_rect){10, 10, 0, 5}, 0).changed_us, 0);
    CHECK_EQUAL(read_part((pf_rect){10, 10, 5, 0}, 0).rect_count, 0);
    pf_change_map_destroy(&map);
}

static bool touch(pf_rect a, pf_rect b) {
    return a.x < (uint64_t)b.x + b.width && b.x < (uint64_t)a.x + a.width &&
           a.y < (uint64_t)b.y + b.height && b.y < (uint64_t)a.y + a.height;
}

static bool is_within(uint32_t x, uint32_t y, pf_rect rect) {
    return x - rect.x < rect.width && y - rect.y < rect.height;
}

static uint32_t covers(const pf_change_map_reading *reading, uint32_t x, uint32_t y) {
    uint32_t count = 0;
    for (uint32_t index = 0; index < reading->rect_count; index++) {
        count += is_within(x, y, reading->rects[index]);
    }
    return count;
}

/** Whether the tile at a pixel counts. */
static bool counts(const pf_change_map_query *query, uint32_t column, uint32_t band) {
    pf_rect tile = {column * 64, band * 16, 64, 16};
    bool ignored = false;
    for (uint32_t index = 0; index < query->ignored_count; index++) {
        ignored |= touch(tile, query->ignored[index]);
    }
    return !ignored && touch(tile, query->region);
}

/** Checks a reading, pixel by pixel of a coarse grid that hits each tile's corners. */
static void check_reading(const pf_change_map_query *query) {
    pf_change_map_reading reading;
    pf_change_map_read(&map, query, &reading);
    bool exact = reading.rect_count < PF_CHANGE_RECT_COUNT_MAX;
    for (uint32_t y = 0; y < HEIGHT; y += y % 16 == 0 ? 15 : 1) {
        for (uint32_t x = 0; x < WIDTH; x += x % 64 == 0 ? 63 : 1) {
            bool changed = changed_us[y / 16 * COLUMNS + x / 64] > query->since_us &&
                           counts(query, x / 64, y / 16) && is_within(x, y, query->region);
            uint32_t count = covers(&reading, x, y);
            CHECK(exact ? count == changed : !changed || count > 0);
            CHECK(count == 0 || is_within(x, y, query->region));
        }
    }
    uint64_t last_us = 0;
    for (uint32_t tile = 0; tile < TILES; tile++) {
        bool later = changed_us[tile] > last_us && counts(query, tile % COLUMNS, tile / COLUMNS);
        last_us = later ? changed_us[tile] : last_us;
    }
    CHECK_EQUAL(reading.changed_us, last_us);
    CHECK_EQUAL(reading.frame_id, last_us * 3);
}

static pf_rect random_rect(void) {
    uint32_t x = pf_random_below(WIDTH), y = pf_random_below(HEIGHT);
    return (pf_rect){x, y, 1 + pf_random_below(WIDTH - x), 1 + pf_random_below(HEIGHT - y)};
}

static void readings_are_those_of_a_model(void) {
    for (uint32_t round = 0; round < 60; round++) {
        begin();
        uint32_t density = 1 + pf_random_below(round % 4 == 0 ? TILES : 20);
        for (uint64_t now_us = 1; now_us <= 10; now_us++) {
            pf_change_map_stamp(&map, now_us, (uint32_t)now_us * 3);
            for (uint32_t count = 0; count < density; count++) {
                uint32_t tile = pf_random_below(TILES);
                pf_change_map_note(&map, tile, now_us, false);
                changed_us[tile] = now_us;
            }
        }
        pf_rect ignored[3];
        for (uint32_t index = 0; index < 3; index++) {
            ignored[index] = random_rect();
            ignored[index].width = 1 + ignored[index].width / 8;
            ignored[index].height = 1 + ignored[index].height / 8;
        }
        pf_change_map_query query = {.region = round % 3 == 0 ? (pf_rect){0, 0, WIDTH, HEIGHT}
                                                              : random_rect(),
                                     .ignored = ignored,
                                     .ignored_count = pf_random_below(4),
                                     .since_us = pf_random_below(11)};
        check_reading(&query);
        pf_change_map_destroy(&map);
    }
}

static void too_many_rectangles_become_fewer(void) {
    begin();
    pf_change_map_stamp(&map, 1, 3);
    for (uint32_t tile = 0; tile < TILES; tile++) {
        if ((tile / COLUMNS + tile) % 2 == 0) {
            pf_change_map_note(&map, tile, 1, false);
            changed_us[tile] = 1;
        }
    }
    pf_change_map_query query = {.region = {3, 3, WIDTH - 10, HEIGHT - 10}};
    check_reading(&query);
    CHECK_EQUAL(read_all(0).rect_count, PF_CHANGE_RECT_COUNT_MAX);
    pf_change_map_destroy(&map);
}

const pf_test change_map_tests[] = {
    TEST(what_is_forgotten_has_changed_once), TEST(the_same_hash_is_no_change),
    TEST(what_was_believed_is_told_once),     TEST(stamps_grow),
    TEST(nothing_is_asked_nothing_told),      TEST(readings_are_those_of_a_model),
    TEST(too_many_rectangles_become_fewer),   TESTS_END,
};
