/* SPDX-License-Identifier: MPL-2.0 */
#include "encode/encoder.h"

pf_status pf_encoder_create(const pf_encoder_format *format, pf_encoder **encoder,
                            pf_error *error) {
    return format->output_mode == PF_OUTPUT_JPEG ? pf_jpeg_create(format, encoder, error)
                                                 : pf_h264_create(format, encoder, error);
}
