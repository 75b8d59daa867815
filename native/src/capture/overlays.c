/* SPDX-License-Identifier: MPL-2.0 */
/** Where the pointer and the watermark are in the next frame. */
#include <string.h>

#include "capture/frame.h"

static pf_sprite place_watermark(const pf_frame_stage *stage, uint64_t step) {
    if (stage->watermark == NULL || stage->watermark_location == PF_WATERMARK_NONE) {
        return (pf_sprite){0};
    }
    return pf_watermark_place(stage->watermark, stage->watermark_location, stage->format.width_px,
                              stage->plan.height_px, step);
}

static pf_status place_cursor(pf_frame_stage *stage, pf_sprite *overlay, pf_error *error) {
    const pf_source_ops *ops = stage->source->ops;
    pf_source_cursor cursor = {0};
    pf_status status = PF_STATUS_OK;
    if (stage->blend_cursor && ops->read_cursor != NULL) {
        status = ops->read_cursor(stage->source, &cursor, error);
    }
    *overlay = cursor.image;
    return status;
}

static void damage_stripes_under(pf_frame_stage *stage, const pf_sprite *overlay) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_rect part = pf_overlay_part(overlay, stage->format.width_px,
                                       pf_layout_stripe_y(&stage->plan, stripe),
                                       pf_layout_stripe_rows(&stage->plan, stripe));
        if (part.height > 0) {
            pf_stripe_slot *slot = &stage->slots[stripe];
            part.y -= pf_layout_stripe_y(&stage->plan, stripe);
            slot->input.damaged = true;
            pf_tiles_mark(&slot->tiles, part, PF_TILE_CHANGED);
        }
    }
}

static void replace(pf_frame_stage *stage, int index, const pf_sprite *overlay) {
    pf_sprite *present = &stage->overlays[index];
    if (!pf_overlay_same(present, overlay)) {
        damage_stripes_under(stage, present);
        damage_stripes_under(stage, overlay);
    }
    *present = *overlay;
}

pf_status pf_overlays_update(pf_frame_stage *stage, pf_error *error) {
    stage->overlays_changed = false;
    memcpy(stage->overlays_before, stage->overlays, sizeof stage->overlays);
    pf_sprite watermark = place_watermark(stage, stage->watermark_step++);
    replace(stage, PF_OVERLAY_WATERMARK, &watermark);
    pf_sprite cursor;
    pf_status status = place_cursor(stage, &cursor, error);
    replace(stage, PF_OVERLAY_CURSOR, &cursor);
    return status;
}

pf_status pf_overlays_look(pf_frame_stage *stage, pf_sprite overlays[PF_OVERLAY_COUNT],
                           pf_error *error) {
    uint64_t shown_step = stage->watermark_step > 0 ? stage->watermark_step - 1 : 0;
    overlays[PF_OVERLAY_WATERMARK] = place_watermark(stage, shown_step);
    pf_status status = place_cursor(stage, &overlays[PF_OVERLAY_CURSOR], error);
    /* The source has told of the pointer now, and will not do so again. */
    stage->overlays_changed |=
        !pf_overlay_same(&overlays[PF_OVERLAY_CURSOR], &stage->overlays[PF_OVERLAY_CURSOR]);
    return status;
}
