// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { FrameQueue, type StripeImage } from "../../src/client/frames.ts";

/** Paints into a list, and counts the images that are open. */
function queueWithLog() {
  const painted: string[] = [];
  let open = 0;
  const queue = new FrameQueue((frameId, images) => {
    painted.push(`${frameId}:${images.map(({ y }) => y).join(",")}`);
  });
  const image = (height = 16): StripeImage => {
    open += 1;
    let closed = false;
    const close = () => {
      if (closed) throw new Error("closed twice");
      closed = true;
      open -= 1;
    };
    return { source: {} as CanvasImageSource, width: 64, height, close };
  };
  return { queue, painted, image, openCount: () => open };
}

describe("FrameQueue", () => {
  test("paints a frame at once when the next one begins", () => {
    const { queue, painted, image, openCount } = queueWithLog();
    queue.add(1, 0, 0).fill(image());
    queue.add(1, 16, 1).fill(image());
    expect(painted).toEqual([]);
    queue.add(2, 0, 16);
    expect(painted).toEqual(["1:0,16"]);
    expect(openCount()).toBe(0);
  });

  test("paints a frame as soon as its stripes cover every row", () => {
    const { queue, painted, image } = queueWithLog();
    queue.heightPx = 48;
    queue.add(1, 0, 0).fill(image(16));
    queue.add(1, 16, 1).fill(image(32));
    expect(painted).toEqual(["1:0,16"]);
  });

  test("paints what has come when it is told that nothing more comes", () => {
    const { queue, painted, image } = queueWithLog();
    const slot = queue.add(7, 32, 0);
    queue.close(7);
    expect(painted).toEqual([]);
    slot.fill(image());
    expect(painted).toEqual(["7:32"]);
  });

  test("keeps the order of frames, whichever is decoded first", () => {
    const { queue, painted, image } = queueWithLog();
    const first = queue.add(1, 0, 0);
    const second = queue.add(2, 0, 16);
    second.fill(image());
    queue.close(2);
    expect(painted).toEqual([]);
    first.fill(image());
    expect(painted).toEqual(["1:0", "2:0"]);
  });

  test("goes on without a stripe that could not be decoded", () => {
    const { queue, painted, image } = queueWithLog();
    queue.add(1, 0, 0).drop();
    queue.add(1, 16, 1).fill(image());
    queue.close(1);
    queue.add(2, 0, 16).drop();
    queue.close(2);
    expect(painted).toEqual(["1:16"]);
    expect(queue.length).toBe(0);
  });

  test("paints a stripe that comes after its frame was painted", () => {
    const { queue, painted, image } = queueWithLog();
    queue.add(1, 0, 0).fill(image());
    queue.close(1);
    queue.add(1, 16, 20).fill(image());
    queue.close(1);
    expect(painted).toEqual(["1:0", "1:16"]);
  });

  test("adds a stripe of the frame before to that frame while it is not painted", () => {
    const { queue, painted, image } = queueWithLog();
    const slow = queue.add(1, 0, 0);
    const next = queue.add(2, 0, 16);
    queue.add(1, 16, 17).fill(image());
    slow.fill(image());
    expect(painted).toEqual(["1:16,0"]);
    next.fill(image());
    queue.close(2);
    expect(painted).toEqual(["1:16,0", "2:0"]);
  });

  test("closes the images of frames that it forgets, those decoded later too", () => {
    const { queue, painted, image, openCount } = queueWithLog();
    queue.add(1, 0, 0).fill(image());
    const late = queue.add(1, 16, 1);
    queue.clear();
    expect(openCount()).toBe(0);
    late.fill(image());
    expect(openCount()).toBe(0);
    expect(painted).toEqual([]);
    expect(queue.length).toBe(0);
  });

  test("closes the images where painting throws", () => {
    let closed = 0;
    const queue = new FrameQueue(() => {
      throw new Error("no canvas");
    });
    const slot = queue.add(1, 0, 0);
    slot.fill({ source: {} as CanvasImageSource, width: 1, height: 1, close: () => (closed += 1) });
    expect(() => queue.close(1)).toThrow("no canvas");
    expect(closed).toBe(1);
    expect(queue.length).toBe(0);
  });
});
