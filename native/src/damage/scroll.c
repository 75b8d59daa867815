/* SPDX-License-Identifier: MPL-2.0 */
#include "damage/scroll.h"

#include <string.h>

#include "base/memory.h"
#include "damage/hash.h"

/* An entry of the table below: the index of a row of the earlier image + 1, and
 * whether there are others of the same hash. */
#define EMPTY 0u
#define SEVERAL 0x80000000u
#define ROW_OF(entry) (((entry) & ~SEVERAL) - 1)

/* pf_scroll_again looks at every so many-th row; odd, so that lines of text are not
 * always cut at the same height. */
#define SAMPLE_STEP 13u

typedef struct search {
    pf_image before;
    pf_image after;
    uint32_t rows;
    uint32_t strip_count;
    /** Hashes of rows, [strip][row]. */
    uint64_t *hashes_before;
    uint64_t *hashes_after;
    /** Rows of the earlier image by their hash; a power of two of them. */
    uint32_t *table;
    uint32_t table_size;
    /** Rows that speak for a shift by index - rows. */
    uint32_t *votes;
} search;

static uint32_t table_size_for(uint32_t rows) {
    uint32_t size = 16;
    while (size < rows * 2) {
        size *= 2;
    }
    return size;
}

static bool reserve(pf_scroll_memory *memory, size_t size_bytes) {
    if (memory->size_bytes < size_bytes) {
        pf_scroll_memory_free(memory);
        memory->bytes = pf_alloc(1, size_bytes);
        memory->size_bytes = memory->bytes == NULL ? 0 : size_bytes;
    }
    return memory->size_bytes >= size_bytes;
}

static bool begin(search *self, pf_image before, pf_image after, pf_scroll_memory *memory) {
    uint32_t rows = before.height_px;
    uint32_t strips = (before.width_px + PF_SCROLL_STRIP_PX - 1) / PF_SCROLL_STRIP_PX;
    *self = (search){.before = before,
                     .after = after,
                     .rows = rows,
                     .strip_count = strips,
                     .table_size = table_size_for(rows)};
    size_t hash_count = (size_t)rows * strips;
    size_t word_count = self->table_size + 2 * (size_t)rows;
    if (!reserve(memory, 2 * hash_count * sizeof(uint64_t) + word_count * sizeof(uint32_t))) {
        return false;
    }
    self->hashes_before = memory->bytes;
    self->hashes_after = self->hashes_before + hash_count;
    self->table = (uint32_t *)(self->hashes_after + hash_count);
    self->votes = self->table + self->table_size;
    memset(self->votes, 0, 2 * (size_t)rows * sizeof *self->votes);
    return true;
}

static void hash_rows(const search *self, pf_image image, uint64_t *hashes) {
    uint64_t of_row[PF_HASH_TILES_MAX];
    for (uint32_t y = 0; y < self->rows; y++) {
        pf_hash_tiles(pf_image_rows(image, y, 1), PF_SCROLL_STRIP_PX, of_row);
        for (uint32_t strip = 0; strip < self->strip_count; strip++) {
            hashes[(size_t)strip * self->rows + y] = of_row[strip];
        }
    }
}

/** The place in the table where rows of this hash are, or would be. */
static uint32_t *find_slot(const search *self, const uint64_t *hashes, uint64_t hash) {
    uint32_t mask = self->table_size - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (self->table[at] != EMPTY && hashes[ROW_OF(self->table[at])] != hash) {
        at = (at + 1) & mask;
    }
    return &self->table[at];
}

/** A row that occurs once in the earlier image, and is found in the later one,
 * speaks for a shift. Those that occur again and again, empty ones above all,
 * say nothing. */
static void vote(search *self, uint32_t strip) {
    const uint64_t *before = self->hashes_before + (size_t)strip * self->rows;
    const uint64_t *after = self->hashes_after + (size_t)strip * self->rows;
    memset(self->table, 0, self->table_size * sizeof *self->table);
    for (uint32_t y = 0; y < self->rows; y++) {
        uint32_t *slot = find_slot(self, before, before[y]);
        *slot = *slot == EMPTY ? y + 1 : *slot | SEVERAL;
    }
    for (uint32_t y = 0; y < self->rows; y++) {
        uint32_t *slot = find_slot(self, before, after[y]);
        if (*slot != EMPTY && !(*slot & SEVERAL)) {
            self->votes[y + self->rows - ROW_OF(*slot)]++;
        }
    }
}

/** The shift that most rows speak for, in rows; 0 where none does. */
static int32_t elect(const search *self) {
    uint32_t best = self->rows;
    for (uint32_t index = 1; index < 2 * self->rows; index++) {
        bool better =
            index != self->rows &&
            (best == self->rows ? self->votes[index] > 0 : self->votes[index] > self->votes[best]);
        best = better ? index : best;
    }
    return (int32_t)best - (int32_t)self->rows;
}

static bool row_moved(const search *self, uint32_t strip, uint32_t y, int32_t shift) {
    int64_t from = (int64_t)y - shift;
    size_t first = (size_t)strip * self->rows;
    return from >= 0 && from < self->rows &&
           self->hashes_after[first + y] == self->hashes_before[first + (size_t)from];
}

typedef struct range {
    uint32_t first;
    uint32_t end;
} range;

/** The run of neighbours with the largest sum, found by Kadane's algorithm as the
 * values come; of no length while none is above 0. */
typedef struct best_run {
    range best;
    int64_t best_sum;
    uint32_t first;
    int64_t sum;
} best_run;

static void add_value(best_run *run, uint32_t index, int64_t value) {
    if (run->sum <= 0) {
        run->sum = 0;
        run->first = index;
    }
    run->sum += value;
    if (run->sum > run->best_sum) {
        run->best_sum = run->sum;
        run->best = (range){run->first, index + 1};
    }
}

/** One for each part of the rows and strips that has moved, less one for each
 * that has not. */
static int64_t balance(const search *self, range strips, range rows, int32_t shift) {
    int64_t sum = 0;
    for (uint32_t strip = strips.first; strip < strips.end; strip++) {
        for (uint32_t y = rows.first; y < rows.end; y++) {
            sum += row_moved(self, strip, y, shift) ? 1 : -1;
        }
    }
    return sum;
}

static range best_rows(const search *self, range strips, int32_t shift) {
    best_run run = {0};
    for (uint32_t y = 0; y < self->rows; y++) {
        add_value(&run, y, balance(self, strips, (range){y, y + 1}, shift));
    }
    return run.best;
}

static range best_strips(const search *self, range rows, int32_t shift) {
    best_run run = {0};
    for (uint32_t strip = 0; strip < self->strip_count; strip++) {
        add_value(&run, strip, balance(self, (range){strip, strip + 1}, rows, shift));
    }
    return run.best;
}

/** The strip of which most rows have moved. */
static uint32_t clearest_strip(const search *self, int32_t shift) {
    uint32_t best = 0;
    int64_t best_balance = INT64_MIN;
    for (uint32_t strip = 0; strip < self->strip_count; strip++) {
        int64_t sum = balance(self, (range){strip, strip + 1}, (range){0, self->rows}, shift);
        best = sum > best_balance ? strip : best;
        best_balance = sum > best_balance ? sum : best_balance;
    }
    return best;
}

/** Cuts rows off that would come from outside of the image. */
static range with_source(const search *self, range rows, int32_t shift) {
    int64_t first = shift > 0 ? shift : 0;
    int64_t end = (int64_t)self->rows + (shift < 0 ? shift : 0);
    rows.first = rows.first > first ? rows.first : (uint32_t)first;
    rows.end = rows.end < end ? rows.end : (uint32_t)end;
    return rows.end > rows.first ? rows : (range){0, 0};
}

bool pf_scroll_find(pf_image before, pf_image after, pf_scroll_memory *memory, pf_scroll *scroll) {
    search self;
    if (before.height_px < PF_SCROLL_ROWS_MIN || !begin(&self, before, after, memory)) {
        return false;
    }
    hash_rows(&self, before, self.hashes_before);
    hash_rows(&self, after, self.hashes_after);
    for (uint32_t strip = 0; strip < self.strip_count; strip++) {
        vote(&self, strip);
    }
    int32_t shift = elect(&self);
    if (shift == 0) {
        return false;
    }
    uint32_t clearest = clearest_strip(&self, shift);
    range rows = best_rows(&self, (range){clearest, clearest + 1}, shift);
    range strips = best_strips(&self, rows, shift);
    rows = with_source(&self, best_rows(&self, strips, shift), shift);
    if (rows.end - rows.first < PF_SCROLL_ROWS_MIN) {
        return false;
    }
    uint32_t x = strips.first * PF_SCROLL_STRIP_PX, end = strips.end * PF_SCROLL_STRIP_PX;
    end = end < before.width_px ? end : before.width_px;
    *scroll = (pf_scroll){.to = {x, rows.first, end - x, rows.end - rows.first},
                          .from_y = (uint32_t)((int32_t)rows.first - shift)};
    return true;
}

static bool same_row(pf_image a, uint32_t y_a, pf_image b, uint32_t y_b, const pf_rect *columns) {
    pf_rect part_a = {columns->x, y_a, columns->width, 1}, part_b = part_a;
    part_b.y = y_b;
    return memcmp(pf_image_part(a, part_a).pixels, pf_image_part(b, part_b).pixels,
                  (size_t)columns->width * PF_BYTES_PER_PIXEL) == 0;
}

bool pf_scroll_again(pf_image before, pf_image after, const pf_scroll *last) {
    const pf_rect *to = &last->to;
    uint32_t sample_count = 0, still_count = 0, moved_count = 0;
    for (uint32_t row = 0; row < to->height; row += SAMPLE_STEP, sample_count++) {
        still_count += same_row(after, to->y + row, before, to->y + row, to);
        moved_count += same_row(after, to->y + row, before, last->from_y + row, to);
    }
    return moved_count * 8 >= sample_count * 7 && still_count * 4 <= sample_count * 3;
}

void pf_scroll_memory_free(pf_scroll_memory *memory) {
    pf_free(memory->bytes);
    *memory = (pf_scroll_memory){0};
}
