// SPDX-License-Identifier: MPL-2.0
/**
 * pixelflux-ffi: screen capture for Bun. The changed stripes of a screen as
 * JPEG or H.264, encoded natively, over bun:ffi.
 */
export { runningCaptures, ScreenCapture } from "./capture.ts";
export type { CaptureSettings, ResolvedSettings } from "./capture-settings.ts";
export type {
  Change,
  ChangeOptions,
  Changes,
  Stability,
  WaitForChangeOptions,
  WaitForStableOptions,
  WaitOptions,
} from "./changes.ts";
export {
  CURSOR_IMAGE_COUNT_MAX,
  CURSOR_SIDE_PX_MAX,
  type CursorEvent,
  type CursorImage,
  type CursorState,
} from "./cursor.ts";
export { type ErrorCode, PixelfluxError, type PixelfluxErrorOptions } from "./errors.ts";
export type { CaptureEvents, CaptureListener, FrameEvent, ResizeEvent } from "./events.ts";
export type { FrameSize, PushedFrame, TakenOptions } from "./frame-push.ts";
export { FrameSource } from "./frame-source.ts";
export type { FrameTap, TapOptions, TappedFrame } from "./frame-tap.ts";
export type { CaptureLatency, LatencySummary } from "./latency.ts";
export { type Capabilities, type Codec, capabilities } from "./native/capabilities.ts";
export { monotonicUs } from "./native/clock.ts";
export { type MemoryUsage, memoryUsage } from "./native/memory.ts";
export type {
  Region,
  Screenshot,
  ScreenshotFormat,
  ScreenshotOptions,
} from "./screenshot.ts";
export type { CaptureStats } from "./stats.ts";
export type { Stripe } from "./stripe.ts";
export { listMonitors, listWindows, type Monitor, type WindowDescription } from "./where.ts";
