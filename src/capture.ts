// SPDX-License-Identifier: MPL-2.0
/** The public face of a capture. */
import { registeredRuns, stopWithReader } from "./capture-registry.ts";
import { CaptureRun } from "./capture-run.ts";
import {
  type Change,
  type ChangeOptions,
  type Changes,
  checkChangeOptions,
  checkChangeWait,
  checkStableWait,
  checkToken,
  type Stability,
  type WaitForChangeOptions,
  type WaitForStableOptions,
} from "./changes.ts";
import type { CursorState } from "./cursor.ts";
import { PixelfluxError } from "./errors.ts";
import { CaptureEmitter, type CaptureEvents, type CaptureListener } from "./events.ts";
import { checkTapOptions, type FrameTap, type TapOptions } from "./frame-tap.ts";
import type { RunHost } from "./run-phase.ts";
import {
  type CheckedScreenshotOptions,
  checkScreenshotOptions,
  type Screenshot,
  type ScreenshotOptions,
} from "./screenshot.ts";
import {
  type CaptureSettings,
  mergeSettings,
  type ResolvedSettings,
  resolveSettings,
} from "./settings.ts";
import { type CaptureStats, RunStats } from "./stats.ts";
import type { Stripe } from "./stripe.ts";
import { StripeIterator } from "./stripe-iterator.ts";

/**
 * Captures one region of one screen and hands out the stripes that changed.
 *
 * Callback style: {@link start} with a function. Iteration:
 * `for await (const stripe of capture)`, which starts and stops by itself.
 * Either way every {@link Stripe} is its receiver's to release.
 *
 * Captures do not affect each other; any number up to 64 may run in a process.
 * A running one keeps the process alive. An object belongs to the thread that
 * made it, and ends with that. `await using` stops it at the end of the block.
 *
 * With a callback a capture runs until it is stopped, whether or not the object
 * is kept. Without one it stops by itself some time after the last reference to
 * its iterator, or where it has none to the object, has gone; a loop that waits
 * for its next stripe is such a reference.
 */
export class ScreenCapture implements AsyncDisposable {
  #run: CaptureRun | undefined;
  readonly #emitter = new CaptureEmitter();
  /** What runs see of it: not the object itself, which a run without a callback must not keep. */
  readonly #host: RunHost & { settings: ResolvedSettings };
  /** Captures for {@link screenshot}s that were asked for while this one did not run. */
  readonly #oneShots = new Set<OneShot>();

  /**
   * Checks the settings; nothing is opened before {@link start}.
   *
   * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`.
   */
  constructor(settings: CaptureSettings = {}) {
    const resolved = resolveSettings(settings, "new ScreenCapture");
    this.#host = { capture: new WeakRef(this), settings: resolved, emitter: this.#emitter };
  }

  /** The present settings with every default filled in. Frozen; {@link update} replaces it. */
  get settings(): ResolvedSettings {
    return this.#host.settings;
  }

  /** True from `start()` on until `stop()` is called or the capture fails. */
  get running(): boolean {
    return this.#run?.isActive ?? false;
  }

  /** Width in px of the frame captured last; 0 before the first one since `start()`. */
  get width(): number {
    return this.#run?.width ?? 0;
  }

  /** Height in px of the frame captured last; 0 before the first one since `start()`. */
  get height(): number {
    return this.#run?.height ?? 0;
  }

  /**
   * The pointer as it is now, where `captureCursor` is `"stream"`: what the events
   * `cursor` have told so far, for those who come later. `undefined` before the first
   * of them, and while the capture does not run.
   */
  get cursor(): CursorState | undefined {
    return this.#run?.beside.cursor;
  }

  /**
   * Starts the capture. May follow a `stop()` at once.
   *
   * `onStripe` is called for each stripe, oldest first, with `userData`. What
   * it throws, or what a promise it returns rejects with, becomes an `error`
   * event, and the capture goes on. A promise is not waited for. Without
   * `onStripe`, iterate: the capture holds back until somebody does.
   *
   * @returns resolves when the first frame has been grabbed.
   * @throws {PixelfluxError} by rejection: `ERR_ALREADY_RUNNING`,
   *   `ERR_LIBRARY_NOT_FOUND`, `ERR_ABI_MISMATCH`, `ERR_DISPLAY_OPEN`,
   *   `ERR_DISPLAY_UNSUPPORTED`, `ERR_REGION_OFF_SCREEN`, `ERR_ENCODER`,
   *   `ERR_WATERMARK`, `ERR_NO_RESOURCE`, `ERR_OUT_OF_MEMORY`,
   *   `ERR_WINDOW_GONE`, `ERR_WINDOW_HIDDEN`, `ERR_MONITOR_NOT_FOUND`,
   *   `ERR_TOO_MANY_CAPTURES`; `ERR_ABORTED` where `stop()` comes first.
   */
  start(onStripe?: (stripe: Stripe) => unknown): Promise<void>;
  start<UserData>(
    onStripe: (stripe: Stripe, userData: UserData) => unknown,
    userData: UserData,
  ): Promise<void>;
  async start(
    onStripe?: (stripe: Stripe, userData: unknown) => unknown,
    userData?: unknown,
  ): Promise<void> {
    if (onStripe !== undefined && typeof onStripe !== "function") {
      const text = `start: onStripe has to be a function, but is of type ${typeof onStripe}. Leave it out to iterate.`;
      throw new PixelfluxError("ERR_INVALID_SETTING", "start", text, { field: "onStripe" });
    }
    if (this.running) throw alreadyRunning("start", "is running. Await stop() first.");
    await this.#begin(onStripe && this.#guarded(onStripe, userData)).started;
  }

  /**
   * Stops the capture: no stripe is handed out from this call on. May be
   * called at any time, any number of times, from inside a callback too.
   *
   * @returns resolves when every native thread of the capture has exited.
   *   Never rejects.
   */
  stop(): Promise<void> {
    this.#run?.requestStop();
    const finished = this.#run?.finished ?? Promise.resolve();
    if (this.#oneShots.size === 0) return finished;
    const oneShots = [...this.#oneShots].map(({ capture }) => capture.stop());
    return Promise.all([finished, ...oneShots]).then(() => undefined);
  }

  /**
   * Changes settings, from the next frame on where the capture runs. Fields
   * that are left out stay; a field given as `undefined` returns to its
   * default. All of the change is made, or none of it.
   *
   * @throws {PixelfluxError} `ERR_INVALID_SETTING` (also where a setting would change
   *   that is not live, such as `display`) or `ERR_UNKNOWN_SETTING`.
   */
  update(change: CaptureSettings): void {
    const merged = mergeSettings(this.#host.settings, change, "update");
    this.#run?.update(merged);
    this.#host.settings = merged;
  }

  /**
   * Has every stripe sent again, complete, within one frame time, on a still
   * screen too; H.264 as IDR. Requests within one frame time count once; one
   * that comes when that frame has been taken already is served by the next.
   *
   * @throws {PixelfluxError} `ERR_NOT_RUNNING` before a start, which sends
   *   everything anyway, and after a stop.
   */
  requestKeyframe(): void {
    if (!this.#run?.isActive) {
      const text =
        "requestKeyframe: the capture is not running. Start it: its first frame is complete.";
      throw new PixelfluxError("ERR_NOT_RUNNING", "requestKeyframe", text);
    }
    this.#run.requestKeyframe();
  }

  /**
   * Takes one picture of the screen as it is now, with the pointer (`"blend"`) and
   * the watermark as the settings want them.
   *
   * A running capture, however its stripes are read or not, takes it from its own
   * frame within a few milliseconds: it does not wait for `targetFps` or for a
   * slow reader, and the stripes go on. One that has not got its first frame yet,
   * or waits for a lost display (`reconnect`), takes it as soon as it can. A
   * capture that does not run takes it by another with the same settings, which
   * is started for that and stopped again before the last one that was asked for
   * meanwhile resolves; events and counters of this one do not change.
   *
   * Any number may be asked for at the same time; four are worked on at once.
   *
   * @returns the picture, which is the caller's to release.
   * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING` or
   *   `ERR_UNKNOWN_SETTING`; `ERR_REGION_OFF_SCREEN` where the region does not lie
   *   within the frame; `ERR_OUT_OF_MEMORY`; `ERR_ABORTED` where `stop()` comes
   *   first; what the capture fails of, as {@link start} does, where that comes
   *   first. The signal's reason where that is aborted.
   */
  async screenshot(options: ScreenshotOptions = {}): Promise<Screenshot> {
    const checked = checkScreenshotOptions(options);
    return this.running && this.#run
      ? await this.#run.beside.screenshot(checked, this)
      : await this.#screenshotOnce(checked);
  }

  /**
   * Waits for the next change of the screen: pixels that are others than before. A repaint of
   * the same pixels is none, and neither are the pointer and the watermark, which are drawn over
   * the screen. After a change of the frame's size or region everything has changed, as it has
   * when the capture starts: before `start()` has resolved that is the change.
   *
   * Works however the stripes are read. While nothing changes, nothing wakes up.
   *
   * @returns where it changed, and a token to go on from.
   * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`;
   *   `ERR_NOT_RUNNING`; `ERR_TIMEOUT`; `ERR_REGION_OFF_SCREEN` where the region does not lie
   *   within the frame; `ERR_ABORTED` where `stop()` comes first; what the capture fails of.
   *   The signal's reason where that is aborted.
   */
  async waitForChange(options: WaitForChangeOptions = {}): Promise<Change> {
    const checked = checkChangeWait(options);
    const run = this.#watched(checked.operation);
    const since = checked.since ?? (run.hasStarted ? undefined : 0);
    return await run.beside.changes.change({ ...checked, since }, this);
  }

  /**
   * Waits until nothing has changed for `quietMs`, counted from the last change, which may be
   * older than the call: on a screen that has been quiet for long enough it resolves as soon as
   * the capture has looked at what there is now. What a change is {@link waitForChange} says; at
   * the start everything has changed. A display that is lost (`reconnect`) is waited for.
   *
   * @throws {PixelfluxError} by rejection: as {@link waitForChange}.
   */
  async waitForStable(options: WaitForStableOptions): Promise<Stability> {
    const checked = checkStableWait(options);
    return await this.#watched(checked.operation).beside.changes.stable(checked, this);
  }

  /**
   * A token for {@link changedSince} and `waitForChange({ since })`: whatever changes from here
   * on has changed since. Any number, of no meaning but for this; it can be sent as JSON, and
   * outlives `stop()`.
   *
   * From the first token on, a capture whose stripes nobody reads goes on looking at a screen
   * that changes, up to ten times a second.
   *
   * @throws {PixelfluxError} `ERR_NOT_RUNNING`.
   */
  changeToken(): number {
    return this.#watched("changeToken").beside.changes.token();
  }

  /**
   * Reads what has changed since a token, as far as the capture has looked: with its last frame,
   * or up to a tenth of a second ago where nobody reads its stripes. `waitForStable({ quietMs: 0 })`
   * has it look now. Does not block.
   *
   * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`; `ERR_NOT_RUNNING`;
   *   `ERR_REGION_OFF_SCREEN`.
   */
  changedSince(token: number, options: ChangeOptions = {}): Changes {
    const operation = "changedSince";
    const sinceUs = checkToken(operation, "token", token);
    const query = checkChangeOptions(operation, options);
    return this.#watched(operation).beside.changes.read(sinceUs, query, operation);
  }

  /**
   * Opens a tap: every frame that is grabbed from here on, as the pixels that it has changed,
   * beside the stripes and whoever reads them. One at a time.
   *
   * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`; `ERR_NOT_RUNNING`;
   *   `ERR_ALREADY_RUNNING` while another one is open.
   */
  tapFrames(options: TapOptions = {}): FrameTap {
    const bufferBytes = checkTapOptions(options);
    return this.#watched("tapFrames").beside.tap(bufferBytes, this);
  }

  /** Reads the counters since the last start; see {@link CaptureStats}. Does not block. */
  stats(): CaptureStats {
    return this.#run?.stats() ?? new RunStats().read();
  }

  /** Adds a listener; see {@link CaptureEvents}. */
  on<E extends keyof CaptureEvents>(event: E, listener: CaptureListener<E>): this {
    this.#emitter.add(event, listener, false);
    return this;
  }

  /** Adds a listener for the next time only. */
  once<E extends keyof CaptureEvents>(event: E, listener: CaptureListener<E>): this {
    this.#emitter.add(event, listener, true);
    return this;
  }

  /** Takes a listener away, one registration a call. */
  off<E extends keyof CaptureEvents>(event: E, listener: CaptureListener<E>): this {
    this.#emitter.remove(event, listener);
    return this;
  }

  /**
   * Iterates the stripes: starts the capture where it does not run, takes over
   * one that was started without a callback, and stops it when the loop is
   * left. A failure of the capture is thrown out of the loop; `stop()` ends it
   * normally. One iterator at a time. The native queue is the only queue: a
   * slow loop sees fewer but current frames.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Stripe, undefined> {
    return new StripeIterator(() => this.#claim());
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Takes a screenshot by a capture whose stripes nobody reads. */
  async #screenshotOnce(options: CheckedScreenshotOptions): Promise<Screenshot> {
    options.signal?.throwIfAborted();
    const shared = this.#openOneShot();
    shared.userCount++;
    try {
      return await shared.run.beside.screenshot(options, shared.capture);
    } finally {
      shared.userCount--;
      if (shared.userCount === 0) {
        this.#oneShots.delete(shared);
        await Promise.allSettled([shared.capture.stop(), shared.run.started]);
      }
    }
  }

  /** The one that serves others already, where it has the present settings; else a new one. */
  #openOneShot(): OneShot {
    const { settings } = this;
    for (const other of this.#oneShots) {
      if (other.settings === settings && other.run.isActive) return other;
    }
    // What the first frame's stripes are is all the same; these are the quickest.
    const cheap = { outputMode: "jpeg", queueFrames: 1, reconnect: false } as const;
    const { captureCursor: given } = settings;
    const captureCursor = given === "stream" ? "none" : given; // the picture is without it in both
    const capture = new ScreenCapture({ ...settings, ...cheap, captureCursor });
    // Its failures are told by the screenshots.
    capture.on("error", () => undefined);
    const run = capture.#begin(undefined);
    run.started.catch(() => undefined);
    const oneShot = { capture, run, settings, userCount: 0 };
    this.#oneShots.add(oneShot);
    return oneShot;
  }

  /** The callback as a function that never throws, and that keeps the object while it may be called. */
  #guarded(
    onStripe: (stripe: Stripe, userData: unknown) => unknown,
    userData: unknown,
  ): (stripe: Stripe) => void {
    const report = (error: unknown) => this.#emitter.emit("error", error);
    return (stripe) => {
      try {
        const result = onStripe(stripe, userData);
        // Resolving follows any thenable; nothing is made for the usual `undefined`.
        if (typeof result === "object" && result !== null) Promise.resolve(result).catch(report);
      } catch (error) {
        report(error);
      }
    };
  }

  /** The run whose changes are asked for. */
  #watched(operation: string): CaptureRun {
    if (this.running && this.#run) return this.#run;
    const text = `${operation}: the capture is not running. Await start() first; it needs no reader.`;
    throw new PixelfluxError("ERR_NOT_RUNNING", operation, text);
  }

  #begin(onStripe: ((stripe: Stripe) => void) | undefined): CaptureRun {
    const run = new CaptureRun(this.#host, onStripe, this.#run);
    this.#run = run;
    if (!onStripe) stopWithReader(this, run);
    return run;
  }

  #claim(): CaptureRun {
    const run = this.running && this.#run ? this.#run : this.#begin(undefined);
    if (run.hasCallback) throw alreadyRunning("iterate", "hands its stripes to a callback.");
    if (run.iterated) throw alreadyRunning("iterate", "is being iterated already.");
    run.iterated = true;
    return run;
  }
}

/** A capture that runs while screenshots of another one wait. */
interface OneShot {
  readonly capture: ScreenCapture;
  readonly run: CaptureRun;
  /** Those of the other one when it was made: `update()` puts others in their place. */
  readonly settings: ResolvedSettings;
  userCount: number;
}

/**
 * The captures of this thread that have not ended, those of a module that
 * `bun --hot` has evaluated anew included: stop them before starting their
 * successors. One that the collector has found is not among them: it is being
 * stopped already.
 */
export function runningCaptures(): readonly ScreenCapture[] {
  const captures = registeredRuns().map(({ capture }) => capture as ScreenCapture | undefined);
  return captures.filter((capture) => capture !== undefined);
}

function alreadyRunning(operation: string, state: string): PixelfluxError {
  const text = `${operation}: this capture ${state} Use a ScreenCapture of its own for each consumer.`;
  return new PixelfluxError("ERR_ALREADY_RUNNING", operation, text);
}
