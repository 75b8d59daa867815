// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import type { Stripe } from "pixelflux-ffi";
import { Viewer } from "../../examples/screen-to-browser/viewer.ts";
import { waitFor } from "../support/process.ts";

/** A viewer whose socket's backlog the test sets, and which counts keyframe requests. */
function viewerWithLog() {
  const sent: string[] = [];
  const log = { sent, backlogBytes: 0, refuses: false, keyframeRequests: 0 };
  const socket = {
    getBufferedAmount: () => log.backlogBytes,
    send: (message: string | Uint8Array) => {
      if (log.refuses) return 0;
      sent.push(typeof message === "string" ? message : new TextDecoder().decode(message));
      return message.length;
    },
  };
  const viewer = new Viewer(socket as unknown as ServerWebSocket<unknown>, () => {
    log.keyframeRequests += 1;
  });
  const show = (frameId: number, y: number, keyframe: boolean) => {
    const data = new TextEncoder().encode(`${frameId}/${y}${keyframe ? "!" : ""}`);
    viewer.show({ frameId, stripeYStart: y, keyframe, timestamp: 7, data } as unknown as Stripe);
  };
  const stripes = () => sent.filter((message) => !message.startsWith("{"));
  return { viewer, log, show, stripes };
}

describe("Viewer", () => {
  test("gets a row from its keyframe on", () => {
    const { show, stripes } = viewerWithLog();
    show(1, 0, false);
    show(1, 64, true);
    show(2, 0, true);
    show(3, 0, false);
    show(3, 64, false);
    expect(stripes()).toEqual(["1/64!", "2/0!", "3/0", "3/64"]);
  });

  test("is told of each frame once, ahead of it, with 16 bits of its number", () => {
    const { log, show } = viewerWithLog();
    show(65536 + 5, 0, true);
    show(65536 + 5, 64, true);
    expect(log.sent[0]).toBe('{"type":"frame","frameId":5,"timestamp":7}');
    expect(log.sent.length).toBe(3);
  });

  test("gets whole frames or none while its backlog is too long", () => {
    const { log, show, stripes } = viewerWithLog();
    show(1, 0, true);
    log.backlogBytes = 10e6;
    show(1, 64, true); // it has got this frame's first stripe
    show(2, 0, false);
    log.backlogBytes = 0;
    show(2, 64, false);
    show(3, 0, true); // not before the backlog is written
    expect(stripes()).toEqual(["1/0!", "1/64!"]);
  });

  test("is brought up to date by a keyframe when its backlog is written", () => {
    const { viewer, log, show, stripes } = viewerWithLog();
    show(1, 0, true);
    log.backlogBytes = 10e6;
    show(2, 0, false);
    expect(log.keyframeRequests).toBe(0);
    log.backlogBytes = 0;
    viewer.drained();
    expect(log.keyframeRequests).toBe(1);
    show(3, 0, false); // refers to what it has not got
    show(4, 0, true);
    show(5, 0, false);
    expect(stripes()).toEqual(["1/0!", "4/0!", "5/0"]);
    viewer.drained();
    expect(log.keyframeRequests).toBe(1);
  });

  test("counts as behind when the socket drops a message", () => {
    const { viewer, log, show, stripes } = viewerWithLog();
    show(1, 0, true);
    log.refuses = true;
    show(1, 64, true);
    log.refuses = false;
    show(1, 128, true);
    show(2, 0, false);
    expect(stripes()).toEqual(["1/0!"]);
    viewer.drained();
    expect(log.keyframeRequests).toBe(1);
  });

  test("may ask for keyframes once a second; the next request is put off, not lost", async () => {
    const { viewer, log } = viewerWithLog();
    const startMs = performance.now();
    for (let request = 0; request < 100; request++) viewer.requestKeyframe();
    expect(log.keyframeRequests).toBe(1);
    await waitFor("the second request", () => log.keyframeRequests === 2);
    expect(performance.now() - startMs).toBeGreaterThan(990);
    viewer.requestKeyframe();
    viewer.gone();
    expect(log.keyframeRequests).toBe(2);
  });
});
