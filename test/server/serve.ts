// SPDX-License-Identifier: MPL-2.0
import { type CaptureSettings, ScreenCapture } from "pixelflux-ffi";
import { type FanoutOptions, fanout } from "pixelflux-ffi/server";
import { RawViewer, UNLIMITED } from "../support/raw-viewer.ts";

/** A capture, its fan-out and the server. */
export function serve(settings: CaptureSettings, options: FanoutOptions = {}) {
  const capture = new ScreenCapture(settings);
  const screen = fanout(capture, options);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => screen.upgrade(request, server),
    websocket: screen.websocket,
  });
  return {
    capture,
    screen,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await screen.stop();
      await server.stop(true);
    },
  };
}

/** A text message. */
interface Told {
  type: string;
  sent?: number;
  timestamp?: number;
  quality?: string;
}

/** A viewer that keeps what it is told. */
export async function watch(url: URL, query = "", headers: Record<string, string> = {}) {
  const told: Told[] = [];
  const stripes: Uint8Array[] = [];
  const state: { closed: number | "hung up" | undefined } = { closed: undefined };
  const events = {
    onText: (text: string) => told.push(JSON.parse(text)),
    onBinary: (bytes: Uint8Array) => stripes.push(bytes.slice()),
    onClose: (code: number | undefined) => {
      state.closed = code ?? "hung up";
    },
  };
  const viewer = await RawViewer.open(new URL(query, url), UNLIMITED, events, headers);
  const screen = () => told.findLast(({ type }) => type === "screen");
  return { viewer, told, stripes, state, screen };
}
