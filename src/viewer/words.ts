// SPDX-License-Identifier: MPL-2.0
import type { PlayerState, ScreenMessage } from "../client/index.ts";

/** The codec as people call it. */
export function codecName(codec: "jpeg" | "h264"): string {
  return codec === "h264" ? "H.264" : "JPEG";
}

/** A size in px. */
export function sizeWords({ width, height }: Pick<ScreenMessage, "width" | "height">): string {
  return `${width} × ${height}`;
}

/**
 * The state in one line, for the bar and for screen readers.
 *
 * @param screen - Of this connection; `undefined` while its server has not told.
 */
export function stateWords(state: PlayerState, screen: ScreenMessage | undefined): string {
  switch (state.name) {
    case "connecting":
    case "live":
      return screen ? `${sizeWords(screen)}, ${codecName(screen.mode)}` : "Connecting…";
    case "waiting":
      return `Disconnected: ${state.reason}`;
    case "closed":
      return `Closed: ${state.reason}`;
  }
}

/** A bitrate, given in bit/s, in Mbit/s. */
export function megabitWords(bitsPerSecond: number): string {
  const megabits = bitsPerSecond / 1e6;
  return megabits.toFixed(megabits < 10 ? 2 : 1);
}

/** A duration in ms; a dash where it is not known. */
export function millisecondWords(ms: number | undefined): string {
  return ms === undefined ? "–" : ms.toFixed(ms < 100 ? 1 : 0);
}

/** An amount of bytes in kB, MB or GB. */
export function byteWords(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A reason as a sentence of its own. */
export function sentence(reason: string): string {
  const text = reason.trim();
  const first = text.slice(0, 1).toUpperCase();
  return `${first}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}`;
}
