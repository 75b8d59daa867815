// SPDX-License-Identifier: MPL-2.0
/** The pointer, in coordinates of a region. */
import { PixelfluxError } from "../errors.ts";
import { invalidOption } from "../options.ts";
import { queryPointer } from "../x11/requests.ts";
import { readGround, readScreen } from "./ground.ts";
import type { Held } from "./held.ts";
import type { InputServer } from "./open.ts";
import type { Point, RegionReader } from "./options.ts";
import { fakeButton, fakeMotion } from "./requests.ts";

/** The wheels as buttons of X, as one notch of either way. */
const WHEELS = { up: 4, down: 5, left: 6, right: 7 } as const;
/** Chromium takes two clicks of the same ms for one. */
const CLICK_INTERVAL_MS = 10;
/** Between two of a drag's movements. */
const DRAG_STEP_MS = 10;
/** Programs take a movement of some px for a drag: it needs several, however short it is. */
const DRAG_STEPS_MIN = 5;

const ORIGIN: Point = { x: 0, y: 0 };

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The pointer of a connection. It does one thing at a time: whoever calls sees to that. */
export class Pointer {
  readonly #server: InputServer;
  readonly #held: Held;
  readonly #region: RegionReader;

  constructor(server: InputServer, held: Held, region: RegionReader) {
    this.#server = server;
    this.#held = held;
    this.#region = region;
  }

  async move(operation: string, point: Point, prefix = ""): Promise<void> {
    const { session } = this.#server;
    session.send(await this.#motionTo(operation, point, prefix));
    await session.settle();
  }

  /** The requests of so many clicks. */
  clicks(button: number, count: number): Buffer[] {
    const { xtest } = this.#server.opcodes;
    return Array.from({ length: count }, (_, index) => [
      fakeButton(xtest, button, true, index === 0 ? 0 : CLICK_INTERVAL_MS),
      fakeButton(xtest, button, false),
    ]).flat();
  }

  /** The button is released whatever happens on the way. */
  async drag(from: Point, to: Point, button: number, durationMs: number): Promise<void> {
    const { session } = this.#server;
    // Both ends are looked at first: half a drag is worse than none.
    await this.#motionTo("drag", to, "to.");
    session.send(await this.#motionTo("drag", from, "from."), this.#held.pressButton(button));
    try {
      const steps = Math.max(DRAG_STEPS_MIN, Math.round(durationMs / DRAG_STEP_MS));
      for (let step = 1; step <= steps; step++) {
        await Bun.sleep(durationMs / steps);
        const at = (a: number, b: number) => Math.round(a + ((b - a) * step) / steps);
        await this.move("drag", { x: at(from.x, to.x), y: at(from.y, to.y) }, "to.");
      }
    } finally {
      session.send(this.#held.releaseButton(button));
    }
    await session.settle();
  }

  async scroll(dx: number, dy: number): Promise<void> {
    this.#server.session.send(
      ...this.clicks(dy < 0 ? WHEELS.up : WHEELS.down, Math.abs(dy)),
      ...this.clicks(dx < 0 ? WHEELS.left : WHEELS.right, Math.abs(dx)),
    );
    await this.#server.session.settle();
  }

  async buttonDown(button: number): Promise<void> {
    this.#server.session.send(this.#held.pressButton(button));
    await this.#server.session.settle();
  }

  async buttonUp(button: number): Promise<void> {
    this.#server.session.send(this.#held.releaseButton(button));
    await this.#server.session.settle();
  }

  async position(): Promise<Point> {
    const region = this.#region();
    const isOfScreen = region.window === undefined && region.monitor === undefined;
    const ground = isOfScreen ? ORIGIN : await readGround("position", this.#server, region);
    const answer = await this.#server.session.ask(queryPointer(this.#server.root));
    return {
      x: answer.readInt16LE(16) - ground.x - region.x,
      y: answer.readInt16LE(18) - ground.y - region.y,
    };
  }

  async #motionTo(operation: string, { x, y }: Point, prefix: string): Promise<Buffer> {
    const region = this.#region();
    const screen = await readScreen(this.#server);
    const ground = await readGround(operation, this.#server, region);
    const width = region.width ?? Math.max(0, ground.width - region.x);
    const height = region.height ?? Math.max(0, ground.height - region.y);
    const size = `the region is ${width}x${height} px`;
    if (x < 0 || x >= width) {
      throw invalidOption(operation, `${prefix}x`, `from 0 to ${width - 1} (${size})`, x);
    }
    if (y < 0 || y >= height) {
      throw invalidOption(operation, `${prefix}y`, `from 0 to ${height - 1} (${size})`, y);
    }
    const onScreen = { x: ground.x + region.x + x, y: ground.y + region.y + y };
    if (!isWithin(onScreen, screen)) throw offScreen(operation, onScreen, screen);
    return fakeMotion(this.#server.opcodes.xtest, this.#server.root, onScreen.x, onScreen.y);
  }
}

function isWithin({ x, y }: Point, { width, height }: Size): boolean {
  return x >= 0 && y >= 0 && x < width && y < height;
}

function offScreen(operation: string, { x, y }: Point, { width, height }: Size): PixelfluxError {
  const text = `${operation}: the region reaches beyond the screen, which is ${width}x${height} px: there is no pixel ${x},${y}. Open the input with a region on the screen.`;
  return new PixelfluxError("ERR_REGION_OFF_SCREEN", operation, text, { field: "region" });
}
