/* SPDX-License-Identifier: MPL-2.0 */
#include "painter.h"

static int32_t least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static int32_t most(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static rect between(int32_t left, int32_t top, int32_t right, int32_t bottom) {
    return (rect){(int16_t)left, (int16_t)top, (uint16_t)(right - left), (uint16_t)(bottom - top)};
}

rect rect_of_screen(const screen *s) {
    return (rect){0, 0, s->width, s->height};
}

rect rect_union(rect a, rect b) {
    return between(least(a.x, b.x), least(a.y, b.y), most(a.x + a.width, b.x + b.width),
                   most(a.y + a.height, b.y + b.height));
}

rect rect_clip(const screen *s, rect area) {
    return between(most(area.x, 0), most(area.y, 0), least(area.x + area.width, s->width),
                   least(area.y + area.height, s->height));
}

rect rect_within(const screen *s, rect area) {
    area.width = (uint16_t)least(area.width, s->width);
    area.height = (uint16_t)least(area.height, s->height);
    if (area.x + area.width > s->width) {
        area.x = 0;
    }
    if (area.y + area.height > s->height) {
        area.y = 0;
    }
    return area;
}
