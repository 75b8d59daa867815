/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Where a frame is cut, which tiles have changed, and what has moved: on pictures
 * of any size and content, nothing is read beside them, and what is said of them
 * holds when it is compared with the pixels.
 */
#include <stdlib.h>
#include <string.h>

#include "damage/layout.h"
#include "damage/scroll.h"
#include "damage/tiles.h"
#include "fuzz.h"

enum { WIDTH_MAX = 300, HEIGHT_MAX = 160, STEP_COUNT_MAX = 8 };

static void check_layout(fuzz_input *input) {
    uint32_t height = fuzz_take_within(input, 1, PF_FRAME_SIDE_PX_MAX);
    pf_layout_kind kind = (pf_layout_kind)fuzz_take_within(input, 0, PF_LAYOUT_FULL_FRAME);
    uint32_t wanted = fuzz_take_within(input, 0, 64) * PF_BAND_ROWS, next_y = 0;
    pf_layout_plan plan = pf_layout_make(height, kind, wanted);
    FUZZ_CHECK(plan.stripe_count >= 1);
    for (uint32_t stripe = 0; stripe < plan.stripe_count; stripe++) {
        uint32_t rows = pf_layout_stripe_rows(&plan, stripe);
        pf_band_range bands = pf_layout_stripe_bands(&plan, stripe);
        FUZZ_CHECK(rows > 0 && pf_layout_stripe_y(&plan, stripe) == next_y);
        FUZZ_CHECK(bands.first * PF_BAND_ROWS == next_y);
        next_y += rows;
        FUZZ_CHECK(bands.end == pf_band_count(next_y));
    }
    FUZZ_CHECK(next_y == height);
}

/** Pixels that end where their last row does, so that a byte too far is found. */
typedef struct picture {
    pf_image image;
    uint8_t *pixels;
    size_t size_bytes;
} picture;

static picture make_picture(uint32_t width, uint32_t height, uint32_t gap_px) {
    uint32_t stride = (width + gap_px) * PF_BYTES_PER_PIXEL;
    picture made = {.size_bytes = (size_t)stride * (height - 1) + width * PF_BYTES_PER_PIXEL};
    made.pixels = calloc(1, made.size_bytes);
    made.image = (pf_image){made.pixels, stride, width, height};
    return made;
}

static uint8_t *pixel_at(const picture *self, uint32_t x, uint32_t y) {
    return self->pixels + (size_t)y * self->image.stride_bytes + (size_t)x * PF_BYTES_PER_PIXEL;
}

static pf_rect take_rect(fuzz_input *input, const pf_image *image) {
    pf_rect rect = {.x = fuzz_take_within(input, 0, image->width_px - 1),
                    .y = fuzz_take_within(input, 0, image->height_px - 1)};
    rect.width = fuzz_take_within(input, 1, image->width_px - rect.x);
    rect.height = fuzz_take_within(input, 1, image->height_px - rect.y);
    return rect;
}

/** Paints a rectangle in one colour, or so that every row is another. */
static void paint(picture *self, fuzz_input *input) {
    pf_rect rect = take_rect(input, &self->image);
    uint32_t colour = fuzz_take_u8(input), mixed = fuzz_take_u8(input) % 2 * 2654435761u;
    for (uint32_t y = rect.y; y < rect.y + rect.height; y++) {
        for (uint32_t x = rect.x; x < rect.x + rect.width; x++) {
            uint32_t value = colour + (x + y * self->image.width_px) * mixed;
            memcpy(pixel_at(self, x, y), &value, sizeof value);
        }
    }
}

/** Moves a rectangle's pixels up or down. */
static void move_rows(picture *self, fuzz_input *input) {
    pf_rect rect = take_rect(input, &self->image);
    uint32_t shift = fuzz_take_within(input, 0, rect.height - 1);
    bool down = fuzz_take_u8(input) % 2;
    for (uint32_t row = 0; row < rect.height - shift; row++) {
        uint32_t to = down ? rect.height - 1 - row : row, from = down ? to - shift : to + shift;
        memmove(pixel_at(self, rect.x, rect.y + to), pixel_at(self, rect.x, rect.y + from),
                (size_t)rect.width * PF_BYTES_PER_PIXEL);
    }
}

static bool same_row(const picture *a, uint32_t y_a, const picture *b, uint32_t y_b, uint32_t x,
                     uint32_t width) {
    return memcmp(pixel_at(a, x, y_a), pixel_at(b, x, y_b), (size_t)width * PF_BYTES_PER_PIXEL) ==
           0;
}

static bool same_tile(const picture *a, const picture *b, pf_rect tile) {
    bool same = true;
    for (uint32_t y = tile.y; y < tile.y + tile.height; y++) {
        same &= same_row(a, y, b, y, tile.x, tile.width);
    }
    return same;
}

static pf_rect tile_at(const pf_tiles *tiles, uint32_t tile) {
    uint32_t x = tile % tiles->column_count * PF_TILE_WIDTH_PX;
    uint32_t y = tile / tiles->column_count * PF_BAND_ROWS;
    uint32_t rest_x = tiles->width_px - x, rest_y = tiles->height_px - y;
    return (pf_rect){x, y, rest_x < PF_TILE_WIDTH_PX ? rest_x : PF_TILE_WIDTH_PX,
                     rest_y < PF_BAND_ROWS ? rest_y : PF_BAND_ROWS};
}

static void look_at_all(pf_tiles *tiles, pf_image image) {
    for (uint32_t band = 0; band < tiles->band_count; band++) {
        pf_tiles_look(tiles, image, band, true);
    }
}

/** The tiles marked are those whose pixels differ, and their area holds them. */
static void check_marks(const pf_tiles *tiles, const picture *sent, const picture *now) {
    pf_rect area = pf_tiles_area(tiles, PF_TILE_CHANGED);
    for (uint32_t tile = 0; tile < tiles->column_count * tiles->band_count; tile++) {
        pf_rect rect = tile_at(tiles, tile);
        bool marked = tiles->flags[tile] & PF_TILE_CHANGED;
        FUZZ_CHECK(marked == !same_tile(sent, now, rect));
        FUZZ_CHECK(!marked || (rect.x >= area.x && rect.x + rect.width <= area.x + area.width &&
                               rect.y >= area.y && rect.y + rect.height <= area.y + area.height));
    }
}

static bool is_right(void *context, pf_rect tile) {
    return fuzz_take_u8(context) % 2 && tile.width > 0;
}

/** What is done to tiles when their pixels are not looked at. */
static void mark_wildly(pf_tiles *tiles, const picture *now, fuzz_input *input) {
    pf_rect rect = take_rect(input, &now->image);
    uint32_t band = rect.y / PF_BAND_ROWS;
    switch (fuzz_take_u8(input) % 5) {
    case 0:
        pf_tiles_assume(tiles, band, rect.x, rect.x + rect.width);
        break;
    case 1:
        pf_tiles_look_beside(tiles, now->image, band, rect.x, rect.x + rect.width);
        break;
    case 2:
        pf_tiles_mark(tiles, rect, PF_TILE_UNREFINED);
        break;
    case 3:
        pf_tiles_judge(tiles, rect, is_right, input);
        break;
    default:
        pf_tiles_look(tiles, now->image, band, false);
    }
    pf_rect area = pf_tiles_area(tiles, 0xff);
    FUZZ_CHECK(area.x + area.width <= tiles->width_px && area.y + area.height <= tiles->height_px);
}

static void write_blocks(const pf_tiles *tiles) {
    uint32_t blocks = (tiles->width_px + 15) / 16 * tiles->band_count;
    uint8_t *constant = malloc(blocks);
    pf_tiles_write_constant(tiles, constant);
    free(constant);
}

static void check_tiles(fuzz_input *input) {
    uint32_t width = fuzz_take_within(input, 1, WIDTH_MAX);
    uint32_t height = fuzz_take_within(input, 1, HEIGHT_MAX), gap = fuzz_take_u8(input) % 3;
    picture now = make_picture(width, height, gap), sent = make_picture(width, height, gap);
    pf_tiles tiles;
    FUZZ_CHECK(pf_tiles_create(&tiles, width, height));
    look_at_all(&tiles, now.image);
    pf_tiles_note_picture(&tiles, true, true);
    for (int step = 0; step < STEP_COUNT_MAX && input->rest > 0; step++) {
        paint(&now, input);
        look_at_all(&tiles, now.image);
        check_marks(&tiles, &sent, &now);
        write_blocks(&tiles);
        pf_tiles_note_picture(&tiles, false, fuzz_take_u8(input) % 2);
        memcpy(sent.pixels, now.pixels, now.size_bytes);
    }
    for (int step = 0; step < STEP_COUNT_MAX && input->rest > 0; step++) {
        mark_wildly(&tiles, &now, input);
    }
    pf_tiles_destroy(&tiles);
    free(now.pixels);
    free(sent.pixels);
}

/** More of the rectangle, in strips of rows, has moved than has not. */
static void check_scroll(const picture *before, const picture *after, const pf_scroll *found) {
    const pf_rect *to = &found->to;
    FUZZ_CHECK(to->width > 0 && to->height >= PF_SCROLL_ROWS_MIN && found->from_y != to->y);
    FUZZ_CHECK(to->x + to->width <= before->image.width_px);
    FUZZ_CHECK(to->y + to->height <= before->image.height_px);
    FUZZ_CHECK(found->from_y + to->height <= before->image.height_px);
    int64_t balance = 0;
    for (uint32_t x = to->x; x < to->x + to->width; x += PF_SCROLL_STRIP_PX) {
        uint32_t rest = to->x + to->width - x;
        for (uint32_t row = 0; row < to->height; row++) {
            balance += same_row(after, to->y + row, before, found->from_y + row, x,
                                rest < PF_SCROLL_STRIP_PX ? rest : PF_SCROLL_STRIP_PX)
                           ? 1
                           : -1;
        }
    }
    FUZZ_CHECK(balance > 0);
}

static void check_scrolls(fuzz_input *input) {
    uint32_t width = fuzz_take_within(input, 1, WIDTH_MAX);
    uint32_t height = fuzz_take_within(input, 1, HEIGHT_MAX), gap = fuzz_take_u8(input) % 3;
    picture before = make_picture(width, height, gap), after = make_picture(width, height, gap);
    pf_scroll_memory memory = {0};
    pf_scroll found = {0};
    bool any = false;
    for (int step = 0; step < STEP_COUNT_MAX && input->rest > 0; step++) {
        paint(&after, input);
        memcpy(before.pixels, after.pixels, after.size_bytes);
        move_rows(&after, input);
        if (fuzz_take_u8(input) % 2) {
            paint(&after, input);
        }
        if (any) {
            pf_scroll_again(before.image, after.image, &found);
        }
        pf_scroll next;
        if (pf_scroll_find(before.image, after.image, &memory, &next)) {
            check_scroll(&before, &after, &next);
            found = next;
            any = true;
        }
    }
    pf_scroll_memory_free(&memory);
    free(before.pixels);
    free(after.pixels);
}

static void run(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input input = {bytes, size_bytes};
    switch (fuzz_take_u8(&input) % 4) {
    case 0:
        check_layout(&input);
        break;
    case 1:
        check_tiles(&input);
        break;
    default:
        check_scrolls(&input);
    }
}

const fuzz_target fuzz_damage_target = {"damage", run, NULL};
