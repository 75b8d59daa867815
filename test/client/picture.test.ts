// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import type { CopiedRectangle, PaintedFrame, PlacedImage } from "../../src/client/frames.ts";
import { Picture } from "../../src/client/picture.ts";
import { random, seedOfRun } from "../support/random.ts";
import { FakeCanvas, Grid } from "./fake-canvas.ts";

const SCREEN = { width: 8, height: 8 };

/** A frame with nothing in it but what is given. */
function frame(parts: Partial<PaintedFrame>): PaintedFrame {
  return { id: 0, afterGap: false, copies: [], images: [], lost: [], ...parts };
}

function placed(grid: Grid, x: number, y: number, keyframe = true): PlacedImage {
  const source = grid as unknown as CanvasImageSource;
  const image = { source, width: grid.width, height: grid.height, close: () => undefined };
  return { x, y, keyframe, image };
}

function copy(...numbers: [number, number, number, number, number, number]): CopiedRectangle {
  const [sourceX, sourceY, x, y, width, height] = numbers;
  return { sourceX, sourceY, x, y, width, height };
}

/** A picture whose cells are 0 to 63, all of them known. */
function wholePicture() {
  const canvas = new FakeCanvas();
  const picture = new Picture(canvas.element);
  const grid = new Grid(8, 8);
  grid.cells.set(Array.from({ length: 64 }, (_, index) => index));
  const result = picture.paint(frame({ images: [placed(grid, 0, 0)] }), SCREEN);
  expect(result).toEqual({ painted: true, broken: false });
  expect(picture.isWhole).toBeTrue();
  return { canvas, picture };
}

describe("copies", () => {
  test("move a rectangle onto itself, up and down, left and right", () => {
    for (const [sourceX, sourceY, x, y] of [
      [1, 3, 1, 1],
      [1, 1, 1, 3],
      [0, 2, 1, 2],
      [2, 2, 0, 2],
    ] as const) {
      const { canvas, picture } = wholePicture();
      picture.paint(frame({ copies: [copy(sourceX, sourceY, x, y, 6, 4)] }), SCREEN);
      for (let row = 0; row < 4; row++) {
        const from = (sourceY + row) * 8 + sourceX;
        const moved = canvas.grid.row(y + row).slice(x, x + 6);
        expect(moved).toEqual(Array.from({ length: 6 }, (_, column) => from + column));
      }
    }
  });

  test("start from the picture before the frame, several of them too", () => {
    const { canvas, picture } = wholePicture();
    const image = placed(new Grid(4, 1, -1), 0, 1);
    const copies = [copy(0, 0, 0, 4, 8, 4), copy(0, 4, 0, 0, 8, 4)];
    expect(picture.paint(frame({ copies, images: [image] }), SCREEN).broken).toBeFalse();
    expect(canvas.grid.row(0)).toEqual([32, 33, 34, 35, 36, 37, 38, 39]);
    expect(canvas.grid.row(1)).toEqual([-1, -1, -1, -1, 44, 45, 46, 47]);
    expect(canvas.grid.row(4)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("are made in their order", () => {
    const { canvas, picture } = wholePicture();
    const copies = [copy(0, 0, 0, 4, 8, 1), copy(0, 1, 0, 4, 4, 1)];
    picture.paint(frame({ copies }), SCREEN);
    expect(canvas.grid.row(4)).toEqual([8, 9, 10, 11, 4, 5, 6, 7]);
  });

  test.each([
    copy(3, 0, 0, 0, 6, 1),
    copy(0, 0, 3, 0, 6, 1),
    copy(0, 5, 0, 0, 8, 4),
    copy(0, 0, 0, 5, 8, 4),
    copy(65535, 0, 0, 0, 65535, 1),
  ])("that leave the screen are not made: %j", (outside) => {
    const { canvas, picture } = wholePicture();
    const before = canvas.grid.cells.slice();
    const result = picture.paint(frame({ copies: [outside] }), SCREEN);
    expect(result).toEqual({ painted: false, broken: true });
    expect(canvas.grid.cells).toEqual(before);
  });
});

describe("what nothing may be copied from", () => {
  const down = copy(0, 0, 0, 4, 8, 2);

  test("a picture that has not been complete yet", () => {
    const picture = new Picture(new FakeCanvas().element);
    expect(picture.paint(frame({ copies: [down] }), SCREEN).broken).toBeTrue();
    picture.paint(frame({ images: [placed(new Grid(8, 1, 7), 0, 0)] }), SCREEN);
    expect(picture.paint(frame({ copies: [down] }), SCREEN).broken).toBeTrue();
    picture.paint(frame({ images: [placed(new Grid(8, 1, 7), 0, 1)] }), SCREEN);
    expect(picture.paint(frame({ copies: [down] }), SCREEN).broken).toBeFalse();
    expect(picture.isWhole).toBeFalse();
  });

  test("rows that only narrow stripes have covered, or such as build on others", () => {
    const picture = new Picture(new FakeCanvas().element);
    const halves = [placed(new Grid(4, 8, 1), 0, 0), placed(new Grid(4, 8, 1), 4, 0)];
    picture.paint(frame({ images: halves }), SCREEN);
    expect(picture.paint(frame({ copies: [down] }), SCREEN).broken).toBeTrue();
    picture.paint(frame({ images: [placed(new Grid(8, 8, 1), 0, 0, false)] }), SCREEN);
    expect(picture.paint(frame({ copies: [down] }), SCREEN).broken).toBeTrue();
  });

  test("rows of a stripe that was lost, until they come complete", () => {
    const { picture } = wholePicture();
    picture.paint(frame({ lost: [{ x: 0, y: 2, keyframe: true }] }), SCREEN);
    expect(picture.isWhole).toBeFalse();
    expect(picture.paint(frame({ copies: [down] }), SCREEN).broken).toBeFalse();
    const up = copy(0, 4, 0, 0, 8, 2);
    expect(picture.paint(frame({ copies: [up] }), SCREEN).broken).toBeTrue();
    // Rows 0 and 1 are now not as the server believes.
    expect(picture.paint(frame({ copies: [down] }), SCREEN).broken).toBeTrue();
    picture.paint(frame({ images: [placed(new Grid(8, 8, 3), 0, 0)] }), SCREEN);
    expect(picture.paint(frame({ copies: [up] }), SCREEN).broken).toBeFalse();
  });

  test("a picture after a gap, and one of another size", () => {
    const { picture } = wholePicture();
    const gap = picture.paint(frame({ afterGap: true, copies: [down] }), SCREEN);
    expect(gap).toEqual({ painted: false, broken: true });
    const other = wholePicture().picture;
    expect(other.paint(frame({ copies: [down] }), { width: 8, height: 9 }).broken).toBeTrue();
  });
});

const seed = seedOfRun();

test(`whatever is lost, rows told to be intact are the server's (PF_SEED=${seed})`, () => {
  const pick = random(seed);
  const size = { width: 12, height: 10 };
  let [copied, broken, whole] = [0, 0, 0];
  for (let run = 0; run < 40; run++) {
    const canvas = new FakeCanvas();
    const picture = new Picture(canvas.element);
    const server = new Grid(size.width, size.height);
    for (let id = 1; id < 60; id++) {
      const next = nextFrame(server, id, pick);
      const isLeftOut = pick(12) === 0;
      const shown = isLeftOut ? frame({ afterGap: true }) : next;
      const result = picture.paint(shown, size);
      copied += result.broken ? 0 : shown.copies.length;
      broken += Number(result.broken);
      whole += Number(picture.isWhole);
      if (picture.isWhole)
        expect([run, id, ...canvas.grid.cells]).toEqual([run, id, ...server.cells]);
    }
  }
  // Or the test would have looked at nothing.
  for (const count of [copied, broken, whole]) expect(count).toBeGreaterThan(20);
});

/** Changes the server's picture, and gives the frame that tells of it, with stripes lost. */
function nextFrame(server: Grid, id: number, pick: (limit: number) => number): PaintedFrame {
  const { width, height } = server;
  const images: PlacedImage[] = [];
  const lost: { x: number; y: number; keyframe: boolean }[] = [];
  const copies: CopiedRectangle[] = [];
  if (pick(6) === 0) {
    for (let y = 0; y < height; y += 2) stripe(0, y, width, 2);
    return frame({ images, lost, copies });
  }
  const before = new Grid(width, height);
  before.cells.set(server.cells);
  for (let count = pick(3); count > 0; count--) {
    const [w, h] = [1 + pick(width), 1 + pick(height)];
    const next = copy(
      ...[pick(width - w + 1), pick(height - h + 1)],
      ...[pick(width - w + 1), pick(height - h + 1), w, h],
    );
    copies.push(next);
    server.draw(before, next.sourceX, next.sourceY, w, h, next.x, next.y);
  }
  for (let y = 0; y < height; y += 2) {
    if (pick(3) === 0) stripe(pick(width - 4), y + pick(2), 1 + pick(4), 1);
  }
  return frame({ images, lost, copies });

  function stripe(x: number, y: number, w: number, h: number): void {
    const grid = new Grid(w, h, id * 100 + y);
    server.draw(grid, 0, 0, w, h, x, y);
    if (pick(40) === 0) lost.push({ x, y, keyframe: true });
    else images.push(placed(grid, x, y));
  }
}
