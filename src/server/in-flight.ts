// SPDX-License-Identifier: MPL-2.0
/** Frames that a viewer has been sent and has not acknowledged. Pure. */

/** Frames that may be under way to a viewer that keeps up: a second of the highest rate. */
const WINDOW_MAX = 240;
/** Acknowledgements carry so much of a frame's number. */
const FRAME_ID_MASK = 0xffff;

interface SentFrame {
  readonly frameId: number;
  readonly sentMs: number;
  readonly grabbedUs: number;
}

/**
 * How many frames may be under way. What a slow link holds lies in the kernel's
 * buffers, where a server does not see it; so the age of what is not acknowledged
 * counts. A viewer that is later than it may be gets its next frame when it has
 * shown the last one, and as it catches up two, four and so on (the slow start
 * of RFC 5681, 3.1). One that never acknowledges is not limited.
 */
export class InFlight {
  readonly #lagMs: number;
  #frames: SentFrame[] = [];
  #window = WINDOW_MAX;
  #acknowledges = false;
  #latencyMs: number | undefined;

  constructor(lagMs: number) {
    this.#lagMs = lagMs;
  }

  /** From the grab of the frame acknowledged last to its acknowledgement, in ms. */
  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  /** Whether a further frame may be sent now. */
  hasRoom(nowMs: number): boolean {
    if (!this.#acknowledges) return true;
    const [oldest] = this.#frames;
    if (oldest === undefined) return true;
    if (nowMs - oldest.sentMs > this.#lagMs) this.#window = 1;
    return this.#frames.length < this.#window;
  }

  /** @param grabbedUs - when the frame's pixels were grabbed, in µs of the feed's clock. */
  add(frameId: number, nowMs: number, grabbedUs: number): void {
    this.#frames.push({ frameId: frameId & FRAME_ID_MASK, sentMs: nowMs, grabbedUs });
    if (this.#frames.length > WINDOW_MAX) this.#frames.shift();
  }

  /** Takes an acknowledgement of a frame and all before it; one of an unknown frame says nothing. */
  acknowledge(frameId: number, nowMs: number, nowUs: number): void {
    const index = this.#frames.findLastIndex((frame) => frame.frameId === frameId);
    const frame = this.#frames[index];
    if (frame === undefined) return;
    this.#acknowledges = true;
    this.#frames = this.#frames.slice(index + 1);
    this.#latencyMs = (nowUs - frame.grabbedUs) / 1000;
    const late = nowMs - frame.sentMs > this.#lagMs;
    this.#window = late ? 1 : Math.min(this.#window * 2, WINDOW_MAX);
  }

  /** What is under way counts no longer: the viewer had stopped showing, or cannot use it. */
  clear(): void {
    this.#frames = [];
  }
}
