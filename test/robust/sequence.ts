// SPDX-License-Identifier: MPL-2.0
// Random sequences of everything that a user can do to a capture, wise or not.
import {
  type CaptureSettings,
  type ErrorCode,
  PixelfluxError,
  runningCaptures,
  ScreenCapture,
  type Stripe,
} from "../../src/index.ts";
import { random } from "../support/random.ts";

/** How long an operation is waited for. */
const WAIT_MS_MAX = 30;

type Random = (limit: number) => number;

/** What a random sequence may be answered with. */
const ALLOWED_CODES: readonly ErrorCode[] = [
  "ERR_ABORTED",
  "ERR_ALREADY_RUNNING",
  "ERR_DISPLAY_OPEN",
  "ERR_INVALID_SETTING",
  "ERR_NOT_RUNNING",
  "ERR_REGION_OFF_SCREEN",
  "ERR_RELEASED",
];

/** Thrown by callbacks and loop bodies on purpose. */
class Meant extends Error {}

export type FindingsReport = Pick<
  Findings,
  "sequences" | "operations" | "stripes" | "refusals" | "faults"
>;

/** What happened in a number of sequences. */
export class Findings {
  sequences = 0;
  operations = 0;
  stripes = 0;
  /** Errors of ours, by code. */
  readonly refusals: { [code: string]: number } = {};
  /** Whatever should not have happened. */
  readonly faults: string[] = [];

  /** To be called with everything that was thrown. */
  readonly note = (error: unknown): void => {
    if (error instanceof Meant) return;
    if (error instanceof PixelfluxError && ALLOWED_CODES.includes(error.code)) {
      this.refusals[error.code] = (this.refusals[error.code] ?? 0) + 1;
    } else {
      this.faults.push(error instanceof Error ? (error.stack ?? String(error)) : String(error));
    }
  };

  /** As plain values. */
  report(): FindingsReport {
    const { sequences, operations, stripes, refusals, faults } = this;
    return { sequences, operations, stripes, refusals, faults };
  }

  /** Called at every step of a sequence; may end the process. */
  onOperation = (): void => undefined;
  /** Called with every stripe; may end the process. */
  onStripe = (): void => undefined;
}

function pick<T>(next: Random, values: readonly T[]): T {
  return values[next(values.length)] as T;
}

function randomSettings(next: Random): CaptureSettings {
  const moving = ["synthetic://160x96@500", "synthetic://97x65@240", "synthetic://320x200@60"];
  const display = next(30) === 0 ? ":7777" : pick(next, [...moving, "synthetic://160x96@0"]);
  return { display, targetFps: 240, queueFrames: 1 + next(3), ...randomChange(next) };
}

/** Settings that may be changed at any time; one in ten is refused. */
function randomChange(next: Random): CaptureSettings {
  const change: CaptureSettings = {
    outputMode: pick(next, ["jpeg", "h264"]),
    h264FullFrame: next(4) === 0,
    stripeHeight: pick(next, ["auto", 16, 64]),
    h264PaintOver: pick(next, ["idr", "refine"]),
    paintOverTriggerFrames: 1 + next(5),
    captureWidth: pick(next, [undefined, 33, 64]),
  };
  return next(10) === 0 ? { ...change, captureX: pick(next, [-1, 400]) } : change;
}

function randomCapture(findings: Findings, next: Random): ScreenCapture {
  try {
    return new ScreenCapture(randomSettings(next));
  } catch (error) {
    findings.note(error);
    return new ScreenCapture({ display: "synthetic://160x96@500" });
  }
}

/** One capture of a sequence, and what was begun with it. */
class Subject {
  readonly #findings: Findings;
  readonly #next: Random;
  readonly #inCallback: Random;
  readonly #capture: ScreenCapture;
  readonly #kept: Stripe[] = [];
  #iterator: AsyncIterator<Stripe, undefined> | undefined;

  constructor(findings: Findings, next: Random) {
    this.#findings = findings;
    this.#next = next;
    // How often a callback is called depends on time; what the sequence does must not.
    this.#inCallback = random(next(2 ** 31));
    this.#capture = randomCapture(findings, next);
    this.#capture.on("error", findings.note);
  }

  /** Runs one random operation; half of those that take time are not waited for. */
  async step(): Promise<void> {
    const operation = pick(this.#next, this.#operations);
    this.#findings.operations += 1;
    this.#findings.onOperation();
    const done = operation().catch(this.#findings.note);
    // On a still screen the next stripe may never come.
    if (this.#next(2) === 0) await Promise.race([done, Bun.sleep(WAIT_MS_MAX)]);
  }

  /** Ends the capture, or leaves it to whoever finds it. */
  async end(): Promise<void> {
    if (this.#next(3) > 0) await this.#capture.stop();
    if (this.#next(2) > 0) for (const stripe of this.#kept) stripe.release();
  }

  readonly #operations: readonly (() => Promise<unknown>)[] = [
    () => this.#capture.start((stripe) => this.#receive(stripe)),
    () => this.#capture.start((stripe) => this.#receive(stripe)),
    () => this.#capture.start(),
    () => this.#capture.stop(),
    async () => this.#capture.update(randomChange(this.#next)),
    async () => this.#capture.requestKeyframe(),
    async () => this.#capture.stats().latency.total.count + this.#capture.width,
    async () => this.#useKept(),
    () => this.#takeScreenshot(),
    () => this.#loop(1 + this.#next(6), this.#next(20)),
    () => this.#loop(1 + this.#next(6), this.#next(20)),
    () => this.#stepByHand(1 + this.#next(4)),
    async () => this.#iterator?.return?.(),
    async () => this.#iterator?.throw?.(new Meant()),
    () => Bun.sleep(this.#next(6)),
    () => Bun.sleep(this.#next(12)),
  ];

  /** Of any state of the capture; given back, or left to the collector. */
  async #takeScreenshot(): Promise<void> {
    const format = pick(this.#next, ["png", "jpeg", "raw"] as const);
    const region = pick(this.#next, [undefined, { x: 3, y: 2, width: 40, height: 31 }]);
    const signal = this.#next(3) === 0 ? AbortSignal.timeout(this.#next(10)) : undefined;
    const isKept = this.#next(4) === 0;
    const taking = this.#capture.screenshot({ format, region, signal });
    const shot = await taking.catch((error) => {
      if (error !== signal?.reason) throw error;
    });
    if (shot && shot.data.length === 0) throw new Error("a screenshot without bytes");
    if (!isKept) shot?.release();
  }

  #receive(stripe: Stripe): unknown {
    this.#findings.stripes += 1;
    this.#findings.onStripe();
    switch (this.#inCallback(24)) {
      case 0:
        throw new Meant();
      case 1:
        return Promise.reject(new Meant());
      case 2:
        return this.#capture.stop();
      case 3:
        return this.#capture.update(randomChange(this.#inCallback));
      case 4:
        return this.#capture.requestKeyframe();
      case 5:
        return this.#capture.start();
      case 6:
      case 7:
        return this.#kept.push(stripe);
      case 8:
        return undefined; // left to the collector
      default:
        return stripe.release();
    }
  }

  /** A loop that is left in one of three ways, or ended from outside where stripes run out. */
  async #loop(count: number, stopAfterMs: number): Promise<void> {
    const timer = setTimeout(() => void this.#capture.stop(), stopAfterMs);
    let seen = 0;
    try {
      for await (const stripe of this.#capture) {
        await this.#receive(stripe);
        if (++seen < count) continue;
        if (count % 2 === 0) throw new Meant();
        break;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks for stripes, several at once, and keeps or drops the iterator half way. */
  async #stepByHand(count: number): Promise<void> {
    const iterator = this.#capture[Symbol.asyncIterator]();
    if (this.#inCallback(2) === 0) this.#iterator = iterator;
    const steps = Array.from({ length: count }, () => iterator.next());
    for (const { value } of await Promise.all(steps)) if (value) this.#kept.push(value);
  }

  /** What may be done with a stripe at any time, released or not. */
  #useKept(): void {
    const stripe = pick(this.#next, this.#kept);
    if (!stripe) return;
    if (this.#next(2) === 0) stripe.release();
    if (stripe.released !== (stripe.data.length === 0)) throw new Error("released, with bytes");
    stripe.copy();
  }
}

/** Runs one sequence: up to three captures, up to fourteen operations. */
export async function runSequence(findings: Findings, seed: number): Promise<void> {
  const next = random(seed);
  const subjects = Array.from({ length: 1 + next(3) }, () => new Subject(findings, next));
  for (let left = 3 + next(12); left > 0; left--) await pick(next, subjects).step();
  await Promise.all(subjects.map((subject) => subject.end()));
  findings.sequences += 1;
}

/** Captures that sequences may leave running in one realm; the library's limit is 64 a process. */
const RUNNING_COUNT_MAX = 10;

/** Runs sequences one after the other. Captures that they left are stopped when they get many. */
export async function runSequences(findings: Findings, seed: number, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await runSequence(findings, seed + index);
    if (runningCaptures().length > RUNNING_COUNT_MAX) await stopAll();
  }
}

/** Stops whatever is left running in this realm. */
export async function stopAll(): Promise<void> {
  await Promise.all(runningCaptures().map((capture) => capture.stop()));
}
