// SPDX-License-Identifier: MPL-2.0
/** How much a capture does for its viewers: what they chose, and what they can take. Pure. */
import type { Quality } from "../client/messages.ts";
import type { PaceStep } from "./feed.ts";

/** The settings of a capture that pace and quality change; see `CaptureSettings`. */
export interface PacedSettings {
  readonly targetFps: number;
  readonly jpegQuality: number;
  readonly paintOverJpegQuality: number;
  readonly h264Crf: number;
  readonly h264PaintOverCrf: number;
}

const STEP_MAX: PaceStep = 4;
/** By step. Half of a rate needs more than half of its bytes: what moved is larger then. */
const FPS_FACTORS = [1, 0.75, 0.5, 0.33, 0.25] as const;
/** By step: 6 on the scale of CRF are about half of the bytes (x264: 6 double the quantiser). */
const STEP_CRF = 3;
const STEP_JPEG = 10;
/** Of motion, and of the refresh at rest. */
const QUALITY_CRF = { low: [8, 6], normal: [0, 0], high: [-7, -6] } as const;
const QUALITY_JPEG = { low: [-25, -15], normal: [0, 0], high: [15, 8] } as const;
/** Below these a picture is of no use; settings that ask for less get what they ask for. */
const JPEG_MIN = 20;
const CRF_MAX = 45;
const FPS_MIN = 1;

/** What to capture with, where `base` is what was asked for. */
export function pacedSettings(
  base: PacedSettings,
  step: PaceStep,
  quality: Quality,
): PacedSettings {
  const [motionCrf, restCrf] = QUALITY_CRF[quality];
  const [motionJpeg, restJpeg] = QUALITY_JPEG[quality];
  const crf = (value: number, change: number) =>
    Math.max(0, Math.min(value + change + step * STEP_CRF, Math.max(CRF_MAX, value)));
  const jpeg = (value: number, change: number) =>
    Math.min(100, Math.max(value + change - step * STEP_JPEG, Math.min(JPEG_MIN, value)));
  return {
    targetFps: Math.max(FPS_MIN, base.targetFps * FPS_FACTORS[step]),
    jpegQuality: jpeg(base.jpegQuality, motionJpeg),
    paintOverJpegQuality: jpeg(base.paintOverJpegQuality, restJpeg),
    h264Crf: crf(base.h264Crf, motionCrf),
    h264PaintOverCrf: crf(base.h264PaintOverCrf, restCrf),
  };
}

/** Viewers have to be behind for so long, again after each step. */
const DOWN_AFTER_MS = 1000;
/** And to keep up for so long; doubled each time that a step up did not last. */
const UP_AFTER_MS = 5000;
const UP_AFTER_MS_MAX = 60_000;

/** Steps down while every viewer is behind, and up again when they are not. */
export class PaceKeeper {
  #step: PaceStep = 0;
  #changedMs = Number.NEGATIVE_INFINITY;
  /** Since when all have been behind without a break, or not all. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #allBehind = false;
  #upAfterMs = UP_AFTER_MS;
  #wentUp = false;

  get step(): PaceStep {
    return this.#step;
  }

  /**
   * To be called about once a second.
   *
   * @param nowMs - any clock that does not go back.
   * @param allBehind - every viewer, of whom there is at least one, is behind.
   * @returns whether the step has changed.
   */
  note(nowMs: number, allBehind: boolean): boolean {
    if (allBehind !== this.#allBehind) this.#sinceMs = nowMs;
    this.#allBehind = allBehind;
    const forMs = nowMs - Math.max(this.#sinceMs, this.#changedMs);
    if (allBehind && forMs >= DOWN_AFTER_MS && this.#step < STEP_MAX) {
      if (this.#wentUp) this.#upAfterMs = Math.min(this.#upAfterMs * 2, UP_AFTER_MS_MAX);
      return this.#change(1, nowMs);
    }
    if (!allBehind && forMs >= this.#upAfterMs && this.#step > 0) return this.#change(-1, nowMs);
    if (!allBehind && forMs >= UP_AFTER_MS_MAX) this.#upAfterMs = UP_AFTER_MS;
    return false;
  }

  #change(by: 1 | -1, nowMs: number): true {
    this.#step = (this.#step + by) as PaceStep;
    this.#wentUp = by < 0;
    this.#changedMs = nowMs;
    return true;
  }
}
