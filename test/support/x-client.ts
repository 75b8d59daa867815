// SPDX-License-Identifier: MPL-2.0
// An X client of a few requests (X11 protocol, appendix B), for windows whose every step is the test's.
import { XConnection } from "../../src/x11/connection.ts";
import { parseDisplayName } from "../../src/x11/display-name.ts";
import { translateOrigin, wordRequest } from "../../src/x11/requests.ts";
import { screensOf } from "../../src/x11/setup.ts";
import { Canvas } from "./canvas.ts";
import type { Area } from "./painter.ts";

const TIMEOUT_MS = 100_000;

export interface XWindowOptions extends Area {
  /** Default: the root. */
  parent?: number;
  /** Default 0, and then black. */
  border?: number;
  /** Default: the root's. 32: with an alpha channel. */
  depth?: 16 | 24 | 32;
  inputOnly?: boolean;
  /** Outside of any window manager. Default true. */
  overrideRedirect?: boolean;
  /** 0xrrggbb, or 0xaarrggbb. Default 0. */
  background?: number;
}

/** Each call resolves when the server has done it, and rejects where it refuses. */
export class XClient implements Disposable {
  readonly root: number;
  readonly #connection: XConnection;
  #nextId: number;

  private constructor(connection: XConnection) {
    this.#connection = connection;
    this.#nextId = connection.setup.readUInt32LE(12);
    this.root = screensOf(connection.setup)[0]?.root ?? 0;
  }

  static async open(display: string): Promise<XClient> {
    const name = parseDisplayName(display);
    if (name === undefined) throw new Error(display);
    return new XClient(await XConnection.open(name, undefined, TIMEOUT_MS));
  }

  async createWindow(options: XWindowOptions): Promise<number> {
    const { parent = this.root, border = 0, depth = 24, inputOnly = false } = options;
    const { x, y, width, height, overrideRedirect = true, background = 0 } = options;
    const [window, colormap] = [this.#id(), this.#id()];
    const visual = inputOnly ? 0 : this.#visual(depth);
    if (inputOnly) {
      const shape = [pair(x, y), pair(width, height), pair(0, 2)];
      await this.#do(
        wordRequest(1, 0, window, parent, ...shape, 0, 0x200, Number(overrideRedirect)),
      );
      return window;
    }
    await this.#do(wordRequest(78, 0, colormap, this.root, visual)); // CreateColormap
    const shape = [pair(x, y), pair(width, height), pair(border, 1)];
    // background-pixel, border-pixel, override-redirect, colormap
    const values = [0x2 | 0x8 | 0x200 | 0x2000, background, 0, Number(overrideRedirect), colormap];
    await this.#do(wordRequest(1, depth, window, parent, ...shape, visual, ...values));
    return window;
  }

  map = (window: number) => this.#do(wordRequest(8, 0, window));
  unmap = (window: number) => this.#do(wordRequest(10, 0, window));
  destroy = (window: number) => this.#do(wordRequest(4, 0, window));
  move = (window: number, x: number, y: number) => this.#configure(window, 0x3, [x, y]);
  resize = (window: number, width: number, height: number) =>
    this.#configure(window, 0xc, [width, height]);
  setBorder = (window: number, width: number) => this.#configure(window, 0x10, [width]);
  raise = (window: number) => this.#configure(window, 0x40, [0]);
  reparent = (window: number, parent: number, x: number, y: number) =>
    this.#do(wordRequest(7, 0, window, parent, pair(x, y)));

  /** Maps a window and paints it with many rectangles, other ones for another seed. */
  async show(window: number, area: { width: number; height: number }, seed: number): Promise<void> {
    await this.map(window);
    await this.paint(window, area, seed);
  }

  async paint(window: number, { width, height }: { width: number; height: number }, seed: number) {
    let state = seed * 2654435761;
    const pick = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % below;
    };
    for (let count = 0; count < 24; count++) {
      const area = { x: pick(width), y: pick(height), width: 1 + pick(50), height: 1 + pick(30) };
      await this.fill(window, area, pick(0x1000000));
    }
  }

  async fill(window: number, { x, y, width, height }: Area, pixel: number): Promise<void> {
    const context = this.#id();
    await this.#do(wordRequest(55, 0, context, window, 0x4, pixel)); // CreateGC
    await this.#do(wordRequest(70, 0, window, context, pair(x, y), pair(width, height)));
    await this.#do(wordRequest(60, 0, context)); // FreeGC
  }

  /** Where the inside of a window is on the screen. */
  async placeOf(window: number): Promise<{ x: number; y: number }> {
    const answer = await this.#connection.ask(translateOrigin(window, this.root));
    if (!answer) throw new Error("there is no such window");
    return { x: answer.readInt16LE(12), y: answer.readInt16LE(14) };
  }

  /** What a drawable shows; of the root, all that is on it. Depth 24 or 32. */
  async grab(drawable: number, { x, y, width, height }: Area): Promise<Canvas> {
    const allPlanes = 0xffffffff;
    const request = wordRequest(73, 2, drawable, pair(x, y), pair(width, height), allPlanes);
    const answer = await this.#connection.ask(request);
    if (!answer) throw new Error("the pixels are refused");
    return Canvas.fromBgrx(answer.subarray(32, 32 + width * height * 4), width, height);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  #configure(window: number, mask: number, values: number[]): Promise<void> {
    return this.#do(wordRequest(12, 0, window, mask, ...values.map((value) => value >>> 0)));
  }

  /** With GetInputFocus behind it, which is answered unless the request is refused. */
  async #do(request: Buffer): Promise<void> {
    const behind = wordRequest(43, 0);
    const answer = await this.#connection.ask(Buffer.concat([request, behind]));
    if (answer !== undefined) return;
    await this.#connection.askAll([Buffer.alloc(0)]);
    throw new Error(`the server refuses request ${request[0]}`);
  }

  #id(): number {
    return this.#nextId++;
  }

  /** The first TrueColor visual of that depth, of the first screen. */
  #visual(depth: number): number {
    const { setup } = this.#connection;
    const formats = setup.readUInt8(29);
    let at = 40 + ((setup.readUInt16LE(24) + 3) & ~3) + formats * 8;
    const depths = setup.readUInt8(at + 39);
    at += 40;
    for (let index = 0; index < depths; index++) {
      const count = setup.readUInt16LE(at + 2);
      const isIt = setup.readUInt8(at) === depth;
      at += 8;
      for (let visual = 0; visual < count; visual++, at += 24) {
        if (isIt && setup.readUInt8(at + 4) === 4) return setup.readUInt32LE(at);
      }
    }
    throw new Error(`no visual of depth ${depth}`);
  }
}

/** Two 16-bit numbers in one word. */
function pair(low: number, high: number): number {
  return ((low & 0xffff) | (high << 16)) >>> 0;
}
