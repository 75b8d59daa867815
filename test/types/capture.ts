// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi", and what they may not.
import {
  type Capabilities,
  type CaptureSettings,
  type CaptureStats,
  type Codec,
  capabilities,
  type ErrorCode,
  type MemoryUsage,
  type memoryUsage,
  type monotonicUs,
  PixelfluxError,
  type ResolvedSettings,
  runningCaptures,
  ScreenCapture,
  type Screenshot,
  type ScreenshotFormat,
  type Stripe,
} from "pixelflux-ffi";
import { same } from "./equal.ts";

declare const capture: ScreenCapture;
declare const stripe: Stripe;
declare const anyText: string;
declare const maybe: number | undefined;

export function settings(): void {
  new ScreenCapture();
  new ScreenCapture({});
  new ScreenCapture({ outputMode: "h264", stripeHeight: "auto", watermarkLocation: "middle" });
  new ScreenCapture({ stripeHeight: 64, captureWidth: maybe, display: undefined });
  capture.update({ targetFps: 30 });
  capture.update(capture.settings);
  // @ts-expect-error a codec that there is not
  new ScreenCapture({ outputMode: "h265" });
  // @ts-expect-error any text
  new ScreenCapture({ outputMode: anyText });
  // @ts-expect-error a number as text
  new ScreenCapture({ targetFps: "60" });
  // @ts-expect-error a number for a flag
  new ScreenCapture({ captureCursor: 1 });
  // @ts-expect-error neither rows nor "auto"
  new ScreenCapture({ stripeHeight: "all" });
  // @ts-expect-error a place that there is not
  new ScreenCapture({ watermarkLocation: "centre" });
  // @ts-expect-error a kind of header that there is not
  new ScreenCapture({ stripeHeader: "selkies" });
  // @ts-expect-error a refresh that there is not
  capture.update({ h264PaintOver: "never" });
  // @ts-expect-error a misspelt setting
  new ScreenCapture({ captureWith: 640 });
  // @ts-expect-error null is no default
  new ScreenCapture({ display: null });
  // @ts-expect-error no settings are nothing at all, or {}
  new ScreenCapture(null);

  same<CaptureSettings["outputMode"], Codec | undefined>(true);
  same<ResolvedSettings["outputMode"], Codec>(true);
  same<ResolvedSettings["targetFps"], number>(true);
  same<ResolvedSettings["captureWidth"], number | undefined>(true);
  same<keyof ResolvedSettings, keyof CaptureSettings>(true);
  // @ts-expect-error resolved settings are frozen
  capture.settings.targetFps = 10;
  // @ts-expect-error sizes are told, not set
  capture.width = 10;
}

export async function stripes(): Promise<void> {
  await capture.start();
  await capture.start((each) => same<typeof each, Stripe>(true));
  await capture.start((each, userData) => [each.size, userData], { any: "thing" });
  // @ts-expect-error a stripe is no text
  await capture.start((each: string) => each);
  // @ts-expect-error no function
  await capture.start("callback");
  for await (const each of capture) same<typeof each, Stripe>(true);
  {
    using own = stripe;
    await using stopped = capture;
    same<typeof own.type, "jpeg" | "h264" | "copy">(true);
    same<typeof own.data, Uint8Array<ArrayBuffer>>(true);
    same<typeof own.sourceX, number | undefined>(true);
    same<typeof stopped.running, boolean>(true);
  }
  new Response(stripe.payload);
  if (stripe.type === "copy") {
    // @ts-expect-error it has been found to be another
    stripe.type === "jpeg";
  }
  // @ts-expect-error the bytes are there to be read; other bytes are another stripe's
  stripe.data = new Uint8Array(4);
  // @ts-expect-error stripes come from captures
  new (await import("pixelflux-ffi")).Stripe();
}

export function events(): void {
  same<ReturnType<typeof capture.stop>, Promise<void>>(true);
  capture
    .on("error", (error) => same<typeof error, unknown>(true))
    .on("disconnect", (error) => same<typeof error, PixelfluxError>(true))
    .on("resize", ({ width, height }) => width * height)
    .once("frame", ({ frameId }) => same<typeof frameId, number>(true))
    .once("stop", () => undefined)
    .off("reconnect", () => undefined);
  // @ts-expect-error an event that there is not
  capture.on("close", () => undefined);
  // @ts-expect-error a listener that wants more than it gets
  capture.on("stop", (reason: string) => reason);
  // @ts-expect-error of another event
  capture.on("frame", ({ width }) => width);
}

export async function screenshots(signal: AbortSignal): Promise<void> {
  using shot = await capture.screenshot();
  same<typeof shot, Screenshot>(true);
  same<ScreenshotFormat, "png" | "jpeg" | "raw">(true);
  same<typeof shot.data, Uint8Array<ArrayBuffer>>(true);
  await capture.screenshot({ format: "jpeg", quality: 80, signal });
  await capture.screenshot({ region: { x: 0, y: 0, width: 10, height: 10 }, quality: maybe });
  // @ts-expect-error a format that there is not
  await capture.screenshot({ format: "webp" });
  // @ts-expect-error a region without a height
  await capture.screenshot({ region: { x: 0, y: 0, width: 10 } });
  // @ts-expect-error the controller, not its signal
  await capture.screenshot({ signal: new AbortController() });
  // @ts-expect-error no option of a screenshot
  await capture.screenshot({ outputMode: "jpeg" });
}

export function errors(error: unknown): string {
  if (!(error instanceof PixelfluxError)) return "";
  same<typeof error.code, ErrorCode>(true);
  same<typeof error.field, string | undefined>(true);
  // @ts-expect-error a code that there is not
  if (error.code === "ERR_WHATEVER") return "";
  // @ts-expect-error codes are told, not set
  error.code = "ERR_ABORTED";
  return error.message;
}

export function figures(): void {
  same<ReturnType<typeof capabilities>, Capabilities>(true);
  same<Capabilities["codecs"], readonly Codec[]>(true);
  same<ReturnType<typeof memoryUsage>, MemoryUsage>(true);
  same<ReturnType<typeof capture.stats>, CaptureStats>(true);
  same<ReturnType<typeof monotonicUs>, number>(true);
  for (const each of runningCaptures()) same<typeof each, ScreenCapture>(true);
  // @ts-expect-error what can be done is told, not set
  capabilities().version = "2";
}
