/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/change_log.h"

#include "base/clock.h"
#include "capture/frame.h"
#include "damage/hash.h"

/* How often a capture that is held back looks for those who only hold a token. */
#define KEEP_INTERVAL_NS (PF_NS_PER_S / 10)

void pf_change_log_init(pf_change_log *log, pf_outbox *outbox) {
    *log = (pf_change_log){.outbox = outbox};
    pthread_mutex_init(&log->lock, NULL);
}

void pf_change_log_deinit(pf_change_log *log) {
    pf_change_map_destroy(&log->map);
    pthread_mutex_destroy(&log->lock);
}

bool pf_change_log_watch(pf_change_log *log, uint32_t watch) {
    pthread_mutex_lock(&log->lock);
    bool more = watch > log->watch;
    log->watch = watch;
    pthread_mutex_unlock(&log->lock);
    return more;
}

void pf_change_log_want_look(pf_change_log *log, uint64_t *looked_us) {
    pthread_mutex_lock(&log->lock);
    /* A look that began within the same microsecond may be older. */
    log->wanted_us = pf_clock_now_ns() / PF_NS_PER_US + 1;
    *looked_us = log->wanted_us;
    pthread_mutex_unlock(&log->lock);
}

static bool find_region(const pf_change_map *map, const pf_change_query *query, pf_rect *region) {
    *region = (pf_rect){query->x, query->y, query->width, query->height};
    region->width = query->width == 0 ? map->width_px - query->x : query->width;
    region->height = query->height == 0 ? map->height_px - query->y : query->height;
    return query->x < map->width_px && query->y < map->height_px &&
           region->width <= map->width_px - query->x && region->height <= map->height_px - query->y;
}

static pf_status read_map(const pf_change_log *log, const pf_change_query *query,
                          const pf_rect *ignored, pf_change_map_reading *reading) {
    pf_rect region;
    *reading = (pf_change_map_reading){0};
    if (log->map.tiles == NULL) {
        return PF_STATUS_OK;
    }
    if (!find_region(&log->map, query, &region)) {
        return PF_STATUS_REGION_OFF_SCREEN;
    }
    pf_change_map_query asked = {.region = region,
                                 .ignored = ignored,
                                 .ignored_count = query->ignored_count,
                                 .since_us = query->since_us};
    pf_change_map_read(&log->map, &asked, reading);
    return PF_STATUS_OK;
}

pf_status pf_change_log_read(pf_change_log *log, const pf_change_query *query,
                             const pf_rectangle *ignored, pf_rectangle *rectangles,
                             pf_changes *changes) {
    pf_rect rects[PF_CHANGE_RECTANGLE_COUNT_MAX];
    for (uint32_t index = 0; index < query->ignored_count; index++) {
        const pf_rectangle *from = &ignored[index];
        rects[index] = (pf_rect){from->x, from->y, from->width, from->height};
    }
    pf_change_map_reading reading;
    pf_outbox_note_changes_read(log->outbox);
    pthread_mutex_lock(&log->lock);
    pf_status status = read_map(log, query, rects, &reading);
    *changes = (pf_changes){.size_bytes = sizeof *changes,
                            .rectangle_count = reading.rect_count,
                            .token_us = log->map.changed_us,
                            .changed_us = reading.changed_us,
                            .looked_us = log->looked_us,
                            .frame_id = reading.frame_id,
                            .width = log->map.width_px,
                            .height = log->map.height_px};
    pthread_mutex_unlock(&log->lock);
    for (uint32_t index = 0; index < reading.rect_count; index++) {
        const pf_rect *from = &reading.rects[index];
        rectangles[index] = (pf_rectangle){from->x, from->y, from->width, from->height};
    }
    return status;
}

bool pf_change_log_set_size(pf_change_log *log, uint32_t width_px, uint32_t height_px, bool other,
                            uint32_t frame_id) {
    pf_change_map *map = &log->map;
    pthread_mutex_lock(&log->lock);
    bool same = map->tiles != NULL && map->width_px == width_px && map->height_px == height_px;
    bool ready = same || pf_change_map_resize(map, width_px, height_px);
    bool forget = ready && (!same || other);
    if (forget) {
        pf_change_map_stamp(map, pf_clock_now_ns() / PF_NS_PER_US, frame_id);
        pf_change_map_forget(map);
    }
    bool tell = forget && log->watch == PF_WATCH_TELL;
    pthread_mutex_unlock(&log->lock);
    if (tell) {
        pf_outbox_tell_changes(log->outbox);
    }
    return ready;
}

bool pf_change_log_wants_look(pf_change_log *log) {
    pthread_mutex_lock(&log->lock);
    bool wanted = log->wanted_us > log->looked_us;
    pthread_mutex_unlock(&log->lock);
    return wanted;
}

void pf_change_log_note_look(pf_change_log *log, uint64_t looked_us) {
    pthread_mutex_lock(&log->lock);
    log->looked_us = looked_us;
    pthread_mutex_unlock(&log->lock);
    pf_outbox_tell_changes(log->outbox);
}

uint64_t pf_change_log_interval_ns(pf_change_log *log, uint64_t frame_interval_ns) {
    pthread_mutex_lock(&log->lock);
    uint32_t watch = log->watch;
    pthread_mutex_unlock(&log->lock);
    if (watch == PF_WATCH_NOTHING) {
        return 0;
    }
    bool seldom = watch == PF_WATCH_KEEP && frame_interval_ns < KEEP_INTERVAL_NS;
    return seldom ? KEEP_INTERVAL_NS : frame_interval_ns;
}

/** Looks at columns of a band of the frame. Under the lock, as what follows. */
static void look(pf_change_map *map, pf_image frame, uint32_t band, pf_band_range columns,
                 bool damaged, bool assumed_only) {
    uint64_t hashes[PF_HASH_TILES_MAX];
    uint32_t x = columns.first * PF_TILE_WIDTH_PX, y = band * PF_BAND_ROWS;
    uint32_t right = columns.end * PF_TILE_WIDTH_PX, bottom = y + PF_BAND_ROWS;
    right = right < map->width_px ? right : map->width_px;
    bottom = bottom < map->height_px ? bottom : map->height_px;
    if (columns.first >= columns.end) {
        return;
    }
    pf_hash_tiles(pf_image_part(frame, (pf_rect){x, y, right - x, bottom - y}), PF_TILE_WIDTH_PX,
                  hashes);
    for (uint32_t column = columns.first; column < columns.end; column++) {
        size_t tile = (size_t)band * map->column_count + column;
        if (!assumed_only || map->tiles[tile].state == PF_CHANGE_TILE_ASSUMED) {
            pf_change_map_note(map, tile, hashes[column - columns.first], damaged);
        }
    }
}

static bool any_assumed(const pf_change_map *map, uint32_t band) {
    const pf_change_tile *tiles = map->tiles + (size_t)band * map->column_count;
    for (uint32_t column = 0; column < map->column_count; column++) {
        if (tiles[column].state == PF_CHANGE_TILE_ASSUMED) {
            return true;
        }
    }
    return false;
}

static bool is_exact(const pf_change_log *log) {
    return log->watch >= PF_WATCH_EXACT;
}

void pf_change_log_settle(pf_frame_stage *stage) {
    pf_change_log *log = stage->changes;
    pf_change_map *map = &log->map;
    pthread_mutex_lock(&log->lock);
    bool settle = is_exact(log) && map->any_assumed;
    for (uint32_t band = 0; settle && band < map->band_count; band++) {
        if (any_assumed(map, band)) {
            look(map, stage->source->frame, band, (pf_band_range){0, map->column_count}, false,
                 true);
        }
    }
    map->any_assumed = map->any_assumed && !settle;
    pthread_mutex_unlock(&log->lock);
}

static pf_band_range damaged_columns(const pf_frame_stage *stage, uint32_t band) {
    return pf_bands_has(&stage->damage.bands, band)
               ? pf_change_map_columns(stage->damage.left_px[band], stage->damage.right_px[band])
               : (pf_band_range){0, 0};
}

/** Believes the damage of a band where a stripe has not looked. */
static void assume_unseen(pf_change_map *map, const uint8_t *flags, uint32_t band,
                          pf_band_range damaged) {
    uint32_t column = damaged.first;
    while (column < damaged.end) {
        pf_band_range run = {column, column};
        while (run.end < damaged.end && flags[run.end] & PF_TILE_UNSEEN) {
            run.end++;
        }
        pf_change_map_assume(map, band, run);
        column = run.end + 1;
    }
}

/** Takes a band over from a stripe that has looked at it. */
static void take_over(pf_change_map *map, const pf_tiles *tiles, uint32_t first_band, uint32_t band,
                      pf_band_range damaged) {
    size_t first = (size_t)band * map->column_count;
    size_t first_of_stripe = (size_t)(band - first_band) * map->column_count;
    const uint64_t *hashes = tiles->hashes + first_of_stripe;
    const uint8_t *flags = tiles->flags + first_of_stripe;
    for (uint32_t column = 0; column < map->column_count; column++) {
        if (!(flags[column] & PF_TILE_UNSEEN)) {
            bool in_damage = column >= damaged.first && column < damaged.end;
            pf_change_map_note(map, first + column, hashes[column], in_damage);
        }
    }
    if (tiles->any_unseen) {
        assume_unseen(map, flags, band, damaged);
    }
}

static void note_band(pf_frame_stage *stage, uint32_t stripe, uint32_t band, bool take) {
    pf_change_log *log = stage->changes;
    uint32_t first_band = pf_layout_stripe_bands(&stage->plan, stripe).first;
    pf_band_range damaged = damaged_columns(stage, band);
    if (take) {
        take_over(&log->map, &stage->slots[stripe].tiles, first_band, band, damaged);
    } else if (is_exact(log)) {
        look(&log->map, stage->source->frame, band, (pf_band_range){0, log->map.column_count}, true,
             false);
    } else {
        pf_change_map_assume(&log->map, band, damaged);
    }
}

static void note_stripe(pf_frame_stage *stage, uint32_t stripe) {
    pf_change_log *log = stage->changes;
    pf_stripe_slot *slot = &stage->slots[stripe];
    bool complete = slot->looked && !slot->tiles.any_unseen;
    bool same = complete && slot->noted && slot->digest == slot->noted_digest;
    if (same && !log->ahead && !log->map.any_assumed) {
        return;
    }
    bool take = slot->looked && (complete || !is_exact(log));
    pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
    for (uint32_t band = bands.first; band < bands.end; band++) {
        if (pf_bands_has(&stage->grabbed, band)) {
            note_band(stage, stripe, band, take);
        }
    }
    slot->noted = complete;
    slot->noted_digest = slot->digest;
}

/** Tells of a change noted since `before_us`, where that is wanted. */
static void end_note(pf_change_log *log, uint64_t before_us) {
    bool tell = log->watch == PF_WATCH_TELL && log->map.changed_us > before_us;
    pthread_mutex_unlock(&log->lock);
    if (tell) {
        pf_outbox_tell_changes(log->outbox);
    }
}

static uint64_t begin_note(pf_frame_stage *stage, uint64_t now_ns) {
    pf_change_log *log = stage->changes;
    pthread_mutex_lock(&log->lock);
    uint64_t before_us = log->map.changed_us;
    pf_change_map_stamp(&log->map, now_ns / PF_NS_PER_US, stage->frame_id);
    return before_us;
}

void pf_change_log_note_frame(pf_frame_stage *stage, uint64_t now_ns) {
    uint64_t before_us = begin_note(stage, now_ns);
    for (uint32_t job = 0; job < stage->job_count; job++) {
        note_stripe(stage, stage->jobs[job]);
    }
    stage->changes->ahead = false;
    end_note(stage->changes, before_us);
}

void pf_change_log_note_catch_up(pf_frame_stage *stage, uint64_t now_ns) {
    pf_change_map *map = &stage->changes->map;
    uint64_t before_us = begin_note(stage, now_ns);
    for (uint32_t band = 0; band < map->band_count; band++) {
        look(map, stage->source->frame, band, damaged_columns(stage, band), true, false);
    }
    stage->changes->ahead = true;
    end_note(stage->changes, before_us);
}
