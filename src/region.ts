// SPDX-License-Identifier: MPL-2.0
/** A rectangle of a frame, as a caller gives it. */
import { checkInteger, invalidOption, leaveOut, readable } from "./options.ts";
import type { Region } from "./screenshot.ts";

/** Sides of a frame end here; a larger number could not be right. */
const EDGE_PX_MAX = 16384;

/** What stands for all of a frame natively. */
const ALL_OF_FRAME: Region = { x: 0, y: 0, width: 0, height: 0 };

/**
 * Checks a region; `undefined` is all of the frame, natively of size 0.
 *
 * @param operation - the public operation, for the error.
 * @param field - the option's name, such as `"region"` or `"ignore[2]"`.
 * @throws {PixelfluxError} `ERR_INVALID_SETTING`, whose `field` names the part that is wrong.
 */
export function checkRegion(operation: string, field: string, region: unknown): Region {
  if (region === undefined) return ALL_OF_FRAME;
  if (typeof region !== "object" || region === null) {
    const remedy = leaveOut("all of the frame");
    throw invalidOption(operation, field, "{ x, y, width, height }", region, remedy);
  }
  return checkEdges(operation, field, region as Region, EDGE_PX_MAX);
}

/** Checks a rectangle's edges. @param max - the largest that any of them may be, px. */
export function checkEdges(operation: string, field: string, region: Region, max: number): Region {
  const sides = readable(operation, field, () => ({ ...region }));
  const edge = (name: keyof Region, min: number) =>
    checkInteger(operation, `${field}.${name}`, sides[name], [min, max]);
  return { x: edge("x", 0), y: edge("y", 0), width: edge("width", 1), height: edge("height", 1) };
}
