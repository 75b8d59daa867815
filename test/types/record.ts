// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/record", and what they may not.
import type { PixelfluxError, ScreenCapture } from "pixelflux-ffi";
import { type Recording, type RecordingResult, record } from "pixelflux-ffi/record";
import { same } from "./equal.ts";

declare const capture: ScreenCapture;

export async function recording(signal: AbortSignal): Promise<void> {
  await using running = await record(capture, "film.mp4", { durationMs: 1000, signal });
  same<typeof running, Recording>(true);
  same<Awaited<typeof running.finished>, RecordingResult>(true);
  same<RecordingResult["endedBy"], "stop" | "durationMs" | "sizeBytesMax">(true);
  same<RecordingResult["path"], string | undefined>(true);
  await record(capture, new WritableStream<Uint8Array>(), { container: "annexb" });
  await record(capture, "film.mp4", {
    fps: undefined,
    onError: (error) => same<typeof error, PixelfluxError>(true),
  });
  // @ts-expect-error settings are no capture
  await record({ display: ":0" }, "film.mp4");
  // @ts-expect-error no target
  await record(capture);
  // @ts-expect-error of other things than bytes
  await record(capture, new WritableStream<string>());
  // @ts-expect-error a container that there is not
  await record(capture, "film.webm", { container: "webm" });
  // @ts-expect-error a misspelt option
  await record(capture, "film.mp4", { duration: 1000 });
  // @ts-expect-error the end is told, not set
  running.finished = Promise.resolve();
}
