// SPDX-License-Identifier: MPL-2.0
// A screenshot grabs pixels that the reader has not been sent: copies must not start from those.
import { expect, test } from "bun:test";
import { Composite } from "../../bench/composite.ts";
import { drawingsOf } from "../../bench/pictures.ts";
import type { RecordedArrival } from "../../bench/recording.ts";
import { ScreenCapture, type Stripe } from "../../src/index.ts";
import type { Canvas } from "../support/canvas.ts";
import { waitFor } from "../support/process.ts";
import { Scene } from "../support/scene.ts";

const SIZE = { width: 640, height: 480 };

/** Keeps what comes, copies among it. */
class Log {
  readonly arrivals: RecordedArrival[] = [];
  readonly #payloads: Uint8Array[] = [];
  lastMs = performance.now();
  #sizeBytes = 0;

  keep(stripe: Stripe): void {
    using s = stripe;
    const { type, frameId, x, stripeYStart: y, width, stripeHeight: height, sourceX, sourceY } = s;
    const payload = s.payload.slice();
    const place = { offset: this.#sizeBytes, size: payload.length };
    this.arrivals.push({
      ...{ arrivalNs: 0, type, frameId, x, y, width, height, sourceX, sourceY, ...place },
    });
    this.#payloads.push(payload);
    this.#sizeBytes += payload.length;
    this.lastMs = performance.now();
  }

  async show(): Promise<Composite> {
    const picture = new Composite(SIZE.width, SIZE.height);
    const bytes = new Uint8Array(Buffer.concat(this.#payloads));
    for await (const drawing of drawingsOf({ arrivals: this.arrivals, bytes })) {
      picture.draw(drawing);
    }
    return picture;
  }
}

/** Pixels whose luma (BT.601, full range) is off by more than a coded edge is. */
function wrongPixels(expected: Canvas, actual: Composite): number {
  const { rgb } = expected;
  return actual.bytes.reduce((count, luma, pixel) => {
    const [r = 0, g = 0, b = 0] = rgb.subarray(pixel * 3, pixel * 3 + 3);
    return count + Number(Math.abs(0.299 * r + 0.587 * g + 0.114 * b - luma) > 40);
  }, 0);
}

test("scrolling is shown right with screenshots between all of its frames", async () => {
  await using scene = await Scene.start(SIZE);
  const { painter } = scene;
  await painter.prepare("scroll", 1);
  const log = new Log();
  await using capture = new ScreenCapture({
    ...{ display: scene.display, stripeHeader: "extended", jpegQuality: 95, jpegFullColor: true },
    // Several steps of the scrolling a frame: more of them follow upon a screenshot.
    ...{ usePaintOverQuality: false, targetFps: 15 },
  });
  await capture.start((stripe) => log.keep(stripe));
  let runs = true;
  const painted = painter.run(3).finally(() => {
    runs = false;
  });
  let taken = 0;
  while (runs) {
    using shot = await capture.screenshot({
      format: "raw",
      region: { x: 0, y: 0, width: 8, height: 8 },
    });
    expect(shot.data.length).toBe(256);
    taken += 1;
    // Every other frame or so goes without one, so that there are copies.
    if (taken % 3 === 0) await Bun.sleep(200);
  }
  await painted;
  const expected = await painter.grab();
  await waitFor("the last stripe", () => performance.now() - log.lastMs > 300);
  expect(taken).toBeGreaterThan(20);
  expect(log.arrivals.filter(({ type }) => type === "copy").length).toBeGreaterThan(3);
  expect(wrongPixels(expected, await log.show())).toBe(0);
}, 60_000);
