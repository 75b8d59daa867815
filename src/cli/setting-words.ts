// SPDX-License-Identifier: MPL-2.0
import type { SettingName } from "./setting-options.ts";

/** What the help says of a setting, in front of its legal values; their names say it of the others. */
export const SETTING_WORDS: Partial<Record<SettingName, string>> = {
  display: 'the X display, or "synthetic://640x480@60" for a test picture',
  captureWidth: "width of the region in px",
  captureHeight: "height of the region in px",
  captureX: "left edge of the region in px",
  captureY: "top edge of the region in px",
  targetFps: "frames a second at most",
  captureCursor: "show the pointer, in the picture where nothing else is said",
  jpegQuality: "JPEG of changes in motion",
  paintOverJpegQuality: "JPEG of what has come to rest",
  jpegFullColor: "JPEG in 4:4:4",
  h264Crf: "H.264 of changes, lower is better",
  h264PaintOverCrf: "H.264 of what has come to rest",
  h264PaintOver: "how H.264 refreshes what has come to rest",
  h264FullColor: "H.264 in 4:4:4",
  h264FullFrame: "one H.264 encoder for the whole frame instead of one a stripe",
  stripeHeight: "rows a stripe",
  usePaintOverQuality: "never refresh what has come to rest",
  paintOverTriggerFrames: "frame times without a change before the refresh",
  damageBlockThreshold: "changes in a row before a stripe counts as busy",
  damageBlockDuration: "frames a stripe stays busy",
  watermarkPath: "PNG file to draw over the picture",
  watermarkLocation: "where the watermark goes",
  stripeHeader: "bytes in front of each stripe",
  queueFrames: "frames that may wait for the reader",
  authorityPath: "file of X cookies for the display",
  window: "id of one window to capture instead of the screen",
  monitor: 'name of one monitor to capture instead of the screen, or "primary"',
  reconnect: "wait for a display that is lost, and go on when it is back",
};
