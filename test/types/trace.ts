// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/trace", and what they may not.
import { type FrameSource, type PixelfluxError, ScreenCapture } from "pixelflux-ffi";
import {
  type Replay,
  readTrace,
  recordTrace,
  replayTrace,
  type TraceFrame,
  type TraceRecording,
  type TraceResult,
} from "pixelflux-ffi/trace";
import { same } from "./equal.ts";

declare const capture: ScreenCapture;

export async function recording(signal: AbortSignal): Promise<void> {
  await using running = await recordTrace(capture, "screen.pfx", { durationMs: 1000, signal });
  same<typeof running, TraceRecording>(true);
  same<Awaited<typeof running.finished>, TraceResult>(true);
  same<TraceResult["endedBy"], "stop" | "capture" | "durationMs" | "sizeBytesMax">(true);
  await recordTrace(capture, "screen.pfx", {
    level: undefined,
    onError: (error) => same<typeof error, PixelfluxError>(true),
  });
  // @ts-expect-error settings are no capture
  await recordTrace({ display: ":0" }, "screen.pfx");
  // @ts-expect-error no path
  await recordTrace(capture);
  // @ts-expect-error a misspelt option
  await recordTrace(capture, "screen.pfx", { duration: 1000 });
}

export async function replaying(signal: AbortSignal): Promise<void> {
  await using replay = await replayTrace("screen.pfx", { speed: "taken", loop: true, signal });
  same<typeof replay, Replay>(true);
  same<typeof replay.source, FrameSource>(true);
  same<ReturnType<typeof replay.play>, Promise<number>>(true);
  new ScreenCapture({ source: replay.source });
  // @ts-expect-error a replay is not its source
  new ScreenCapture({ source: replay });
  // @ts-expect-error a speed that there is not
  await replayTrace("screen.pfx", { speed: "fast" });
  for await (const frame of readTrace("screen.pfx", { requireEnd: true })) {
    same<typeof frame, TraceFrame>(true);
  }
  // @ts-expect-error no option of reading
  readTrace("screen.pfx", { speed: 2 });
}
