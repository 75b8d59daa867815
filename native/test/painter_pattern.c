/* SPDX-License-Identifier: MPL-2.0 */
#include "painter.h"

#include <math.h>
#include <string.h>

static uint64_t mix(uint64_t value) {
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static uint32_t rgb_of(uint32_t red, uint32_t green, uint32_t blue) {
    return red << 16 | green << 8 | blue;
}

/* The eight corners of the RGB cube, mid-tones, and a ramp of grey steps, each
 * a flat area: what a decoder shows of them tells matrix and range. */
static void draw_bars(uint64_t seed, uint16_t width, uint16_t height, uint32_t *pixels) {
    static const uint32_t corners[8] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00,
                                        0xff00ff, 0xff0000, 0x0000ff, 0x000000};
    static const uint32_t middle[8] = {0x808080, 0xc08040, 0x4080c0, 0x80c040,
                                       0xa05078, 0x804020, 0x204080, 0x303030};
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t bar = (x * 8 / width + (uint32_t)seed) % 8;
            uint32_t grey = x * 16 / width * 17;
            uint32_t *pixel = &pixels[(size_t)y * width + x];
            if (y * 3 < height) {
                *pixel = corners[bar];
            } else {
                *pixel = y * 3 < height * 2u ? middle[bar] : rgb_of(grey, grey, grey);
            }
        }
    }
}

static void draw_gradient(uint64_t seed, uint16_t width, uint16_t height, uint32_t *pixels) {
    uint32_t shift = (uint32_t)mix(seed) & 255;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t diagonal = (x * 128 / width + y * 127 / height + shift) % 511;
            pixels[(size_t)y * width + x] = rgb_of(x * 255 / width, y * 255 / height,
                                                   diagonal > 255 ? 510 - diagonal : diagonal);
        }
    }
}

/* Rows of 6x16 cells, each a random 5x9 glyph or, one time in six, a space. */
static void draw_text(uint64_t seed, uint16_t width, uint16_t height, uint32_t *pixels) {
    static const uint32_t inks[4] = {0x101010, 0x101010, 0x1030a0, 0xa02020};
    for (uint32_t y = 0; y < height; y++) {
        uint64_t line = mix(seed * 1000003 + y / 16);
        uint32_t line_cells = 20 + (uint32_t)(line % (width / 6 + 1));
        uint32_t glyph_row = y % 16 - 4;
        for (uint32_t x = 0; x < width; x++) {
            uint32_t cell = x / 6;
            uint64_t glyph = mix(line + cell);
            bool blank = cell >= line_cells || glyph_row >= 9 || x % 6 == 5 || glyph % 6 == 0;
            /* Two random bits: a quarter of the pixels is ink, about as in print. */
            uint32_t bit = 8 + glyph_row * 5 + x % 6;
            bool ink = !blank && (glyph >> bit & mix(glyph) >> bit & 1);
            pixels[(size_t)y * width + x] = ink ? inks[mix(line + cell / 9) & 3] : 0xf8f8f4;
        }
    }
}

/* One octave of value noise, 0...255 at the lattice points, smooth between. */
static uint32_t noise_at(uint64_t seed, uint32_t x, uint32_t y, uint32_t step_shift) {
    uint32_t mask = (1u << step_shift) - 1;
    uint64_t column = x >> step_shift, row = y >> step_shift;
    uint32_t fx = x & mask, fy = y & mask, step = mask + 1;
    uint32_t corner[4];
    for (uint32_t i = 0; i < 4; i++) {
        corner[i] = mix(seed ^ ((column + (i & 1)) << 32 | (row + (i >> 1)))) & 255;
    }
    uint32_t top = corner[0] * (step - fx) + corner[1] * fx;
    uint32_t bottom = corner[2] * (step - fx) + corner[3] * fx;
    return (top * (step - fy) + bottom * fy) >> (2 * step_shift);
}

static void draw_photo(uint64_t seed, uint16_t width, uint16_t height, uint32_t *pixels) {
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t light = (noise_at(seed, x, y, 7) * 4 + noise_at(seed + 1, x, y, 5) * 2 +
                              noise_at(seed + 2, x, y, 3)) /
                             7;
            uint32_t warm = noise_at(seed + 3, x, y, 8);
            uint32_t cool = noise_at(seed + 4, x, y, 8);
            pixels[(size_t)y * width + x] =
                rgb_of((light * 2 + warm) / 3, (light * 3 + cool) / 4, (light + cool) / 2);
        }
    }
}

bool pattern_draw(const char *name, uint64_t seed, uint16_t width, uint16_t height,
                  uint32_t *pixels) {
    static const struct {
        const char *name;
        void (*draw)(uint64_t, uint16_t, uint16_t, uint32_t *);
    } patterns[] = {{"bars", draw_bars},
                    {"gradient", draw_gradient},
                    {"text", draw_text},
                    {"photo", draw_photo}};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (strcmp(name, patterns[i].name) == 0) {
            patterns[i].draw(seed, width, height, pixels);
            return true;
        }
    }
    return false;
}

static uint32_t wrap(int32_t value, uint32_t size) {
    int32_t rest = value % (int32_t)size;
    return (uint32_t)(rest < 0 ? rest + (int32_t)size : rest);
}

/* The photo, bent by a travelling wave (at most 3 px a frame for 24 frames),
 * with a grain of one level: every pixel moves, no block stays as it was. */
void pattern_video(const uint32_t *photo, uint64_t seed, uint16_t width, uint16_t height,
                   uint32_t index, uint32_t count, uint32_t *pixels) {
    const double turn = 6.283185307179586;
    const double amplitude_px = 12, wave_px = 700;
    double phase = (double)index / count;
    for (uint32_t y = 0; y < height; y++) {
        int32_t dx = (int32_t)lround(amplitude_px * sin(turn * (phase + y / wave_px)));
        int32_t dy_row = (int32_t)lround(amplitude_px * cos(turn * phase));
        const uint32_t *from = photo + (size_t)wrap((int32_t)y + dy_row, height) * width;
        uint64_t grain = mix(seed ^ ((uint64_t)index << 32 | y));
        for (uint32_t x = 0; x < width; x++) {
            if ((x & 63) == 0) {
                grain = mix(grain);
            }
            uint32_t lift = (grain >> (x & 63) & 1) * 0x010101u;
            pixels[(size_t)y * width + x] = (from[wrap((int32_t)x + dx, width)] & 0xfefefeu) | lift;
        }
    }
}
