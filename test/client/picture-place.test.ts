// SPDX-License-Identifier: MPL-2.0
// From a place on the page to a pixel of the picture.
import { describe, expect, test } from "bun:test";
import { fitted, placeOf } from "../../src/client/picture-place.ts";

const size = { width: 640, height: 360 };

describe("placeOf", () => {
  const shown = { left: 100, top: 50, width: 320, height: 180 };

  test.each([
    [100, 50, 0, 0],
    [419.9, 229.9, 639, 359],
    [260, 140, 320, 180],
    [100.4, 50.6, 0, 1],
  ])("%d,%d is pixel %d,%d", (clientX, clientY, x, y) => {
    expect(placeOf(clientX, clientY, shown, size)).toEqual({ x, y, inside: true });
  });

  test.each([
    [99, 60, 0, 20],
    [500, 60, 639, 20],
    [110, 10, 20, 0],
    [110, 1000, 20, 359],
  ])("%d,%d is beside the picture, nearest to %d,%d", (clientX, clientY, x, y) => {
    expect(placeOf(clientX, clientY, shown, size)).toEqual({ x, y, inside: false });
  });

  test("nothing is inside a picture that is not shown", () => {
    const nowhere = { left: 0, top: 0, width: 0, height: 0 };
    expect(placeOf(0, 0, nowhere, size)).toMatchObject({ x: 0, y: 0, inside: false });
  });
});

test("a fitted picture keeps the ratio of its sides, in the middle", () => {
  const box = { left: 10, top: 20, width: 640, height: 640 };
  expect(fitted(box, size)).toEqual({ left: 10, top: 160, width: 640, height: 360 });
  const wide = { left: 0, top: 0, width: 1000, height: 180 };
  expect(fitted(wide, size)).toEqual({ left: 340, top: 0, width: 320, height: 180 });
});
