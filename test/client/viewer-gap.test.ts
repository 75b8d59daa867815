// SPDX-License-Identifier: MPL-2.0
// The example's server side of copies: what a viewer is told when frames were kept from it.
import { expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import { Viewer } from "../../examples/screen-to-browser/viewer.ts";
import type { Stripe } from "../../src/index.ts";

/** A viewer, what it was sent in words, and the backlog of its socket. */
function viewerWithLog() {
  const log = { sent: [] as string[], backlogBytes: 0 };
  const socket = {
    getBufferedAmount: () => log.backlogBytes,
    send: (message: string | Uint8Array) => {
      const text = typeof message === "string" ? message : new TextDecoder().decode(message);
      log.sent.push(text.startsWith("{") ? JSON.parse(text).type : text);
      return 1;
    },
  };
  const viewer = new Viewer(socket as unknown as ServerWebSocket<unknown>, () => undefined);
  const show = (frameId: number, type: Stripe["type"]) => {
    const keyframe = type === "jpeg";
    const data = new TextEncoder().encode(type);
    const stripe = { type, frameId, stripeYStart: frameId, keyframe, timestamp: 0, data };
    viewer.show(stripe as unknown as Stripe);
  };
  return { viewer, log, show };
}

test("a viewer gets copies, which no keyframe goes ahead of", () => {
  const { log, show } = viewerWithLog();
  show(1, "copy");
  show(1, "jpeg");
  expect(log.sent).toEqual(["frame", "copy", "jpeg"]);
});

test("a viewer is told once that frames were kept from it, ahead of the next one", () => {
  const { viewer, log, show } = viewerWithLog();
  show(1, "jpeg");
  log.backlogBytes = 2 << 20;
  show(2, "jpeg");
  show(2, "copy");
  log.backlogBytes = 0;
  show(3, "copy");
  viewer.drained();
  show(3, "copy");
  show(4, "copy");
  show(5, "jpeg");
  viewer.gone();
  expect(log.sent).toEqual(["frame", "jpeg", "gap", "frame", "copy", "frame", "jpeg"]);
});
