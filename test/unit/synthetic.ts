// SPDX-License-Identifier: MPL-2.0
// What the tests on the synthetic source share.
import { expect } from "bun:test";
import {
  type CaptureSettings,
  memoryUsage,
  type PixelfluxError,
  ScreenCapture,
  type Stripe,
} from "../../src/index.ts";
import { waitFor } from "../support/process.ts";

/** A picture that changes 60 times a second. */
export const MOVING = "synthetic://640x480@60";

/** A picture that never changes. */
export const STILL = "synthetic://640x480@0";

/** A capture of {@link MOVING}, or of the display given. */
export function makeCapture(settings: CaptureSettings = {}): ScreenCapture {
  return new ScreenCapture({ display: MOVING, ...settings });
}

/** Starts a capture that releases its stripes and counts them. */
export async function startCounting(
  capture: ScreenCapture,
  onStripe: (stripe: Stripe) => unknown = () => undefined,
): Promise<{ count: number }> {
  const seen = { count: 0 };
  await capture.start((stripe) => {
    seen.count += 1;
    try {
      return onStripe(stripe);
    } finally {
      stripe.release();
    }
  });
  return seen;
}

/** Runs a capture until `count` stripes have come, which then belong to the caller. */
export async function collectStripes(capture: ScreenCapture, count: number): Promise<Stripe[]> {
  const stripes: Stripe[] = [];
  const enough = Promise.withResolvers<void>();
  await capture.start((stripe) => {
    if (stripes.length < count) stripes.push(stripe);
    else stripe.release();
    if (stripes.length === count) enough.resolve();
  });
  await enough.promise;
  await capture.stop();
  return stripes;
}

/** The error a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<PixelfluxError> {
  const settled = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (!settled) throw new Error("the promise was fulfilled");
  return settled.error as PixelfluxError;
}

/** Waits until no native capture, thread or lent stripe is left in this process. */
export async function expectNothingLeft(): Promise<void> {
  await waitFor("stripes to be freed", () => {
    Bun.gc(true);
    return memoryUsage().lentCount === 0;
  });
  expect(memoryUsage()).toEqual({
    captureCount: 0,
    threadCount: 0,
    lentCount: 0,
    lentBytes: 0,
    bufferBytes: 0,
    frameSourceCount: 0,
  });
}
