// SPDX-License-Identifier: MPL-2.0
import { type Canvas, createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import type { Region } from "pixelflux-ffi";

const WIDTH = 960;
const HEIGHT = 540;
/** Where the lines are. */
const PLOT: Region = { x: 40, y: 80, width: 880, height: 400 };
/** Where the time is. */
const CLOCK: Region = { x: 640, y: 10, width: 280, height: 50 };
/** Samples that the plot is wide. */
const SAMPLE_COUNT = 220;

/** The page's background. */
export const BACKGROUND = "#101820";
const PLOT_BACKGROUND = "#182430";
const GRID = "#304050";
const TEXT = "#f0f4f8";

/** The load of this machine's processors, drawn on a canvas. */
export class LoadChart {
  readonly width = WIDTH;
  readonly height = HEIGHT;
  readonly #canvas: Canvas = createCanvas(WIDTH, HEIGHT);
  readonly #context: SKRSContext2D = this.#canvas.getContext("2d");
  /** Samples of each processor, 0…1, the newest last. */
  #history: number[][] = [];

  constructor() {
    const context = this.#context;
    context.fillStyle = BACKGROUND;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = TEXT;
    context.font = "28px sans-serif";
    context.fillText("Processors", PLOT.x, 45);
  }

  /** All pixels, as RGBA. */
  get rgba(): Uint8ClampedArray {
    return this.#context.getImageData(0, 0, WIDTH, HEIGHT).data;
  }

  /** Draws the next sample of each processor; tells where the picture has changed. */
  draw(loads: readonly number[], time: Date): Region[] {
    this.#history = loads.map((load, index) =>
      [...(this.#history[index] ?? []), load].slice(-SAMPLE_COUNT),
    );
    this.#drawClock(time);
    this.#drawPlot();
    return [CLOCK, PLOT];
  }

  #drawClock(time: Date): void {
    const context = this.#context;
    context.fillStyle = BACKGROUND;
    context.fillRect(CLOCK.x, CLOCK.y, CLOCK.width, CLOCK.height);
    context.fillStyle = TEXT;
    context.font = "28px monospace";
    context.textAlign = "right";
    context.fillText(time.toISOString().slice(11, 21), CLOCK.x + CLOCK.width, 45);
  }

  #drawPlot(): void {
    const context = this.#context;
    context.fillStyle = PLOT_BACKGROUND;
    context.fillRect(PLOT.x, PLOT.y, PLOT.width, PLOT.height);
    context.fillStyle = GRID;
    for (let line = 1; line < 4; line++) {
      context.fillRect(PLOT.x, PLOT.y + (line * PLOT.height) / 4, PLOT.width, 1);
    }
    for (const [index, samples] of this.#history.entries()) {
      this.#drawLine(samples, `hsl(${index * 47} 80% 60%)`);
    }
  }

  /** The newest sample is at the right edge. Nothing is drawn outside of the plot, which alone is damaged. */
  #drawLine(samples: readonly number[], colour: string): void {
    const context = this.#context;
    const step = PLOT.width / (SAMPLE_COUNT - 1);
    context.save();
    context.beginPath();
    context.rect(PLOT.x, PLOT.y, PLOT.width, PLOT.height);
    context.clip();
    context.beginPath();
    for (const [index, load] of samples.entries()) {
      const x = PLOT.x + PLOT.width - (samples.length - 1 - index) * step;
      context.lineTo(x, PLOT.y + (1 - load) * PLOT.height);
    }
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
    context.restore();
  }
}
