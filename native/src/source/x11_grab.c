/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Copying bands of the screen into the frame. With MIT-SHM the server writes
 * them straight to their place; the segment is a memfd passed by descriptor
 * (MIT-SHM 1.2, AttachFd), so it never has a name that others could open or
 * that a killed process could leave behind.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "source/x11.h"

/* Requests in flight in one grab; a frame has at most every other band. */
#define RUN_COUNT_MAX (PF_BAND_COUNT_MAX / 2)

/** A descriptor of size_bytes that nobody can shrink under us, or -1. */
static int create_segment(size_t size_bytes) {
    int fd = memfd_create("pixelflux", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return -1;
    }
    /* Allocated now: a page that is missing later would be a SIGBUS. */
    if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && posix_fallocate(fd, 0, (off_t)size_bytes) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

static pf_status server_passes_descriptors(x11_source *self, bool *passes, pf_error *error) {
    *passes = false;
    if (!pf_x11_has_extension(self, &xcb_shm_id)) {
        return PF_STATUS_OK;
    }
    void *answer;
    pf_status status =
        pf_x11_reply(self, xcb_shm_query_version(self->connection).sequence, &answer, error);
    if (status == PF_STATUS_OK && answer != NULL) {
        const xcb_shm_query_version_reply_t *version = answer;
        *passes = version->major_version > 1 ||
                  (version->major_version == 1 && version->minor_version >= 2);
    }
    free(answer);
    return status;
}

/** libxcb closes what it has sent, and forgets what it has not. */
static void note_sent(x11_source *self, int fd) {
    struct stat file;
    if (fstat(fd, &file) == 0) {
        self->sent_fd = fd;
        self->sent_device = file.st_dev;
        self->sent_inode = file.st_ino;
    }
}

void pf_x11_close_unsent(x11_source *self) {
    /* The number may be somebody else's by now; the file is not. */
    struct stat file;
    if (self->sent_inode != 0 && fstat(self->sent_fd, &file) == 0 &&
        file.st_ino == self->sent_inode && file.st_dev == self->sent_device) {
        close(self->sent_fd);
    }
}

/** Hands the descriptor to the server; segment stays XCB_NONE if refused. */
static pf_status attach(x11_source *self, int fd, pf_error *error) {
    xcb_shm_seg_t segment = pf_x11_id(self, X11_ID_SEGMENT);
    note_sent(self, fd);
    xcb_void_cookie_t attached = xcb_shm_attach_fd_checked(self->connection, segment, fd, 0);
    void *answer;
    pf_status status =
        pf_x11_reply(self, xcb_get_input_focus(self->connection).sequence, &answer, error);
    free(answer);
    if (status != PF_STATUS_OK) {
        return status;
    }
    /* Does not block: the answer behind it has arrived. */
    xcb_generic_error_t *refusal = xcb_request_check(self->connection, attached);
    if (refusal == NULL) {
        self->segment = segment;
    }
    free(refusal);
    return PF_STATUS_OK;
}

static pf_status map_shared(x11_source *self, pf_error *error) {
    int fd = create_segment(self->size_bytes);
    if (fd < 0) {
        return PF_STATUS_OK;
    }
    void *pixels = mmap(NULL, self->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pixels == MAP_FAILED) {
        close(fd);
        return PF_STATUS_OK;
    }
    /* xcb closes the descriptor when it has sent it. */
    pf_status status = attach(self, fd, error);
    if (self->segment == XCB_NONE) {
        munmap(pixels, self->size_bytes);
    } else {
        self->pixels = pixels;
    }
    return status;
}

pf_status pf_x11_frame_create(x11_source *self, pf_error *error) {
    uint32_t stride_bytes = self->region.width * PF_BYTES_PER_PIXEL;
    self->size_bytes = (size_t)stride_bytes * self->region.height;
    bool passes;
    pf_status status = server_passes_descriptors(self, &passes, error);
    if (status == PF_STATUS_OK && passes) {
        status = map_shared(self, error);
    }
    if (status != PF_STATUS_OK) {
        return status;
    }
    if (self->pixels == NULL) {
        self->pixels = pf_alloc(1, self->size_bytes);
    }
    if (self->pixels == NULL) {
        return pf_error_no_memory(error, "the frame");
    }
    self->base.frame =
        (pf_image){self->pixels, stride_bytes, self->region.width, self->region.height};
    return PF_STATUS_OK;
}

void pf_x11_frame_destroy(x11_source *self) {
    if (self->segment == XCB_NONE) {
        pf_free(self->pixels);
    } else {
        xcb_shm_detach(self->connection, self->segment);
        munmap(self->pixels, self->size_bytes);
    }
    self->segment = XCB_NONE;
    self->pixels = NULL;
}

/** The visible rows of a run of bands; none where it lies off the screen. */
static pf_rect visible_rows(const pf_rect *visible, pf_band_range run) {
    uint32_t y = run.first * PF_BAND_ROWS, end = run.end * PF_BAND_ROWS;
    uint32_t visible_end = visible->y + visible->height;
    y = y > visible->y ? y : visible->y;
    end = end < visible_end ? end : visible_end;
    return (pf_rect){visible->x, y, visible->width, end > y ? end - y : 0};
}

/** Whether the server can write these rows straight to their place: they have
 * to be as wide as the frame. */
static bool goes_to_segment(const x11_source *self, pf_rect rows) {
    return self->segment != XCB_NONE && rows.width == self->region.width;
}

static unsigned int request_rows(x11_source *self, pf_rect rows) {
    const x11_target *target = &self->target;
    int16_t x = (int16_t)(target->x + (int32_t)(self->region.x + rows.x));
    int16_t y = (int16_t)(target->y + (int32_t)(self->region.y + rows.y));
    uint16_t width = (uint16_t)rows.width, height = (uint16_t)rows.height;
    if (goes_to_segment(self, rows)) {
        return xcb_shm_get_image(self->connection, target->drawable, x, y, width, height, ~0u,
                                 XCB_IMAGE_FORMAT_Z_PIXMAP, self->segment,
                                 rows.y * self->base.frame.stride_bytes)
            .sequence;
    }
    return xcb_get_image(self->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, target->drawable, x, y, width,
                         height, ~0u)
        .sequence;
}

static bool copy_rows(x11_source *self, pf_rect rows, const xcb_get_image_reply_t *answer) {
    size_t row_bytes = (size_t)rows.width * PF_BYTES_PER_PIXEL;
    const uint8_t *from = xcb_get_image_data(answer);
    if ((size_t)xcb_get_image_data_length(answer) < row_bytes * rows.height) {
        return false;
    }
    uint8_t *to = self->pixels + (size_t)rows.y * self->base.frame.stride_bytes +
                  (size_t)rows.x * PF_BYTES_PER_PIXEL;
    for (uint32_t row = 0; row < rows.height; row++) {
        memcpy(to, from, row_bytes);
        from += row_bytes;
        to += self->base.frame.stride_bytes;
    }
    return true;
}

/** The server did not give the pixels: the screen may have shrunk a moment ago, or
 * the window be gone, which is told as a resize or an end; anything else is a
 * failure. The event of the shrinking came before the refusal: it counts although
 * the screen may have grown back by now. */
static pf_status explain_refusal(x11_source *self, pf_error *error) {
    pf_x11_take_queued_events(self);
    if (self->target.redirected && self->target.look_pending) {
        return PF_STATUS_OK;
    }
    pf_status status = pf_x11_read_screen_size(self, error);
    if (status == PF_STATUS_OK) {
        status = pf_x11_follow_target(self, error);
    }
    if (status != PF_STATUS_OK || self->screen_resized) {
        return status;
    }
    return pf_error_set(error, PF_STATUS_DISPLAY_UNSUPPORTED,
                        "the X server refuses to read the region %ux%u+%u+%u of its screen",
                        self->region.width, self->region.height, self->region.x, self->region.y);
}

static pf_status receive_rows(x11_source *self, pf_rect rows, unsigned int sequence,
                              pf_error *error) {
    void *answer;
    pf_status status = pf_x11_reply(self, sequence, &answer, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    bool complete =
        answer != NULL && (goes_to_segment(self, rows) || copy_rows(self, rows, answer));
    free(answer);
    return complete ? PF_STATUS_OK : explain_refusal(self, error);
}

pf_status pf_x11_grab(pf_source *source, const pf_bands *bands, pf_bands_arrived arrived,
                      void *context, pf_error *error) {
    x11_source *self = (x11_source *)source;
    unsigned int sequences[RUN_COUNT_MAX + 1];
    pf_rect visible = pf_x11_visible_part(self);
    uint32_t band_count = pf_band_count(self->region.height);
    uint32_t run_count = 0;
    pf_band_range run = pf_bands_next_run(bands, 0, band_count);
    for (; run.first < run.end; run = pf_bands_next_run(bands, run.end, band_count)) {
        pf_rect rows = visible_rows(&visible, run);
        bool any = rows.width > 0 && rows.height > 0;
        sequences[run_count++] = any ? request_rows(self, rows) : 0;
    }
    run = pf_bands_next_run(bands, 0, band_count);
    for (uint32_t index = 0; index < run_count; index++) {
        if (sequences[index] != 0) {
            pf_status status =
                receive_rows(self, visible_rows(&visible, run), sequences[index], error);
            if (status != PF_STATUS_OK) {
                return status;
            }
        }
        arrived(context, run);
        run = pf_bands_next_run(bands, run.end, band_count);
    }
    /* The first picture is there. */
    return pf_x11_end_opening(self) ? PF_STATUS_OK : pf_x11_hangs(error);
}
