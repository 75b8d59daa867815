/* SPDX-License-Identifier: MPL-2.0 */
/**
 * What the region is a part of, and where that is: the screen, which is always at
 * 0,0 of the root window, a monitor, or a window.
 */
#include "source/x11.h"

#include <stdio.h>
#include <string.h>

void pf_x11_place_target(x11_source *self, const x11_place *place) {
    x11_target *target = &self->target;
    bool same = target->shown && place->drawable == target->drawable &&
                place->drawable_width == target->drawable_width &&
                place->drawable_height == target->drawable_height && place->x == target->x &&
                place->y == target->y && place->width == self->base.screen_width &&
                place->height == self->base.screen_height;
    if (same) {
        return;
    }
    target->drawable = place->drawable;
    target->drawable_width = place->drawable_width;
    target->drawable_height = place->drawable_height;
    target->x = place->x;
    target->y = place->y;
    target->shown = true;
    self->base.screen_width = place->width;
    self->base.screen_height = place->height;
    self->screen_resized = true;
}

static void place_screen(x11_source *self) {
    pf_x11_place_target(self, &(x11_place){.drawable = self->root,
                                           .drawable_width = self->root_width,
                                           .drawable_height = self->root_height,
                                           .width = self->root_width,
                                           .height = self->root_height});
}

pf_status pf_x11_choose_target(x11_source *self, const pf_source_request *request,
                               pf_error *error) {
    x11_target *target = &self->target;
    if (request->window != XCB_NONE && request->window != self->root) {
        target->window = request->window;
        return pf_x11_choose_window(self, error);
    }
    if (request->monitor[0] != '\0') {
        snprintf(target->monitor, sizeof target->monitor, "%s", request->monitor);
        return pf_x11_choose_monitor(self, error);
    }
    return PF_STATUS_OK;
}

pf_status pf_x11_find_target(x11_source *self, bool may_be_missing, pf_error *error) {
    self->target.look_pending = false;
    if (self->target.window != XCB_NONE) {
        return pf_x11_find_window(self, error);
    }
    if (self->target.monitor[0] != '\0') {
        return pf_x11_find_monitor(self, may_be_missing, error);
    }
    place_screen(self);
    return PF_STATUS_OK;
}

static pf_status look(x11_source *self, pf_error *error) {
    if (self->target.window != XCB_NONE) {
        return pf_x11_look_at_window(self, error);
    }
    if (self->target.monitor[0] != '\0') {
        return pf_x11_look_at_monitor(self, error);
    }
    place_screen(self);
    return PF_STATUS_OK;
}

pf_status pf_x11_follow_target(x11_source *self, pf_error *error) {
    if (!self->target.look_pending) {
        return PF_STATUS_OK;
    }
    self->target.look_pending = false;
    pf_status status = look(self, error);
    /* What came with the answers has been read: it makes the descriptor readable no
     * more. What it says of the target is looked at behind the next frame, so that
     * there has to be one. */
    pf_x11_take_queued_events(self);
    self->screen_resized |= self->target.look_pending;
    return status;
}

bool pf_x11_take_target_event(x11_source *self, const xcb_generic_event_t *event) {
    uint8_t type = event->response_type & 0x7f;
    if (self->target.window != XCB_NONE) {
        return pf_x11_take_window_event(self, event);
    }
    bool of_monitors =
        self->randr_event != 0 && (type == self->randr_event + XCB_RANDR_SCREEN_CHANGE_NOTIFY ||
                                   type == self->randr_event + XCB_RANDR_NOTIFY);
    self->target.look_pending |= of_monitors;
    return of_monitors;
}

/** DAMAGE on a window counts from the window, without its border. */
int32_t pf_x11_damage_x(const x11_source *self) {
    return self->target.redirected ? 0 : self->target.x;
}

int32_t pf_x11_damage_y(const x11_source *self) {
    return self->target.redirected ? 0 : self->target.y;
}

/** The part of a side of the region that has pixels: within the target, and within
 * what the target is read from. */
static void clip(int64_t region, int64_t side, int64_t target_side, int64_t origin,
                 int64_t drawable_side, uint32_t *first, uint32_t *count) {
    int64_t begin = -(origin + region), end = target_side - region;
    int64_t drawable_end = drawable_side - origin - region;
    begin = begin > 0 ? begin : 0;
    end = end < side ? end : side;
    end = end < drawable_end ? end : drawable_end;
    *first = (uint32_t)(begin < side ? begin : 0);
    *count = (uint32_t)(end > begin ? end - begin : 0);
}

pf_rect pf_x11_visible_part(const x11_source *self) {
    const x11_target *target = &self->target;
    pf_rect visible = {0};
    if (target->shown) {
        clip(self->region.x, self->region.width, self->base.screen_width, target->x,
             target->drawable_width, &visible.x, &visible.width);
        clip(self->region.y, self->region.height, self->base.screen_height, target->y,
             target->drawable_height, &visible.y, &visible.height);
    }
    return visible;
}
