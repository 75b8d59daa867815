/* SPDX-License-Identifier: MPL-2.0 */
#include "encode/encoder.h"

#include <assert.h>

uint32_t pf_encoder_codecs(void) {
    return 1u << PF_OUTPUT_JPEG | (PF_WITH_X264 ? 1u << PF_OUTPUT_H264 : 0);
}

pf_status pf_encoder_create(const pf_encoder_format *format, pf_encoder **encoder,
                            pf_error *error) {
#if PF_WITH_X264
    if (format->output_mode == PF_OUTPUT_H264) {
        return pf_h264_create(format, encoder, error);
    }
#endif
    assert(format->output_mode == PF_OUTPUT_JPEG);
    return pf_jpeg_create(format, encoder, error);
}
