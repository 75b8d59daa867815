// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/server" and "/viewer", and what they may not.
import type { ScreenCapture } from "pixelflux-ffi";
import {
  type Codec,
  captureSource,
  type Fanout,
  type FanoutStats,
  type FeedStripe,
  fanout,
  type StripeSource,
} from "pixelflux-ffi/server";
import viewer from "pixelflux-ffi/viewer";
import { same } from "./equal.ts";

declare const capture: ScreenCapture;

export function serving(): void {
  const screen = fanout(capture);
  same<typeof screen, Fanout>(true);
  Bun.serve({
    websocket: screen.websocket,
    routes: { "/": viewer, "/stream": (request, server) => screen.upgrade(request, server) },
  });
  Bun.serve({
    routes: {},
    websocket: screen.websocketWith<{ name: string }>({
      message: (socket) => same<typeof socket.data, { name: string }>(true),
    }),
    fetch: (request) => screen.refusal(request) ?? new Response(),
  });
  same<ReturnType<typeof screen.stats>, FanoutStats>(true);
  const unwatch = screen.watch();
  unwatch();
}

export async function options(): Promise<void> {
  await using screen = fanout(captureSource(capture), {
    viewersMax: 10,
    codecs: ["h264", "jpeg"],
    idleMs: undefined,
    onStripe: (stripe) => same<typeof stripe, FeedStripe>(true),
    onError: (error) => same<typeof error, unknown>(true),
  });
  same<typeof screen.viewerCount, number>(true);
  // @ts-expect-error a codec that there is not
  fanout(capture, { codecs: ["vp8"] });
  // @ts-expect-error one codec is a list of one
  fanout(capture, { codecs: "jpeg" });
  // @ts-expect-error a number as text
  fanout(capture, { viewersMax: "10" });
  // @ts-expect-error a misspelt option
  fanout(capture, { viewerMax: 10 });
  // @ts-expect-error settings are no capture
  fanout({ outputMode: "jpeg" });
  // @ts-expect-error no callback
  fanout(capture, { onStripe: true });
  // @ts-expect-error counters are told, not set
  screen.stats().closed.tooSlow = 0;
  // @ts-expect-error a fan-out is made by fanout()
  new (await import("pixelflux-ffi/server")).Fanout(capture, {});
}

export function sources(source: StripeSource): void {
  same<Codec, "jpeg" | "h264">(true);
  fanout(source);
  // @ts-expect-error a source says which codecs it has
  fanout({ open: source.open });
}
