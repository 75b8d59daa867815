// SPDX-License-Identifier: MPL-2.0
/** How a recording is started. */
import { type ResolvedSettings, ScreenCapture } from "../index.ts";
import { invalidOption } from "../options.ts";
import {
  checkTarget,
  RECORD,
  type RecordOptions,
  type ResolvedRecordOptions,
  resolveRecordOptions,
} from "./options.ts";
import { Recording } from "./recording.ts";
import { Segments } from "./segments.ts";

/**
 * Records what a capture's settings name: the region, the pointer, the
 * watermark. The capture itself is neither started nor stopped, nor does it
 * matter whether it runs: the recording has a second one of the same settings,
 * as they are now, in H.264 over the full frame. A capture of JPEG or of
 * stripes, and its viewers, go on undisturbed.
 *
 * Only changes are recorded, each at the time at which it was grabbed. The
 * file can be played while it grows, and after the process has been killed.
 *
 * @param target - a path, or a stream that is closed at the end. A file there
 *   is overwritten, as are `name-2.mp4` and so on where the screen changes its
 *   size. A named pipe needs its reader first; a Unix socket is connected to.
 * @returns The recording, as soon as its target is open and it has its first
 *   picture: a file can be played from here on.
 * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING` or
 *   `ERR_UNKNOWN_SETTING` with `field`; `ERR_WRITE` where the target cannot be
 *   opened; what `ScreenCapture.start()` rejects with. The signal's reason where that is
 *   aborted before the first picture.
 */
export async function record(
  capture: ScreenCapture,
  target: string | WritableStream<Uint8Array>,
  options: RecordOptions = {},
): Promise<Recording> {
  if (!(capture instanceof ScreenCapture)) {
    throw invalidOption(RECORD, "capture", "a ScreenCapture", capture);
  }
  checkTarget(target);
  const resolved = resolveRecordOptions(options);
  const own = new ScreenCapture(settingsOf(capture.settings, resolved));
  const { container, signal } = resolved;
  const segments = new Segments(target, container);
  await begin(own, segments, signal);
  const recording = new Recording(own, segments, resolved);
  await recording.begun;
  return recording;
}

/** The capture comes first: a display that is not there is no reason to empty a file. */
async function begin(
  capture: ScreenCapture,
  segments: Segments,
  signal: AbortSignal | undefined,
): Promise<void> {
  const onAbort = () => void capture.stop();
  signal?.addEventListener("abort", onAbort);
  try {
    signal?.throwIfAborted();
    await capture.start();
    await segments.open();
    signal?.throwIfAborted();
  } catch (error) {
    await Promise.all([capture.stop(), segments.end(0)]);
    signal?.throwIfAborted(); // the capture's ERR_ABORTED is but what follows
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function settingsOf(settings: ResolvedSettings, options: ResolvedRecordOptions): ResolvedSettings {
  const { fps = settings.targetFps, crf = settings.h264Crf } = options;
  return {
    ...settings,
    ...{ outputMode: "h264", h264FullFrame: true, stripeHeader: "none" },
    // A picture that has come to rest is refined, not sent anew: it need not be a place to begin at.
    h264PaintOver: "refine",
    ...{ targetFps: fps, h264Crf: crf },
    // A film has nobody who would draw it.
    captureCursor: settings.captureCursor === "stream" ? "none" : settings.captureCursor,
  };
}
