// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/client" and "/client.js", and what they may not.
import {
  type CLOSE_CODES,
  type CodecChoice,
  type PlayerState,
  parseServerMessage,
  parseViewerMessage,
  type ServerMessage,
  StripePlayer,
  type ViewerMessage,
} from "pixelflux-ffi/client";
import type { StripePlayer as BundledPlayer } from "pixelflux-ffi/client.js";
import { same } from "./equal.ts";

declare const canvas: HTMLCanvasElement;
declare const div: HTMLDivElement;

export function player(): void {
  const played = new StripePlayer(canvas, "/stream", { codec: "auto", worker: false });
  new StripePlayer(canvas, new URL("wss://example.org/stream"));
  same<typeof BundledPlayer, typeof StripePlayer>(true);
  same<CodecChoice, "auto" | "h264" | "jpeg">(true);
  // @ts-expect-error no canvas
  new StripePlayer(div, "/stream");
  // @ts-expect-error an address is missing
  new StripePlayer(canvas);
  // @ts-expect-error a codec that there is not
  new StripePlayer(canvas, "/stream", { codec: "av1" });
  // @ts-expect-error a misspelt option
  new StripePlayer(canvas, "/stream", { reconnects: true });
  // @ts-expect-error a codec that there is not
  played.setCodec("h265");
  played
    .on("stats", ({ fps, latencyMs }) => {
      same<typeof fps, number>(true);
      same<typeof latencyMs, number | undefined>(true);
    })
    .on("error", (error) => same<typeof error, Error>(true))
    .off("screen", () => undefined);
  // @ts-expect-error an event that there is not
  played.on("frame", () => undefined);
}

export function state(now: PlayerState): string {
  // @ts-expect-error only who waits, or has ended, has a reason
  now.reason;
  switch (now.name) {
    case "connecting":
    case "live":
      return now.name;
    case "waiting":
      return `${now.reason} ${now.retryMs}`;
    case "closed":
      // @ts-expect-error nothing is tried any more
      now.retryMs;
      return now.reason;
    default:
      return now satisfies never;
  }
}

export function messages(text: unknown): number | undefined {
  const fromServer = parseServerMessage(text);
  const fromViewer = parseViewerMessage(text);
  same<typeof fromServer, ServerMessage | undefined>(true);
  same<typeof fromViewer, ViewerMessage | undefined>(true);
  // @ts-expect-error it may be no message at all
  fromViewer.type;
  if (fromViewer?.type === "ack") return fromViewer.frameId;
  if (fromViewer?.type === "keyframe") {
    // @ts-expect-error a request for keyframes says nothing more
    fromViewer.frameId;
  }
  same<typeof CLOSE_CODES.tooSlow, 4000>(true);
  return undefined;
}
