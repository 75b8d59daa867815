// SPDX-License-Identifier: MPL-2.0
import type { ScreenMessage } from "./messages.ts";
import type { CodecChoice } from "./player-types.ts";

/**
 * What to ask the server for.
 *
 * @param choice - The user's.
 * @param needsImages - H.264 cannot be decoded, or is not any more.
 * @returns `undefined` for whatever the server gives by itself.
 */
export function wantedCodec(
  choice: CodecChoice,
  needsImages: boolean,
): "h264" | "jpeg" | undefined {
  if (choice !== "auto") return choice;
  return needsImages ? "jpeg" : undefined;
}

/** The address with `?codec=`, or as it is where the server is to choose. */
export function addressWith(url: string, codec: "h264" | "jpeg" | undefined): string {
  if (codec === undefined) return url;
  const address = new URL(url);
  address.searchParams.set("codec", codec);
  return address.href;
}

/** Whether a server that is asked for a codec anew would send what it sends now. */
export function isSent(codec: "h264" | "jpeg" | undefined, screen: ScreenMessage): boolean {
  return (codec ?? screen.codecs?.[0]) === screen.mode;
}
