// SPDX-License-Identifier: MPL-2.0
import { type CaptureSettings, ScreenCapture } from "../../src/index.ts";
import { Canvas, compare } from "../support/canvas.ts";
import { waitFor } from "../support/process.ts";

/** What a capture shows at this moment, without loss. */
export async function pictureOf(capture: ScreenCapture): Promise<Canvas> {
  using shot = await capture.screenshot({ format: "raw" });
  return Canvas.fromRgba(shot.data.slice(), shot.width, shot.height);
}

/** The picture of a capture that is started for it. */
export async function pictureOnce(settings: CaptureSettings): Promise<Canvas> {
  await using capture = new ScreenCapture(settings);
  return await pictureOf(capture);
}

/** Whether two pictures are the same, pixel by pixel. */
export function isSame(a: Canvas, b: Canvas): boolean {
  return a.width === b.width && a.height === b.height && compare(a, b).max === 0;
}

/** Waits until a capture shows what `truth` gives, pixel by pixel. */
export async function shows(
  capture: ScreenCapture,
  what: string,
  truth: () => Promise<Canvas>,
): Promise<Canvas> {
  let last = "";
  const look = async () => {
    const [expected, actual] = [await truth(), await pictureOf(capture)];
    const sizes = `${actual.width}x${actual.height} for ${expected.width}x${expected.height}`;
    last = sizes;
    if (actual.width !== expected.width || actual.height !== expected.height) return undefined;
    last = `${sizes}, ${JSON.stringify(compare(expected, actual))}`;
    return compare(expected, actual).max === 0 ? actual : undefined;
  };
  try {
    return await waitFor(what, look, 20_000);
  } catch (cause) {
    throw new Error(`${what}: ${last}`, { cause });
  }
}

/** Waits until nothing has changed for a while. */
export async function atRest(capture: ScreenCapture): Promise<void> {
  let [known, sinceMs] = [-1, performance.now()];
  await waitFor("rest", () => {
    const { frames } = capture.stats();
    if (frames !== known) [known, sinceMs] = [frames, performance.now()];
    return performance.now() - sinceMs > 400;
  });
}

/** A capture whose stripes are thrown away. */
export async function running(settings: CaptureSettings): Promise<ScreenCapture> {
  const capture = new ScreenCapture(settings);
  await capture.start((stripe) => stripe.release());
  return capture;
}
