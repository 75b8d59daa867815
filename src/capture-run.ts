// SPDX-License-Identifier: MPL-2.0
/** One run of a capture, from `start()` until its native threads are gone. */
import { type RegisteredRun, registerRun, unregisterRun } from "./capture-registry.ts";
import { PixelfluxError } from "./errors.ts";
import { TurnBudget, TurnPump } from "./event-loop.ts";
import { DisplayWatch } from "./events.ts";
import {
  DRAIN_COUNT_MAX,
  NativeCapture,
  type NativeState,
  type NativeStripe,
} from "./native/capture.ts";
import { releaseStripeBuffer } from "./native/stripe-buffer.ts";
import { type PollListener, PollWorker } from "./poll-worker.ts";
import { abortedError, isAborted, pollError, type RunHost, type RunPhase } from "./run-phase.ts";
import { nativeSettings, type ResolvedSettings } from "./settings.ts";
import { SideStreams } from "./side-streams.ts";
import { type CaptureStats, RunStats } from "./stats.ts";
import { Stripe } from "./stripe.ts";

/** Stripes one step of an iterator takes: the native queue is to be the only queue. */
const ITERATION_DRAIN_COUNT = 1;

/** One run. Used on the thread of its realm alone. */
export class CaptureRun implements PollListener, RegisteredRun {
  /** Resolves with the first frame; rejects where there never was one. */
  readonly started: Promise<void>;
  /** Resolves when nothing native is left, however the run ended. Never rejects. */
  readonly finished: Promise<void>;
  /** An iterator takes the stripes. */
  iterated = false;
  /** The frame's size in px as last drained; 0 before the first frame. */
  width = 0;
  height = 0;
  /** What may be asked of it but its stripes, also before the native start. */
  readonly beside: SideStreams;

  readonly #host: RunHost;
  readonly #onStripe: ((stripe: Stripe) => void) | undefined;
  readonly #startedSettle = Promise.withResolvers<void>();
  readonly #finishedSettle = Promise.withResolvers<void>();
  readonly #stats = new RunStats();
  readonly #display: DisplayWatch;
  #phase: RunPhase = "waiting";
  #hasStarted = false;
  #native: NativeCapture | undefined;
  #failure: unknown;
  #resizeCount = 0;
  #endedCount = 0;
  /** Taken from a failed native capture before it was freed, for the iterator. */
  #leftover: NativeStripe[] = [];
  #wakeIterator: (() => void) | undefined;
  readonly #pump = new TurnPump(() => this.#deliverBatch());
  readonly #turn = new TurnBudget();

  /**
   * Begins at once, or when `previous` has finished.
   *
   * @param onStripe - gets every stripe and never throws; without it, {@link next} is to be
   *   called.
   */
  constructor(
    host: RunHost,
    onStripe: ((stripe: Stripe) => void) | undefined,
    previous: CaptureRun | undefined,
  ) {
    this.#host = host;
    this.#display = new DisplayWatch(host.emitter);
    this.#onStripe = onStripe;
    this.beside = new SideStreams(host, {
      isActive: () => this.isActive,
      guard: (step) => this.#guard(step),
    });
    this.started = this.#startedSettle.promise;
    this.finished = this.#finishedSettle.promise;
    void this.#begin(previous);
  }

  get capture(): object | undefined {
    return this.#host.capture.deref();
  }

  /** Neither asked to stop nor failed. */
  get isActive(): boolean {
    return this.#phase === "waiting" || this.#phase === "starting" || this.#phase === "running";
  }

  /** A first frame has been grabbed. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  get hasCallback(): boolean {
    return this.#onStripe !== undefined;
  }

  /** Nothing is delivered from here on. May be repeated. */
  requestStop(): void {
    if (this.#phase === "stopping" || this.#phase === "ended") return;
    this.#phase = "stopping";
    this.#failure = undefined;
    this.#native?.stop();
    this.beside.end(undefined);
    this.#releaseLeftover();
    if (!this.#hasStarted) this.#startedSettle.reject(abortedError());
    this.#wake();
  }

  /** Sends the host's present settings to the native side, where there is one. */
  update(settings: ResolvedSettings): void {
    if (this.isActive) this.#native?.update(nativeSettings(settings));
  }

  requestKeyframe(): void {
    // Before the native start there is nothing to ask for: the first frame is complete.
    this.#native?.requestKeyframe();
  }

  stats(): CaptureStats {
    if (this.#native) this.#stats.readNative(this.#native);
    return this.#stats.read();
  }

  /**
   * The next stripe, for an iterator; `undefined` after `stop()`.
   *
   * @throws the failure that ended the run, once.
   */
  async next(): Promise<Stripe | undefined> {
    if (!(await this.#hasFrames())) return undefined;
    for (;;) {
      await this.#turn.yieldIfSpent();
      const stripe = this.#leftover.shift() ?? this.#drainOne();
      if (stripe) return this.#handOut(stripe);
      if (this.#phase === "stopping" || this.#phase === "ended") break;
      await new Promise<void>((resolve) => {
        this.#wakeIterator = resolve;
      });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return undefined;
  }

  onNews(): void {
    this.beside.take();
    if (this.#onStripe) {
      this.#pump.request();
    } else if (this.#wakeIterator) {
      this.#wake();
    } else if (!this.#hasStarted) {
      this.#guard(() => this.#drain(0));
    }
    // Else nobody has asked for a stripe: leaving the news unread holds the capture back.
  }

  onEnded(): void {
    this.beside.takeScreenshots();
    this.#guard(() => this.#takeLeftover());
    this.#guard(() => this.beside.keepTapped());
    this.#finish();
  }

  onFailed(message: string): void {
    this.#fail(pollError(this.#operation, message));
    this.#finish();
  }

  requestNativeStop(): void {
    this.#native?.stop();
  }

  freeWithin(timeoutMs: number): void {
    if (this.#native?.waitForEnd(timeoutMs)) this.#native.free();
    this.#detach();
    this.#phase = "ended";
  }

  async #begin(previous: CaptureRun | undefined): Promise<void> {
    if (previous) await previous.finished;
    if (this.isActive) {
      try {
        this.#phase = "starting";
        this.#startNative();
        return;
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#finish();
  }

  #startNative(): void {
    const native = NativeCapture.start(nativeSettings(this.#host.settings));
    this.#native = native;
    registerRun(this);
    this.beside.begin(native);
    PollWorker.acquire().watch({ libraryPath: native.library.path, handle: native.handle }, this);
  }

  /** Waits for the first frame; false where `stop()` came before it. */
  async #hasFrames(): Promise<boolean> {
    try {
      await this.started;
      return true;
    } catch (error) {
      if (this.#phase === "stopping" || isAborted(error)) return false;
      throw error;
    }
  }

  /** One step of the callback style; returns whether stripes still wait. */
  #deliverBatch(): boolean {
    let queuedCount = 0;
    this.#guard(() => {
      if (!this.isActive) return;
      const state = this.#drain(DRAIN_COUNT_MAX);
      queuedCount = state.queuedCount;
      this.#deliver();
      if (queuedCount === 0) this.#tellEndedFrame(state);
    });
    return queuedCount > 0;
  }

  #drain(capacity: number): NativeState {
    const state = this.#requireNative().drain(capacity);
    this.width = state.width;
    this.height = state.height;
    // A display that is lost already was captured before.
    const hasRun = state.phase === "running" || state.phase === "reconnecting";
    if (hasRun && this.#phase === "starting") {
      this.#phase = "running";
      this.#hasStarted = true;
      this.#startedSettle.resolve();
    }
    this.#display.note(state.phase, () => this.#failureOf(state));
    if (state.resizeCount !== this.#resizeCount) {
      this.#resizeCount = state.resizeCount;
      this.#host.emitter.emit("resize", { width: state.width, height: state.height });
    }
    return state;
  }

  #drainOne(): NativeStripe | undefined {
    if (!this.#native || this.#phase !== "running") return undefined;
    let stripe: NativeStripe | undefined;
    this.#guard(() => {
      const state = this.#drain(ITERATION_DRAIN_COUNT);
      stripe = this.#take();
      if (!stripe) this.#tellEndedFrame(state);
    });
    return stripe;
  }

  /** To be called when all that was drained with this state has been handed out. */
  #tellEndedFrame({ endedCount }: NativeState): void {
    if (endedCount === this.#endedCount || !this.isActive) return;
    this.#endedCount = endedCount;
    this.#host.emitter.emit("frame", { frameId: (endedCount - 1) >>> 0 });
  }

  /** The next drained stripe; whatever was drained is given back once nothing may be delivered. */
  #take(): NativeStripe | undefined {
    const native = this.#native;
    if (!native) return undefined;
    if (this.#phase === "running" || (this.#phase === "failing" && this.#hasStarted)) {
      return native.take(this.#stats.collected);
    }
    native.discard((stripe) => this.#stats.countDiscarded(stripe));
    return undefined;
  }

  #handOut(stripe: NativeStripe): Stripe {
    this.#stats.countDelivered(stripe);
    return new Stripe(stripe);
  }

  #deliver(): void {
    for (let stripe = this.#take(); stripe !== undefined; stripe = this.#take()) {
      this.#onStripe?.(this.#handOut(stripe));
    }
  }

  /** What a native capture that ended of itself still holds: its error and its last stripes. */
  #takeLeftover(): void {
    while (this.isActive || this.#phase === "failing") {
      const state = this.#drain(DRAIN_COUNT_MAX);
      if (state.phase === "failed" && this.isActive) {
        this.#fail(this.#failureOf(state));
      }
      if (this.#onStripe) {
        this.#deliver();
      } else {
        for (let stripe = this.#take(); stripe !== undefined; stripe = this.#take()) {
          this.#leftover.push(stripe);
        }
      }
      if (state.queuedCount === 0) return;
    }
  }

  /** Ends the run because of an error; the first one counts. */
  #fail(error: unknown): void {
    if (!this.isActive) return;
    this.#phase = "failing";
    this.#failure = error;
    this.#native?.stop();
  }

  /** Runs a step that can only fail if the library or the memory is broken, which ends the run. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The native threads are gone, or never were: gives back, and tells everybody. */
  #finish(): void {
    if (this.#native) {
      this.#stats.readNative(this.#native);
      this.#native.free();
      this.#detach();
      unregisterRun(this);
    }
    const wasStopped = this.#phase === "stopping";
    this.#phase = "ended";
    if (!this.#hasStarted) {
      this.#startedSettle.reject(this.#failure ?? abortedError());
    } else {
      if (!wasStopped && !this.iterated && this.#failure !== undefined) {
        this.#host.emitter.emit("error", this.#failure);
      }
      this.#host.emitter.emit("stop");
    }
    this.beside.end(this.#failure);
    this.#wake();
    this.#finishedSettle.resolve();
  }

  #detach(): void {
    this.#native = undefined;
    this.beside.detach();
  }

  #releaseLeftover(): void {
    for (const stripe of this.#leftover) {
      releaseStripeBuffer(stripe.buffer);
      this.#stats.countDiscarded(stripe);
    }
    this.#leftover = [];
  }

  #wake(): void {
    const wake = this.#wakeIterator;
    this.#wakeIterator = undefined;
    wake?.();
  }

  #failureOf(state: NativeState): PixelfluxError {
    return this.#requireNative().failure(state, this.#operation);
  }

  /** What a failure now is a failure of. */
  get #operation(): string {
    return this.#hasStarted ? "capture" : "start";
  }

  #requireNative(): NativeCapture {
    if (this.#native) return this.#native;
    throw new PixelfluxError("ERR_NOT_RUNNING", "capture", "capture: nothing native is left");
  }
}
