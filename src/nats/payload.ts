// SPDX-License-Identifier: MPL-2.0
/** Whether a stripe's bytes are what the headers beside them say. */
import { parseStripe, WireError, type WireStripe } from "../wire.ts";
import type { PictureSize, StripePlace } from "./message.ts";

/** First byte of the wire header kind `"extended"`. */
const EXTENDED_MARK = 5;

/**
 * Checks the wire header in front of a stripe's payload, and all of a copy: a
 * fan-out relies on both. JPEG and H.264 are the viewer's to check.
 *
 * @param size - of the picture, where it is known.
 */
export function agrees(place: StripePlace, data: Uint8Array, size?: PictureSize): boolean {
  const wire = read(data);
  if (wire === undefined || wire.type !== place.type || wire.keyframe !== place.keyframe) {
    return false;
  }
  const isExtended = data[0] === EXTENDED_MARK;
  const frameId = isExtended ? place.frameId : place.frameId & 0xffff;
  return (
    wire.frameId === frameId &&
    wire.y === place.stripeYStart &&
    (wire.x ?? 0) === place.x &&
    (wire.width ?? place.width) === place.width &&
    (wire.height ?? place.stripeHeight) === place.stripeHeight &&
    (wire.type !== "copy" || size === undefined || isSourceWithin(wire, size))
  );
}

function read(data: Uint8Array): WireStripe | undefined {
  try {
    return parseStripe(data, data[0] === EXTENDED_MARK ? "extended" : "pixelflux");
  } catch (error) {
    if (error instanceof WireError) return undefined; // which is the answer
    throw error;
  }
}

function isSourceWithin(copy: WireStripe & { type: "copy" }, size: PictureSize): boolean {
  return copy.sourceX + copy.width <= size.width && copy.sourceY + copy.height <= size.height;
}
