// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/wire", and what they may not.
import {
  type H264FrameType,
  headerBytes,
  parseStripe,
  type StripeHeaderKind,
  WireError,
  type WireErrorCode,
  type WireStripe,
  writeHeader,
} from "pixelflux-ffi/wire";
import { same } from "./equal.ts";

declare const bytes: Uint8Array<ArrayBuffer>;
declare const shared: Uint8Array<SharedArrayBuffer>;
declare const anyText: string;

export function narrowing(): number | undefined {
  const stripe = parseStripe(bytes);
  same<typeof stripe, WireStripe<ArrayBuffer>>(true);
  same<typeof stripe.payload, Uint8Array<ArrayBuffer>>(true);
  const inShared = parseStripe(shared, "legacy");
  same<typeof inShared.payload, Uint8Array<SharedArrayBuffer>>(true);
  // @ts-expect-error only a copy has it, and it is not known yet whether this is one
  stripe.sourceX;
  // @ts-expect-error only H.264 has it
  stripe.frameType;
  switch (stripe.type) {
    case "jpeg":
      same<typeof stripe.keyframe, true>(true);
      // @ts-expect-error a JPEG has no frame type
      return stripe.frameType;
    case "h264":
      same<typeof stripe.frameType, H264FrameType>(true);
      same<typeof stripe.width, number | undefined>(true);
      return stripe.width;
    case "copy":
      same<typeof stripe.keyframe, false>(true);
      return stripe.sourceX + stripe.sourceY;
    default:
      same<typeof stripe, never>(true);
      return undefined;
  }
}

export function writing(): void {
  writeHeader(bytes, { type: "jpeg", frameId: 1, y: 0 });
  writeHeader(bytes, { type: "jpeg", frameId: 1, y: 0, width: 8, height: 8 }, "extended");
  const picture = { type: "h264", frameId: 1, y: 0, width: 8, height: 8 } as const;
  writeHeader(bytes, { ...picture, frameType: "idr" });
  // @ts-expect-error the frame type is missing
  writeHeader(bytes, picture);
  // @ts-expect-error a frame type that there is not
  writeHeader(bytes, { ...picture, frameType: "b" });
  // @ts-expect-error text is no bytes
  writeHeader("bytes", { type: "jpeg", frameId: 1, y: 0 });
  // @ts-expect-error a kind of header that there is not
  parseStripe(bytes, "extensive");
  // @ts-expect-error any text
  headerBytes("jpeg", anyText);
  // @ts-expect-error a buffer is no view
  parseStripe(bytes.buffer);
  same<ReturnType<typeof headerBytes>, number>(true);
  same<StripeHeaderKind, "pixelflux" | "legacy" | "none" | "extended">(true);
}

export function errors(error: unknown): WireErrorCode | undefined {
  return error instanceof WireError ? error.code : undefined;
}
