// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi" beside its stripes, and what they may not.
import {
  type Change,
  type Changes,
  type CursorState,
  FrameSource,
  type listMonitors,
  listWindows,
  type Monitor,
  ScreenCapture,
  type Stability,
  type TappedFrame,
  type WindowDescription,
} from "pixelflux-ffi";
import { same } from "./equal.ts";

declare const capture: ScreenCapture;

export async function waiting(signal: AbortSignal): Promise<void> {
  const region = { x: 0, y: 0, width: 10, height: 10 };
  const change = await capture.waitForChange({ region, timeoutMs: 1000, signal });
  same<typeof change, Change>(true);
  same<typeof change.frameId, number>(true);
  const rest = await capture.waitForStable({ quietMs: 300, ignore: [region] });
  same<typeof rest, Stability>(true);
  same<ReturnType<typeof capture.changedSince>, Changes>(true);
  capture.changedSince(capture.changeToken(), { region });
  await capture.waitForChange({ since: rest.token });
  // @ts-expect-error how long is to be said
  await capture.waitForStable();
  // @ts-expect-error regions are a list
  await capture.waitForStable({ quietMs: 300, ignore: region });
  // @ts-expect-error since when
  capture.changedSince();
  // @ts-expect-error nothing is waited for
  capture.changedSince(0, { timeoutMs: 5 });
}

export async function frames(rgba: Uint8ClampedArray): Promise<void> {
  using source = new FrameSource({ width: 10, height: 10 });
  source.push(rgba, { width: 10, height: 10, damage: { x: 0, y: 0, width: 5, height: 5 } });
  source.push(rgba, { width: 10, height: 10, damage: [] });
  await source.taken();
  new ScreenCapture({ source });
  // @ts-expect-error sizes are of both sides
  new FrameSource({ width: 10 });
  // @ts-expect-error a picture has a size
  source.push(rgba);
  // @ts-expect-error words are no bytes
  source.push(new Uint32Array(100), { width: 10, height: 10 });
  for await (const frame of capture.tapFrames()) {
    using own = frame;
    same<typeof own, TappedFrame>(true);
  }
}

export async function places(): Promise<void> {
  same<ReturnType<typeof listMonitors>, Promise<Monitor[]>>(true);
  const windows = await listWindows(":0");
  same<typeof windows, WindowDescription[]>(true);
  const window = windows.at(0);
  new ScreenCapture({ monitor: "primary" });
  new ScreenCapture({ window: window?.id });
  // @ts-expect-error a window by its id
  new ScreenCapture({ window });
  // @ts-expect-error a monitor by its name
  new ScreenCapture({ monitor: 1 });
}

export function pointers(): void {
  new ScreenCapture({ captureCursor: true });
  new ScreenCapture({ captureCursor: "stream" });
  same<typeof capture.cursor, CursorState | undefined>(true);
  // @ts-expect-error a way that there is not
  new ScreenCapture({ captureCursor: "hidden" });
}
