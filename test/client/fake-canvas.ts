// SPDX-License-Identifier: MPL-2.0

/** A rectangle of numbers in place of a picture, as a canvas and as something to draw. */
export class Grid {
  width: number;
  height: number;
  cells: Int32Array;

  constructor(width: number, height: number, value = 0) {
    this.width = width;
    this.height = height;
    this.cells = new Int32Array(width * height).fill(value);
  }

  at(x: number, y: number): number {
    return this.cells[y * this.width + x] as number;
  }

  row(y: number): number[] {
    return [...this.cells.subarray(y * this.width, (y + 1) * this.width)];
  }

  /** Draws the rectangle at (fromX, fromY) of a grid, which may be this one, to (x, y). */
  draw(
    source: Grid,
    ...[fromX, fromY, width, height, x, y]: [number, number, number, number, number, number]
  ): void {
    const from = source.cells.slice();
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const cell = from[(fromY + row) * source.width + fromX + column] as number;
        this.cells[(y + row) * this.width + x + column] = cell;
      }
    }
  }
}

/** As much of a canvas as a picture needs. Setting its size clears it, as a real one's does. */
export class FakeCanvas {
  grid = new Grid(300, 150);

  get width(): number {
    return this.grid.width;
  }

  set width(width: number) {
    this.grid = new Grid(width, this.grid.height);
  }

  get height(): number {
    return this.grid.height;
  }

  set height(height: number) {
    this.grid = new Grid(this.grid.width, height);
  }

  cloneNode(): FakeCanvas {
    const clone = new FakeCanvas();
    clone.grid = new Grid(this.width, this.height);
    return clone;
  }

  getContext() {
    return {
      drawImage: (source: FakeCanvas | Grid, ...numbers: number[]) => {
        const from = source instanceof FakeCanvas ? source.grid : source;
        if (numbers.length === 2) {
          const [x, y] = numbers as [number, number];
          this.grid.draw(from, 0, 0, from.width, from.height, x, y);
          return;
        }
        const [fromX, fromY, width, height, x, y, toWidth, toHeight] = numbers as [
          ...[number, number, number, number],
          ...[number, number, number, number],
        ];
        if (toWidth !== width || toHeight !== height) throw new Error("nothing may be scaled");
        this.grid.draw(from, fromX, fromY, width, height, x, y);
      },
    };
  }

  /** For the code under test. */
  get element(): HTMLCanvasElement {
    return this as unknown as HTMLCanvasElement;
  }
}
