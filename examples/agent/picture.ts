// SPDX-License-Identifier: MPL-2.0
import type { ScreenCapture } from "pixelflux-ffi";
import { encodePng } from "./png.ts";
import { resample } from "./resample.ts";
import type { Box, Size, Space } from "./space.ts";

/** A PNG file. */
export interface Picture extends Size {
  readonly data: Uint8Array;
}

/** The screen, as large as screenshots are. */
export async function takePicture(capture: ScreenCapture, space: Space): Promise<Picture> {
  return space.isScreen ? await whole(capture) : await scaled(capture, undefined, space);
}

/** A part of the screen, as large as there is room for in a screenshot. */
export async function takeDetail(capture: ScreenCapture, space: Space, box: Box): Promise<Picture> {
  return await scaled(capture, box, space.fit(box));
}

async function whole(capture: ScreenCapture): Promise<Picture> {
  using screenshot = await capture.screenshot({ format: "png" });
  const { width, height, data } = screenshot;
  return { width, height, data: data.slice() };
}

async function scaled(
  capture: ScreenCapture,
  region: Box | undefined,
  { width, height }: Size,
): Promise<Picture> {
  using screenshot = await capture.screenshot({ format: "raw", region });
  const data = encodePng(resample(screenshot, { width, height }));
  return { width, height, data };
}
