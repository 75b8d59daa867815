// SPDX-License-Identifier: MPL-2.0
/**
 * The bytes in front of each stripe: reading and writing them. Imports nothing
 * but its own parts and uses nothing but the language, so it runs in browsers
 * and in Bun alike.
 *
 * All integers are big endian.
 *
 * | kind | JPEG | H.264 |
 * | --- | --- | --- |
 * | `"pixelflux"` | `03 00 · u16 frameId · u16 y` | `04 · type · u16 frameId · u16 y · u16 width · u16 height` |
 * | `"legacy"` | `u16 frameId · u16 y` | as above |
 * | `"none"` | nothing | nothing |
 *
 * `type` is 01 for an IDR, 02 for another intra frame, 00 otherwise.
 *
 * The kind `"extended"` has one header for JPEG, H.264 and copies:
 * `05 · flags · u32 frameId · u16 x · u16 y · u16 width · u16 height`. Bits 0 and
 * 1 of the flags are the content (0 JPEG, 1 H.264, 2 copy), bit 2 says keyframe,
 * bit 3 another intra frame of H.264.
 *
 * The pointer, where it is no part of the pixels, has messages of its own, whatever
 * the stripes' kind: `06 00 · u32 id · u16 width · u16 height · u16 hotX · u16 hotY ·
 * RGBA` for an image, and `07 · flags · u32 imageId · i16 x · i16 y` for where it is.
 */
export {
  isCursorMessage,
  parseCursor,
  type WireCursorImage,
  type WireCursorPosition,
  writeCursorImage,
  writeCursorPosition,
} from "./wire/cursor.ts";
export { WireError, type WireErrorCode } from "./wire/error.ts";
export { headerBytes } from "./wire/layout.ts";
export { parseStripe } from "./wire/parse.ts";
export type {
  H264FrameType,
  StripeHeaderKind,
  WireCopyStripe,
  WireH264Stripe,
  WireJpegStripe,
  WireStripe,
} from "./wire/stripe.ts";
export { type CopyHeader, type H264Header, type JpegHeader, writeHeader } from "./wire/write.ts";
