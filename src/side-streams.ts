// SPDX-License-Identifier: MPL-2.0
/** What a run of a capture gives beside its stripes. */
import { ChangeWatch } from "./change-watch.ts";
import { type CursorState, CursorTracker } from "./cursor.ts";
import { FrameTap, tappedError } from "./frame-tap.ts";
import type { NativeCapture } from "./native/capture.ts";
import { type RunHost, screenshotAbortedError, waitAbortedError } from "./run-phase.ts";
import type { CheckedScreenshotOptions, Screenshot } from "./screenshot.ts";
import { ScreenshotQueue } from "./screenshot-queue.ts";

/** The run that they belong to. */
interface Run {
  /** Neither asked to stop nor failed. */
  isActive(): boolean;
  /** Runs a step that can only fail if the library or the memory is broken, which ends the run. */
  guard(step: () => void): void;
}

/**
 * Screenshots, the pointer, what changes on the screen, and the frames' pixels: each may be
 * asked for before there is a native side, and none waits for who reads the stripes.
 */
export class SideStreams {
  /** Who waits for changes. */
  readonly changes = new ChangeWatch();
  readonly #host: RunHost;
  readonly #run: Run;
  readonly #screenshots = new ScreenshotQueue();
  readonly #cursor = new CursorTracker();
  #tap: FrameTap | undefined;
  #native: NativeCapture | undefined;
  #ended: { readonly failure: unknown } | undefined;

  constructor(host: RunHost, run: Run) {
    this.#host = host;
    this.#run = run;
  }

  /** @param keeper - stays alive until the promise is settled. */
  async screenshot(options: CheckedScreenshotOptions, keeper: object): Promise<Screenshot> {
    // What cannot even begin has failed before anybody can ask.
    if (this.#ended) throw this.#ended.failure ?? screenshotAbortedError();
    const screenshot = this.#screenshots.add(options, keeper);
    this.#withNative((native) => this.#screenshots.ask(native));
    return await screenshot;
  }

  /** The pointer where it is streamed and has been told of, while the run is active. */
  get cursor(): CursorState | undefined {
    return this.#run.isActive() && this.#host.settings.captureCursor === "stream"
      ? this.#cursor.state
      : undefined;
  }

  /** @param keeper - stays alive while it is open. @throws {PixelfluxError} */
  tap(bufferBytes: number, keeper: object): FrameTap {
    if (this.#tap) throw tappedError();
    this.#tap = new FrameTap(bufferBytes, { keeper, onClose: () => this.#endTap() });
    this.changes.watchExactly(true);
    if (this.#native) this.#tap.begin(this.#native.tap);
    return this.#tap;
  }

  /** Asks for what has been asked for before. @throws {PixelfluxError} */
  begin(native: NativeCapture): void {
    this.#native = native;
    this.#screenshots.ask(native);
    this.changes.begin(native.changes);
    this.#tap?.begin(native.tap);
  }

  /** Hands out what there is. */
  take(): void {
    this.takeScreenshots();
    this.#withNative((native) => this.#takeCursor(native));
    this.changes.take();
    this.#tap?.take();
  }

  takeScreenshots(): void {
    this.#withNative((native) => this.#screenshots.take(native));
  }

  /** Takes what the tap has, to be read when the native side is gone. @throws {PixelfluxError} */
  keepTapped(): void {
    this.#tap?.keep();
  }

  /** The native side is not to be used any more. */
  detach(): void {
    this.#native = undefined;
  }

  /** Nothing comes any more, because of a failure or, without one, of `stop()`. May be repeated. */
  end(failure: unknown): void {
    this.#ended = { failure };
    this.#screenshots.fail(failure ?? screenshotAbortedError());
    this.changes.fail((operation) => failure ?? waitAbortedError(operation));
    this.#tap?.end(failure);
  }

  #takeCursor(native: NativeCapture): void {
    const event = this.#run.isActive() ? this.#cursor.take(native) : undefined;
    if (event) this.#host.emitter.emit("cursor", event);
  }

  #endTap(): void {
    this.#tap = undefined;
    this.changes.watchExactly(false);
  }

  #withNative(step: (native: NativeCapture) => void): void {
    const native = this.#native;
    if (native) this.#run.guard(() => step(native));
  }
}
