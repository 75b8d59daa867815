// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { FrameQueue, type StripeImage } from "../../src/client/frames.ts";

/** Paints into a list, and counts the images that are open. */
function queueWithLog() {
  const painted: string[] = [];
  let open = 0;
  const queue = new FrameQueue(({ id, afterGap, copies, images, lost }) => {
    const parts = [...images.map(({ y }) => y), ...copies.map(({ x, y }) => `copy to ${x},${y}`)];
    if (lost.length > 0) parts.push(`lost ${lost.map(({ y }) => y)}`);
    if (afterGap) parts.push("after a gap");
    painted.push(`${id}:${parts.join(",")}`);
  });
  queue.widthPx = 64;
  const image = (height = 16, width = 64): StripeImage => {
    open += 1;
    let closed = false;
    const close = () => {
      if (closed) throw new Error("closed twice");
      closed = true;
      open -= 1;
    };
    return { source: {} as CanvasImageSource, width, height, close };
  };
  return { queue, painted, image, openCount: () => open };
}

/** The place of a stripe. */
const at = (y: number, x = 0) => ({ x, y, keyframe: true });

const COPY = { sourceX: 0, sourceY: 32, x: 8, y: 16, width: 48, height: 16 };

describe("FrameQueue", () => {
  test("paints a frame at once when the next one begins", () => {
    const { queue, painted, image, openCount } = queueWithLog();
    queue.add(1, at(0), 0).fill(image());
    queue.add(1, at(16), 1).fill(image());
    expect(painted).toEqual([]);
    queue.add(2, at(0), 16);
    expect(painted).toEqual(["1:0,16"]);
    expect(openCount()).toBe(0);
  });

  test("paints a frame as soon as its stripes cover every row", () => {
    const { queue, painted, image } = queueWithLog();
    queue.heightPx = 48;
    queue.add(1, at(0), 0).fill(image(16));
    queue.add(1, at(16), 1).fill(image(32));
    expect(painted).toEqual(["1:0,16"]);
  });

  test("does not take rectangles for rows: their frame waits for its end", () => {
    const { queue, painted, image } = queueWithLog();
    queue.heightPx = 32;
    for (const [x, width] of [
      [0, 48],
      [16, 16],
      [32, 32],
    ] as const) {
      queue.add(1, at(0, x), 0).fill(image(16, width));
    }
    queue.add(1, at(16), 1).fill(image(16));
    expect(painted).toEqual([]);
    queue.close(1);
    expect(painted).toEqual(["1:0,0,0,16"]);
  });

  test("paints copies with the stripes of their frame, and frames of copies alone", () => {
    const { queue, painted, image } = queueWithLog();
    queue.heightPx = 32;
    const before = queue.add(1, at(0), 0);
    queue.addCopy(2, COPY, 16);
    const slot = queue.add(2, at(0), 16);
    queue.addCopy(3, { ...COPY, x: 9 }, 32);
    queue.close(3);
    slot.fill(image());
    expect(painted).toEqual([]);
    before.fill(image());
    expect(painted).toEqual(["1:0", "2:0,copy to 8,16", "3:copy to 9,16"]);
  });

  test("says which frame is the first after a gap", () => {
    const { queue, painted, image } = queueWithLog();
    const slot = queue.add(1, at(0), 0);
    queue.addGap();
    queue.addCopy(3, COPY, 48);
    queue.close(3);
    slot.fill(image());
    queue.addCopy(4, COPY, 64);
    queue.close(4);
    expect(painted).toEqual(["1:0", "3:copy to 8,16,after a gap", "4:copy to 8,16"]);
  });

  test("counts what it is made to forget as a gap", () => {
    const { queue, painted, image } = queueWithLog();
    queue.add(1, at(0), 0);
    queue.clear();
    for (const id of [2, 3]) {
      queue.add(id, at(0), 16).fill(image());
      queue.close(id);
    }
    expect(painted).toEqual(["2:0,after a gap", "3:0"]);
  });

  test("paints what has come when it is told that nothing more comes", () => {
    const { queue, painted, image } = queueWithLog();
    const slot = queue.add(7, at(32), 0);
    queue.close(7);
    expect(painted).toEqual([]);
    slot.fill(image());
    expect(painted).toEqual(["7:32"]);
  });

  test("keeps the order of frames, whichever is decoded first", () => {
    const { queue, painted, image } = queueWithLog();
    const first = queue.add(1, at(0), 0);
    const second = queue.add(2, at(0), 16);
    second.fill(image());
    queue.close(2);
    expect(painted).toEqual([]);
    first.fill(image());
    expect(painted).toEqual(["1:0", "2:0"]);
  });

  test("goes on without a stripe that could not be decoded", () => {
    const { queue, painted, image } = queueWithLog();
    queue.add(1, at(0), 0).drop();
    queue.add(1, at(16), 1).fill(image());
    queue.close(1);
    queue.add(2, at(0), 16).drop();
    queue.close(2);
    expect(painted).toEqual(["1:16,lost 0", "2:lost 0"]);
    expect(queue.length).toBe(0);
  });

  test("paints a stripe that comes after its frame was painted", () => {
    const { queue, painted, image } = queueWithLog();
    queue.add(1, at(0), 0).fill(image());
    queue.close(1);
    queue.add(1, at(16), 20).fill(image());
    queue.close(1);
    expect(painted).toEqual(["1:0", "1:16"]);
  });

  test("adds a stripe of the frame before to that frame while it is not painted", () => {
    const { queue, painted, image } = queueWithLog();
    const slow = queue.add(1, at(0), 0);
    const next = queue.add(2, at(0), 16);
    queue.add(1, at(16), 17).fill(image());
    slow.fill(image());
    expect(painted).toEqual(["1:16,0"]);
    next.fill(image());
    queue.close(2);
    expect(painted).toEqual(["1:16,0", "2:0"]);
  });

  test("takes a number for another frame's where the server has ended the one before", () => {
    const { queue, painted, image } = queueWithLog();
    const first = queue.add(1, at(0), 0);
    queue.close(1);
    const second = queue.add(2, at(0), 16);
    queue.close(2);
    const again = queue.add(1, at(16), 33);
    queue.close(1);
    for (const slot of [first, second, again]) slot.fill(image());
    expect(painted).toEqual(["1:0", "2:0", "1:16"]);
  });

  test("closes the images of frames that it forgets, those decoded later too", () => {
    const { queue, painted, image, openCount } = queueWithLog();
    queue.add(1, at(0), 0).fill(image());
    const late = queue.add(1, at(16), 1);
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
    const slot = queue.add(1, at(0), 0);
    slot.fill({ source: {} as CanvasImageSource, width: 1, height: 1, close: () => (closed += 1) });
    expect(() => queue.close(1)).toThrow("no canvas");
    expect(closed).toBe(1);
    expect(queue.length).toBe(0);
  });
});
