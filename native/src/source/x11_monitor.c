/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A monitor of the screen (RandR 1.5, RRGetMonitors). The server tells of a change by
 * events of RandR's own; of monitors that a user has defined it tells by an event of
 * the root window's size alone, be that the same as before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/x11.h"

/* More than the outputs that any server has. */
#define MONITOR_COUNT_MAX 64

/** A word of the settings, not a name. */
#define PRIMARY "primary"

static pf_status announce_randr(x11_source *self, pf_error *error) {
    if (!pf_x11_has_extension(self, &xcb_randr_id)) {
        return PF_STATUS_OK;
    }
    void *answer;
    unsigned int query = xcb_randr_query_version(self->connection, 1, 5).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        const xcb_randr_query_version_reply_t *version = answer;
        bool knows_monitors = version->major_version > 1 || version->minor_version >= 5;
        self->randr_event =
            knows_monitors ? xcb_get_extension_data(self->connection, &xcb_randr_id)->first_event
                           : 0;
    }
    free(answer);
    return status;
}

/** The next monitor of an answer; NULL behind the last that has really come. */
static const xcb_randr_monitor_info_t *next_monitor(const xcb_randr_get_monitors_reply_t *answer,
                                                    size_t *at) {
    size_t total = sizeof *answer + (size_t)answer->length * 4;
    if (*at + sizeof(xcb_randr_monitor_info_t) > total) {
        return NULL;
    }
    const xcb_randr_monitor_info_t *monitor = (const void *)((const uint8_t *)answer + *at);
    *at += sizeof *monitor + monitor->nOutput * sizeof(xcb_randr_output_t);
    return monitor;
}

/** The primary one where `name` is XCB_ATOM_NONE, else the first: servers list that
 * first anyway, where there is one. */
static const xcb_randr_monitor_info_t *choose_monitor(const xcb_randr_get_monitors_reply_t *answer,
                                                      xcb_atom_t name, bool primary) {
    size_t at = sizeof *answer;
    const xcb_randr_monitor_info_t *monitor, *first = NULL, *marked = NULL;
    for (uint32_t count = 0; count < MONITOR_COUNT_MAX; count++) {
        monitor = next_monitor(answer, &at);
        if (monitor == NULL) {
            break;
        }
        if (name != XCB_ATOM_NONE && monitor->name == name) {
            return monitor;
        }
        first = first == NULL ? monitor : first;
        marked = marked == NULL && monitor->primary ? monitor : marked;
    }
    if (!primary) {
        return NULL;
    }
    return marked != NULL ? marked : first;
}

/** Asks for the monitors, and which atom the wanted one's name is. */
static pf_status ask(x11_source *self, xcb_atom_t *name, xcb_randr_get_monitors_reply_t **monitors,
                     pf_error *error) {
    const char *text = self->target.monitor;
    unsigned int atom_query =
        xcb_intern_atom(self->connection, 1, (uint16_t)strlen(text), text).sequence;
    unsigned int query = xcb_randr_get_monitors(self->connection, self->root, 1).sequence;
    void *answer;
    *name = XCB_ATOM_NONE;
    *monitors = NULL;
    pf_status status = pf_x11_reply(self, atom_query, &answer, error);
    if (answer != NULL) {
        *name = ((const xcb_intern_atom_reply_t *)answer)->atom;
    }
    free(answer);
    if (status != PF_STATUS_OK) {
        xcb_discard_reply(self->connection, query);
        return status;
    }
    status = pf_x11_reply(self, query, &answer, error);
    *monitors = answer;
    return status;
}

pf_status pf_x11_look_at_monitor(x11_source *self, pf_error *error) {
    xcb_atom_t name;
    xcb_randr_get_monitors_reply_t *answer = NULL;
    if (self->randr_event != 0) {
        pf_status status = ask(self, &name, &answer, error);
        if (status != PF_STATUS_OK) {
            return status;
        }
    }
    bool primary = strcmp(self->target.monitor, PRIMARY) == 0;
    const xcb_randr_monitor_info_t *monitor =
        answer == NULL ? NULL : choose_monitor(answer, name, primary);
    if (monitor != NULL) {
        pf_x11_place_target(self, &(x11_place){.drawable = self->root,
                                               .drawable_width = self->root_width,
                                               .drawable_height = self->root_height,
                                               .x = monitor->x,
                                               .y = monitor->y,
                                               .width = monitor->width,
                                               .height = monitor->height});
    } else if (self->target.shown) {
        self->target.shown = false;
        self->screen_resized = true;
    }
    free(answer);
    return PF_STATUS_OK;
}

/** Adds a monitor's name to a list in words. */
static pf_status append_name(x11_source *self, xcb_atom_t atom, char *text, size_t size_bytes,
                             pf_error *error) {
    void *answer;
    unsigned int query = xcb_get_atom_name(self->connection, atom).sequence;
    pf_status status = pf_x11_reply(self, query, &answer, error);
    if (answer != NULL) {
        const xcb_get_atom_name_reply_t *name = answer;
        size_t length = (size_t)name->length * 4;
        length = name->name_len < length ? name->name_len : length;
        size_t at = strlen(text);
        snprintf(text + at, size_bytes - at, "%s\"%.*s\"", at > 0 ? ", " : "", (int)length,
                 xcb_get_atom_name_name(name));
    }
    free(answer);
    return status;
}

static void make_printable(char *text) {
    for (; *text != '\0'; text++) {
        *text = *text >= ' ' && *text <= '~' ? *text : '?';
    }
}

/** The names that there are, in words. */
static pf_status list_names(x11_source *self, char *text, size_t size_bytes, pf_error *error) {
    text[0] = '\0';
    xcb_atom_t name;
    xcb_randr_get_monitors_reply_t *answer = NULL;
    pf_status status = self->randr_event != 0 ? ask(self, &name, &answer, error) : PF_STATUS_OK;
    size_t at = sizeof *answer;
    for (uint32_t count = 0; answer != NULL && status == PF_STATUS_OK && count < MONITOR_COUNT_MAX;
         count++) {
        const xcb_randr_monitor_info_t *monitor = next_monitor(answer, &at);
        if (monitor == NULL) {
            break;
        }
        status = append_name(self, monitor->name, text, size_bytes, error);
    }
    free(answer);
    make_printable(text);
    return status;
}

static pf_status refuse_monitor(x11_source *self, pf_error *error) {
    char names[256];
    pf_status status = list_names(self, names, sizeof names, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    if (names[0] == '\0') {
        return pf_error_set(error, PF_STATUS_MONITOR_MISSING,
                            "monitor: the X server knows no monitors%s; leave it out",
                            self->randr_event == 0 ? ", since its RandR is older than 1.5" : "");
    }
    return pf_error_set(error, PF_STATUS_MONITOR_MISSING,
                        "monitor: there is no \"%s\"; there are: %s", self->target.monitor, names);
}

pf_status pf_x11_choose_monitor(x11_source *self, pf_error *error) {
    pf_status status = announce_randr(self, error);
    if (status == PF_STATUS_OK && self->randr_event != 0) {
        xcb_randr_select_input(self->connection, self->root,
                               XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE |
                                   XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE |
                                   XCB_RANDR_NOTIFY_MASK_OUTPUT_CHANGE);
    }
    return status;
}

pf_status pf_x11_find_monitor(x11_source *self, bool may_be_missing, pf_error *error) {
    pf_status status = pf_x11_look_at_monitor(self, error);
    if (status != PF_STATUS_OK || self->target.shown || may_be_missing) {
        return status;
    }
    return refuse_monitor(self, error);
}
