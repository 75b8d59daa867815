// SPDX-License-Identifier: MPL-2.0
import { setTimeout as pause } from "node:timers/promises";
import { type CaptureSettings, PixelfluxError, ScreenCapture } from "pixelflux-ffi";
import { type ClickOptions, Input } from "pixelflux-ffi/input";
import type { Action, ClickName, Coordinate, Direction } from "./actions.ts";
import { ActionError } from "./errors.ts";
import { type Picture, takeDetail, takePicture } from "./picture.ts";
import { Space } from "./space.ts";

/** What an action is answered with, besides that it was done. */
export interface Outcome {
  readonly image?: { readonly type: "base64"; readonly media_type: "image/png"; data: string };
  readonly width?: number;
  readonly height?: number;
  readonly coordinate?: Coordinate;
  readonly waited_ms?: number;
}

const QUIET_MS = 300;
const TIMEOUT_MS = 10_000;
const WAITED_FOR = { change: "change", stable: "rest" } as const;

const CLICKS: Readonly<Record<ClickName, ClickOptions>> = {
  left_click: { button: "left" },
  right_click: { button: "right" },
  middle_click: { button: "middle" },
  double_click: { button: "left", count: 2 },
  triple_click: { button: "left", count: 3 },
};

/** Notches to the right and down. */
const DIRECTIONS: Readonly<Record<Direction, readonly [number, number]>> = {
  up: [0, -1],
  down: [0, 1],
  left: [-1, 0],
  right: [1, 0],
};

/** A screen that is looked at, and its keyboard and pointer. */
export class Computer implements AsyncDisposable {
  readonly #capture: ScreenCapture;
  readonly #input: Input;
  /** What changes since is what the last deed has brought about. */
  #token: number;
  #actedMs = performance.now();

  private constructor(capture: ScreenCapture, input: Input) {
    this.#capture = capture;
    this.#input = input;
    this.#token = capture.changeToken();
  }

  /**
   * @param settings - which display, and what of it.
   * @throws {PixelfluxError} as `ScreenCapture.start` and `Input.open` do.
   */
  static async open(settings: CaptureSettings): Promise<Computer> {
    const capture = new ScreenCapture(settings);
    // A display that is lost is told by the next action.
    capture.on("error", () => undefined);
    await capture.start(); // nobody reads its stripes, so none is encoded
    try {
      return new Computer(capture, await Input.open({ region: capture }));
    } catch (error) {
      await capture.stop();
      throw error;
    }
  }

  /** Screenshots as large as is asked for. */
  space(maxSidePx: number): Space {
    const { width, height } = this.#capture;
    return new Space({ width, height }, maxSidePx);
  }

  /**
   * Does one action.
   *
   * @param space - what its coordinates are px of.
   * @throws {ActionError} or {PixelfluxError} where it cannot be done; the signal's reason.
   */
  async perform(action: Action, space: Space, signal: AbortSignal): Promise<Outcome> {
    switch (action.action) {
      case "screenshot":
        return outcomeOf(await takePicture(this.#capture, space));
      case "zoom":
        return outcomeOf(await takeDetail(this.#capture, space, space.boxToScreen(action.region)));
      case "cursor_position":
        return { coordinate: space.fromScreen(await this.#input.position()) };
      case "wait":
        return await this.#wait(action, signal);
      default:
        this.#token = this.#capture.changeToken();
        await this.#act(action, space, signal);
        this.#actedMs = performance.now();
        return {};
    }
  }

  /** Releases what is held, and stops looking. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#capture.stop();
  }

  async #act(action: Deed, space: Space, signal: AbortSignal): Promise<void> {
    const place = (coordinate: Coordinate, field = "coordinate") =>
      space.toScreen(coordinate, field);
    switch (action.action) {
      case "type":
        return await this.#input.type(action.text, { signal });
      case "key":
        return await this.#input.key(action.text);
      case "hold_key":
        return await this.#hold(action.text, action.duration * 1000, signal);
      case "mouse_move": {
        const { x, y } = place(action.coordinate);
        return await this.#input.move(x, y);
      }
      case "left_click_drag":
        return await this.#input.drag(
          place(action.start_coordinate, "start_coordinate"),
          place(action.coordinate),
        );
      case "left_mouse_down":
        return await this.#input.down({ button: "left" });
      case "left_mouse_up":
        return await this.#input.up({ button: "left" });
      case "scroll": {
        const [right, down] = DIRECTIONS[action.scroll_direction];
        const { scroll_amount: amount, coordinate } = action;
        const at = coordinate && place(coordinate);
        return await this.#input.scroll(right * amount, down * amount, at);
      }
      default: {
        const { text, coordinate } = action;
        const options = { ...CLICKS[action.action], modifiers: text?.split("+") };
        if (coordinate === undefined) return await this.#input.click(options);
        const { x, y } = place(coordinate);
        return await this.#input.click(x, y, options);
      }
    }
  }

  async #wait(action: WaitAction, signal: AbortSignal): Promise<Outcome> {
    const startMs = performance.now();
    if ("duration" in action) {
      await pause(action.duration * 1000, undefined, { signal });
    } else {
      const { until, quiet_ms = QUIET_MS, timeout_ms = TIMEOUT_MS } = action;
      try {
        if (until === "change") await this.#changed(timeout_ms, signal);
        else await this.#stable(quiet_ms, timeout_ms, signal);
      } catch (error) {
        if (!(error instanceof PixelfluxError && error.code === "ERR_TIMEOUT")) throw error;
        throw new ActionError(504, "TIMEOUT", `no ${WAITED_FOR[until]} within ${timeout_ms} ms`);
      }
    }
    return { waited_ms: Math.round(performance.now() - startMs) };
  }

  /** Waits for a change since the last deed, or since the last one that was waited for. */
  async #changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const options = { since: this.#token, timeoutMs, signal };
    const { token } = await this.#capture.waitForChange(options);
    this.#token = token;
  }

  /** Waits for rest; what was done last gets as long to show itself. */
  async #stable(quietMs: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const pauseMs = Math.min(timeoutMs, this.#actedMs + quietMs - performance.now());
    if (pauseMs > 0) await pause(pauseMs, undefined, { signal });
    const leftMs = Math.round(timeoutMs - Math.max(0, pauseMs));
    await this.#capture.waitForStable({ quietMs, timeoutMs: leftMs, signal });
  }

  async #hold(combination: string, durationMs: number, signal: AbortSignal): Promise<void> {
    const keys = combination.length === 1 ? [combination] : combination.split("+");
    const held: string[] = [];
    try {
      for (const key of keys) {
        await this.#input.down(key);
        held.unshift(key);
      }
      await pause(durationMs, undefined, { signal });
    } finally {
      for (const key of held) await this.#input.up(key);
    }
  }
}

type WaitAction = Extract<Action, { action: "wait" }>;
/** What is done, as opposed to looked at or waited for. */
type Deed = Exclude<Action, { action: "screenshot" | "cursor_position" | "zoom" | "wait" }>;

function outcomeOf({ data, width, height }: Picture): Outcome {
  return {
    image: { type: "base64", media_type: "image/png", data: Buffer.from(data).toString("base64") },
    ...{ width, height },
  };
}
