/* SPDX-License-Identifier: MPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "damage/tiles.h"
#include "test.h"

enum { WIDTH = 200, HEIGHT = 40, COLUMNS = 4, BANDS = 3 };

static uint32_t pixels[HEIGHT][WIDTH];

static pf_image image(void) {
    return (pf_image){(const uint8_t *)pixels, sizeof pixels[0], WIDTH, HEIGHT};
}

static void look_at_all(pf_tiles *tiles, bool grabbed) {
    for (uint32_t band = 0; band < BANDS; band++) {
        pf_tiles_look(tiles, image(), band, grabbed);
    }
}

/** Tiles of the present pixels that have been sent, good enough for rest. */
static pf_tiles sent_tiles(void) {
    pf_tiles tiles;
    memset(pixels, 0, sizeof pixels);
    CHECK(pf_tiles_create(&tiles, WIDTH, HEIGHT));
    look_at_all(&tiles, true);
    pf_tiles_note_picture(&tiles, true, true);
    return tiles;
}

static void check_area(const pf_tiles *tiles, uint8_t flags, pf_rect expected) {
    pf_rect area = pf_tiles_area(tiles, flags);
    CHECK(memcmp(&area, &expected, sizeof area) == 0);
}

static const pf_rect nothing;

static void new_tiles_have_all_changed(void) {
    pf_tiles tiles;
    CHECK(pf_tiles_create(&tiles, WIDTH, HEIGHT));
    check_area(&tiles, PF_TILE_CHANGED, (pf_rect){0, 0, WIDTH, HEIGHT});
    pf_tiles_destroy(&tiles);
}

static void a_changed_pixel_changes_its_tile_alone(void) {
    for (uint32_t round = 0; round < 2000; round++) {
        pf_tiles tiles = sent_tiles();
        uint32_t x = pf_random_below(WIDTH), y = pf_random_below(HEIGHT);
        uint64_t digest = pf_tiles_digest(&tiles);
        pixels[y][x] ^= 1u << pf_random_below(24);
        look_at_all(&tiles, pf_random_below(2));
        CHECK(pf_tiles_digest(&tiles) != digest);
        uint32_t left = x / 64 * 64, top = y / 16 * 16;
        pf_rect tile = {left, top, WIDTH - left < 64 ? WIDTH - left : 64,
                        HEIGHT - top < 16 ? HEIGHT - top : 16};
        check_area(&tiles, PF_TILE_CHANGED, tile);
        pf_tiles_destroy(&tiles);
    }
}

static void a_look_at_the_same_pixels_changes_nothing(void) {
    pf_tiles tiles = sent_tiles();
    look_at_all(&tiles, true);
    check_area(&tiles, PF_TILE_CHANGED, nothing);
    pf_tiles_destroy(&tiles);
}

static void what_was_sent_unseen_has_changed_if_grabbed_since(void) {
    for (int grabbed = 0; grabbed < 2; grabbed++) {
        pf_tiles tiles = sent_tiles();
        pf_tiles_assume(&tiles, 1, 70, 130);
        CHECK(tiles.any_unseen);
        check_area(&tiles, PF_TILE_CHANGED, (pf_rect){64, 16, 128, 16});
        pf_tiles_note_picture(&tiles, false, true);
        check_area(&tiles, PF_TILE_CHANGED, nothing);
        pixels[20][100] = 7;
        look_at_all(&tiles, grabbed);
        check_area(&tiles, PF_TILE_CHANGED, grabbed ? (pf_rect){64, 16, 128, 16} : nothing);
        pf_tiles_destroy(&tiles);
    }
}

static void beside_what_is_assumed_pixels_are_looked_at(void) {
    pf_tiles tiles = sent_tiles();
    pixels[0][10] = pixels[0][100] = pixels[0][199] = 1;
    pf_tiles_look_beside(&tiles, image(), 0, 64, 128);
    check_area(&tiles, PF_TILE_CHANGED, (pf_rect){0, 0, WIDTH, 16});
    check_area(&tiles, PF_TILE_UNSEEN, (pf_rect){64, 0, 64, 16});
    pf_tiles_destroy(&tiles);
}

static void a_refresh_shows_what_was_sent_worse(void) {
    pf_tiles tiles = sent_tiles();
    pf_tiles_mark(&tiles, (pf_rect){0, 0, 1, 1}, PF_TILE_CHANGED);
    pf_tiles_note_picture(&tiles, false, false);
    pf_tiles_mark(&tiles, (pf_rect){199, 39, 1, 1}, PF_TILE_CHANGED);
    check_area(&tiles, PF_TILE_UNREFINED, (pf_rect){0, 0, 64, 16});
    pf_tiles_note_picture(&tiles, false, true); /* a good picture of the change alone */
    check_area(&tiles, PF_TILE_CHANGED, nothing);
    check_area(&tiles, PF_TILE_UNREFINED, (pf_rect){0, 0, 64, 16});
    pf_tiles_note_picture(&tiles, true, true);
    check_area(&tiles, PF_TILE_UNREFINED, nothing);
    pf_tiles_destroy(&tiles);
}

static void constant_blocks_are_those_outside_changed_tiles(void) {
    enum { BLOCKS = 13 };
    uint8_t constant[BANDS][BLOCKS];
    pf_tiles tiles = sent_tiles();
    pf_tiles_mark(&tiles, (pf_rect){65, 17, 1, 1}, PF_TILE_CHANGED);
    pf_tiles_write_constant(&tiles, constant[0]);
    for (uint32_t band = 0; band < BANDS; band++) {
        for (uint32_t block = 0; block < BLOCKS; block++) {
            CHECK_EQUAL(constant[band][block], !(band == 1 && block >= 4 && block < 8));
        }
    }
    pf_tiles_destroy(&tiles);
}

const pf_test tiles_tests[] = {
    TEST(new_tiles_have_all_changed),
    TEST(a_changed_pixel_changes_its_tile_alone),
    TEST(a_look_at_the_same_pixels_changes_nothing),
    TEST(what_was_sent_unseen_has_changed_if_grabbed_since),
    TEST(beside_what_is_assumed_pixels_are_looked_at),
    TEST(a_refresh_shows_what_was_sent_worse),
    TEST(constant_blocks_are_those_outside_changed_tiles),
    TESTS_END,
};
