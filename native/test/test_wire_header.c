/* SPDX-License-Identifier: MPL-2.0 */
/** The headers in front of stripes, by the byte. */
#include <string.h>

#include "encode/wire_header.h"
#include "test.h"

static void check_header(uint32_t header, pf_stripe stripe, bool intra, const char *expected,
                         uint32_t size_bytes) {
    uint8_t bytes[PF_WIRE_HEADER_BYTES_MAX] = {0};
    stripe.frame_id = 0x12345;
    stripe.y = 0x0140;
    stripe.width = 0x0500;
    stripe.height = 0x0040;
    CHECK_EQUAL(pf_wire_header_bytes(header, stripe.type), size_bytes);
    pf_wire_header_write(bytes, header, &stripe, intra);
    CHECK(memcmp(bytes, expected, size_bytes) == 0);
}

static void headers_are_the_bytes_of_the_wire_format(void) {
    const pf_stripe jpeg = {.type = PF_STRIPE_JPEG, .keyframe = 1};
    const pf_stripe idr = {.type = PF_STRIPE_H264, .keyframe = 1};
    const pf_stripe other = {.type = PF_STRIPE_H264};
    check_header(PF_HEADER_PIXELFLUX, jpeg, true, "\x03\x00\x23\x45\x01\x40", 6);
    check_header(PF_HEADER_LEGACY, jpeg, true, "\x23\x45\x01\x40", 4);
    check_header(PF_HEADER_NONE, jpeg, true, "", 0);
    check_header(PF_HEADER_NONE, idr, true, "", 0);
    for (uint32_t header = PF_HEADER_PIXELFLUX; header <= PF_HEADER_LEGACY; header++) {
        check_header(header, idr, true, "\x04\x01\x23\x45\x01\x40\x05\x00\x00\x40", 10);
        check_header(header, other, false, "\x04\x00\x23\x45\x01\x40\x05\x00\x00\x40", 10);
        check_header(header, other, true, "\x04\x02\x23\x45\x01\x40\x05\x00\x00\x40", 10);
    }
}

static void extended_headers_say_the_rectangle(void) {
    const uint32_t header = PF_HEADER_EXTENDED;
    pf_stripe stripe = {.type = PF_STRIPE_JPEG, .keyframe = 1, .x = 0x0170};
    check_header(header, stripe, true, "\5\x04\0\1\x23\x45\1\x70\1\x40\5\0\0\x40", 14);
    stripe.type = PF_STRIPE_H264;
    check_header(header, stripe, true, "\5\x05\0\1\x23\x45\1\x70\1\x40\5\0\0\x40", 14);
    stripe.keyframe = 0;
    check_header(header, stripe, true, "\5\x09\0\1\x23\x45\1\x70\1\x40\5\0\0\x40", 14);
    check_header(header, stripe, false, "\5\x01\0\1\x23\x45\1\x70\1\x40\5\0\0\x40", 14);
    stripe.type = PF_STRIPE_COPY;
    check_header(header, stripe, false, "\5\x02\0\1\x23\x45\1\x70\1\x40\5\0\0\x40", 14);
    uint8_t payload[PF_WIRE_COPY_BYTES];
    stripe.source_x = 0x0102;
    stripe.source_y = 0x0304;
    pf_wire_copy_write(payload, &stripe);
    CHECK(memcmp(payload, "\1\2\3\4", sizeof payload) == 0);
}

const pf_test wire_header_tests[] = {
    TEST(headers_are_the_bytes_of_the_wire_format),
    TEST(extended_headers_say_the_rectangle),
    TESTS_END,
};
