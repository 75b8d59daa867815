// SPDX-License-Identifier: MPL-2.0
/** The check that counts: a first frame, in each codec. */
import { readFileSync } from "node:fs";
import { capabilities, ScreenCapture } from "../../index.ts";
import { type Check, failed, ok, skipped, warning } from "./check.ts";

const TIMEOUT_MS = 5000;
const CODECS = ["jpeg", "h264"] as const;

/** @param reason - why there is no use in trying; `undefined` where there is. */
export async function captureChecks(display: string, reason: string | undefined): Promise<Check[]> {
  const checks: Check[] = [];
  for (const codec of CODECS) {
    if (reason !== undefined) checks.push(skipped(nameOf(codec), reason));
    else if (capabilities().codecs.includes(codec))
      checks.push(...(await captureCheck(display, codec)));
    else checks.push(missing(codec));
  }
  return checks;
}

function missing(codec: string): Check {
  const words = "the native library was built without this codec";
  return warning(nameOf(codec), words, "build it with x264, or install the package's own");
}

async function captureCheck(display: string, codec: "jpeg" | "h264"): Promise<Check[]> {
  const name = nameOf(codec);
  const startMs = performance.now();
  await using capture = new ScreenCapture({ display, outputMode: codec });
  try {
    const bytes = await firstStripe(capture);
    const ms = Math.round(performance.now() - startMs);
    const words = `${capture.width}x${capture.height} after ${ms} ms, its first stripe has ${bytes} bytes`;
    return [ok(name, words), ...(codec === "jpeg" ? memoryChecks(display) : [])];
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return [failed(name, words, "mend what has failed above, and try again")];
  }
}

/** @returns its size in bytes. */
async function firstStripe(capture: ScreenCapture): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  promise.catch(() => undefined); // the start may fail first
  const seconds = TIMEOUT_MS / 1000;
  const timer = setTimeout(
    () => reject(new Error(`no stripe has come within ${seconds} s`)),
    TIMEOUT_MS,
  );
  capture.on("error", reject);
  try {
    // The start says why there is none; a stripe comes after it, unless the capture hangs.
    await Promise.race([
      promise,
      capture.start((stripe) => {
        resolve(stripe.data.length);
        stripe.release();
      }),
    ]);
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** To be called while a capture runs. A display over TCP cannot share memory. */
function memoryChecks(display: string): Check[] {
  if (display.startsWith("synthetic://")) return [];
  const isShared = readFileSync("/proc/self/maps", "utf8").includes("/memfd:pixelflux");
  if (isShared) return [ok("shared memory", "the X server writes into it")];
  const words =
    "the X server does not share memory with this process: pixels come through the connection";
  const remedy = "use a display of this machine (and of this container) with MIT-SHM 1.2";
  return [warning("shared memory", words, remedy)];
}

function nameOf(codec: string): string {
  return `first frame, ${codec}`;
}
