// SPDX-License-Identifier: MPL-2.0
/** What to capture and how to encode it, as a caller says it. */
import type { FrameSource } from "./frame-source.ts";

/**
 * Settings of a {@link ScreenCapture}. All are optional; `undefined` means the
 * default. Fields are live (`update()` changes them from the next frame on)
 * unless they say otherwise.
 */
export interface CaptureSettings {
  /**
   * X display, as in `":0"` or `"host:1.0"`; or the built-in test source, as in
   * `"synthetic://640x480@60"` (size in px, changes a second). 1…255 bytes of
   * UTF-8. Default: `$DISPLAY`, else `":0"`. Not live.
   */
  display?: string | undefined;
  /**
   * Frames that this program makes itself, in place of a display: one or the other.
   * What `captureX` and the like select is a part of them. They have no pointer.
   * Default: none. Not live.
   */
  source?: FrameSource | undefined;
  /** Width of the region in px, 1…16384, odd ones too. Default: the rest of the screen. */
  captureWidth?: number | undefined;
  /** Height of the region in px, 1…16384, odd ones too. Default: the rest of the screen. */
  captureHeight?: number | undefined;
  /** Left edge of the region in px, 0…32767. Default: 0. */
  captureX?: number | undefined;
  /** Top edge of the region in px, 0…32767. Default: 0. */
  captureY?: number | undefined;
  /** Upper bound of the frame rate in frames a second, 1…240, fractions too. Default: 60. */
  targetFps?: number | undefined;
  /**
   * Where the pointer goes: `"blend"` into the pixels, `"stream"` beside them, told of
   * by the event `cursor` for somebody else to draw it, so that its moves cost no
   * stripes and do not wait for any. `true` is `"blend"`, `false` is `"none"`.
   * Default: `"none"`.
   */
  captureCursor?: "blend" | "stream" | "none" | boolean | undefined;
  /** Codec of the stripes. Default: `"jpeg"`. */
  outputMode?: "jpeg" | "h264" | undefined;
  /**
   * JPEG quality of changes in motion, 0…100, higher is better: the first change
   * of a row has `paintOverJpegQuality`, each further one 1 less, down to this.
   * Default: 75.
   */
  jpegQuality?: number | undefined;
  /** JPEG quality of stripes that have come to rest, 0…100. Default: 90. */
  paintOverJpegQuality?: number | undefined;
  /** JPEG in 4:4:4 instead of 4:2:0. Default: false. */
  jpegFullColor?: boolean | undefined;
  /**
   * H.264 quality of changes on x264's scale of CRF, 0…51, lower is better. It
   * is kept picture by picture: changes are coded with this quantiser, and with
   * one 3 higher while a stripe is busy, as video is at this CRF. Default: 25.
   */
  h264Crf?: number | undefined;
  /**
   * Quantiser of the refresh at rest, 0…51. Where it is not lower than
   * `h264Crf` there is no refresh. Default: 18.
   */
  h264PaintOverCrf?: number | undefined;
  /**
   * The H.264 refresh at rest: `"idr"` sends the stripe complete, `"refine"` a
   * P-frame at the lower quantiser that costs only what changed. Default: `"idr"`.
   */
  h264PaintOver?: "idr" | "refine" | undefined;
  /** H.264 in 4:4:4 instead of 4:2:0. Default: false. */
  h264FullColor?: boolean | undefined;
  /** One H.264 encoder for the whole frame instead of one a stripe. Default: false. */
  h264FullFrame?: boolean | undefined;
  /** Rows a stripe: a multiple of 16 from 16 to 1024, or `"auto"`. Default: `"auto"`. */
  stripeHeight?: "auto" | number | undefined;
  /** Refresh stripes that have come to rest; false: never, in either codec. Default: true. */
  usePaintOverQuality?: boolean | undefined;
  /** Frame times without a change before the refresh, 1…1000. Default: 15. */
  paintOverTriggerFrames?: number | undefined;
  /** Changes in a row before a stripe counts as busy, 0…1000; 0 = never. Default: 10. */
  damageBlockThreshold?: number | undefined;
  /** Frames a stripe stays busy, 1…1000. Default: 30. */
  damageBlockDuration?: number | undefined;
  /** PNG file to draw over the frame, at most 4095 bytes of UTF-8. Default: none. */
  watermarkPath?: string | undefined;
  /** Where the watermark goes. Default: `"none"`. */
  watermarkLocation?:
    | "none"
    | "top-left"
    | "top-right"
    | "bottom-left"
    | "bottom-right"
    | "middle"
    | "animated"
    | undefined;
  /**
   * Bytes in front of each stripe: those of today's web clients, of pixelflux
   * 1.2, or none; `pixelflux-ffi/wire` reads them. With `"extended"` they tell
   * the rectangle that a stripe covers, and only then a JPEG may be narrower
   * than the region, and pixels that have moved are told of by a stripe of type
   * `"copy"` instead of being sent. Default: `"pixelflux"`. Not live.
   */
  stripeHeader?: "pixelflux" | "legacy" | "none" | "extended" | undefined;
  /**
   * Frames that may wait for the reader, 1…16, before the capture holds back.
   * Default: 3. Not live.
   */
  queueFrames?: number | undefined;
  /**
   * Whether a display that is lost while the capture runs is waited for, and
   * captured again when it is back, instead of failing the capture; see the
   * events `disconnect` and `reconnect`. Default: false.
   */
  reconnect?: boolean | undefined;
  /**
   * File of X cookies, as `$XAUTHORITY` names one, for the display; at most 4095
   * bytes of UTF-8. Looked into whenever the display is opened; one that has no
   * cookie for it is passed over, and `$XAUTHORITY` and `~/.Xauthority` count.
   * Default: that of the `VirtualDisplay` of this name that this thread has
   * started, else `$XAUTHORITY` as `process.env` has it. Not live.
   */
  authorityPath?: string | undefined;
  /**
   * Captures one window, by its X id, instead of the screen: with the windows in it and
   * without its border, wherever it is moved and whatever lies over it. The frame has
   * the window's size, and another when it is resized; while it is not shown, the
   * picture stays as it was. The region and the pointer are relative to it. Fails with
   * `ERR_WINDOW_GONE` when it is destroyed. See {@link listWindows}, and
   * docs/windows-and-monitors.md for X servers without Composite. Default: none. Not
   * live; not together with `monitor`.
   */
  window?: number | undefined;
  /**
   * Captures one monitor, by its RandR name, instead of the screen: `"DP-1"`, or
   * `"primary"` for the one that is marked so, else the first. The frame follows it to
   * another place or size, and is black while it is gone. The region is relative to it.
   * See {@link listMonitors}. 1…127 bytes. Default: none. Not live; not together with
   * `window`.
   */
  monitor?: string | undefined;
}

/** Settings that may be left out of {@link ResolvedSettings}, too, since their default is "none". */
type OpenSetting =
  | "source"
  | "captureWidth"
  | "captureHeight"
  | "watermarkPath"
  | "authorityPath"
  | "window"
  | "monitor";

/** What settings are resolved to where that is not all of what they take. */
interface Narrowed {
  readonly captureCursor: "blend" | "stream" | "none";
}

/** Settings with every default filled in; with a `source`, `display` is its name. Frozen. */
export type ResolvedSettings = Narrowed & {
  // Not by "-?", which would take `undefined` from open settings, too, for those who compile
  // without exactOptionalPropertyTypes.
  readonly [K in Exclude<keyof Required<CaptureSettings>, keyof Narrowed>]: K extends OpenSetting
    ? CaptureSettings[K]
    : Exclude<CaptureSettings[K], undefined>;
};
