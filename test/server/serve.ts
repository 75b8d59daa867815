// SPDX-License-Identifier: MPL-2.0
import { type CaptureSettings, ScreenCapture } from "pixelflux-ffi";
import { type FanoutOptions, fanout } from "pixelflux-ffi/server";

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
