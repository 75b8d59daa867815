/* SPDX-License-Identifier: MPL-2.0 */
#include "painter.h"

/* 16 bits of counter and 8 check bits, most significant first, black or white. */
#define CODE_CELL_PX 8
#define CODE_COLUMNS 12
#define CODE_BITS 24
_Static_assert(CODE_WIDTH_PX == CODE_CELL_PX * CODE_COLUMNS, "CODE_WIDTH_PX");
_Static_assert(CODE_HEIGHT_PX == CODE_CELL_PX * CODE_BITS / CODE_COLUMNS, "CODE_HEIGHT_PX");

static uint32_t code_of(uint32_t counter) {
    uint32_t low = counter & 0xffff;
    uint32_t check = (low * 0x9e3779b1u) >> 24;
    return low << 8 | check;
}

void code_draw(screen *s, xcb_drawable_t target, int16_t x, int16_t y, uint32_t counter) {
    uint32_t code = code_of(counter);
    screen_fill(s, target, (rect){x, y, CODE_WIDTH_PX, CODE_HEIGHT_PX}, 0x000000);
    xcb_rectangle_t ones[CODE_BITS];
    uint32_t count = 0;
    for (uint32_t bit = 0; bit < CODE_BITS; bit++) {
        if (code >> (CODE_BITS - 1 - bit) & 1) {
            ones[count++] = (xcb_rectangle_t){(int16_t)(x + bit % CODE_COLUMNS * CODE_CELL_PX),
                                              (int16_t)(y + bit / CODE_COLUMNS * CODE_CELL_PX),
                                              CODE_CELL_PX, CODE_CELL_PX};
        }
    }
    const uint32_t white = 0xffffff;
    xcb_change_gc(s->x, s->gc, XCB_GC_FOREGROUND, &white);
    xcb_poly_fill_rectangle(s->x, target, s->gc, count, ones);
}
