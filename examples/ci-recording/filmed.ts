// SPDX-License-Identifier: MPL-2.0
import { rmSync } from "node:fs";
import { ScreenCapture } from "pixelflux-ffi";
import { type DisplayEnvironment, VirtualDisplay } from "pixelflux-ffi/display";
import { type RecordingResult, record } from "pixelflux-ffi/record";

/** What to film, and when to keep it. */
export interface FilmOptions {
  /** The MP4 file; overwritten. */
  readonly path: string;
  /** `"failure"` removes the film of a run that has not failed. Default: `"failure"`. */
  readonly keep?: "failure" | "always";
  /** Size of the screen in px. Default: 1280 × 720. */
  readonly width?: number;
  readonly height?: number;
  /** Told of a film that is kept. Default: nobody. */
  readonly onFilm?: (film: RecordingResult) => void;
}

/** What a run gets to work with. */
export interface Stage {
  /** For the `env` of the browser, or of any other program. */
  readonly environment: DisplayEnvironment;
  readonly width: number;
  readonly height: number;
  /** What the run has opened, to be closed when the film has ended, so that it shows the failure. */
  readonly after: AsyncDisposableStack;
}

/** How long a failure stays in the picture, for whoever looks at the film. */
const AFTERMATH_MS = 500;

/**
 * Runs something on a screen of its own and films it.
 *
 * @returns what the run returns.
 * @throws what the run throws, after the film is written.
 */
export async function filmed<T>(
  options: FilmOptions,
  run: (stage: Stage) => Promise<T>,
): Promise<T> {
  const { path, keep = "failure", width = 1280, height = 720, onFilm } = options;
  await using display = await VirtualDisplay.start({ width, height });
  await using after = new AsyncDisposableStack();
  const capture = new ScreenCapture({ display: display.name, captureCursor: true });
  await using recording = await record(capture, path, { fps: 30 });
  let failed = true;
  try {
    const result = await run({ environment: display.environment, width, height, after });
    failed = false;
    return result;
  } finally {
    if (failed) await Bun.sleep(AFTERMATH_MS);
    const film = await recording.stop();
    if (failed || keep === "always") onFilm?.(film);
    else rmSync(path);
  }
}
