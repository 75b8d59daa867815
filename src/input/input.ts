// SPDX-License-Identifier: MPL-2.0
/** The public face of pointing and typing. */
import { PixelfluxError } from "../errors.ts";
import { checkFlag, checkInteger, checkSignal, copyOptions } from "../options.ts";
import { ServerError } from "../x11/connection.ts";
import { RequestError } from "../x11/session.ts";
import { GuardError } from "./guard.ts";
import { Held } from "./held.ts";
import { keysymOfName, parseCombination } from "./key-names.ts";
import { Keyboard, NoSpareKey } from "./keyboard.ts";
import { type InputServer, openServer } from "./open.ts";
import {
  type ClickOptions,
  checkButton,
  checkInputOptions,
  checkModifiers,
  checkPlace,
  checkPoint,
  checkText,
  type DragOptions,
  type HoldOptions,
  type HoldTarget,
  type InputOptions,
  type Point,
  type RegionReader,
  type TypeOptions,
} from "./options.ts";
import { Pointer } from "./pointer.ts";

/** Lent keys are given back after so long without an operation. */
const RESTORE_MS = 1000;
const NOTCHES_MAX = 100;
const CLICKS_MAX = 10;

/**
 * Points and types on an X display, as its keyboard and mouse would, by XTEST.
 *
 * Operations are done in the order of the calls, awaited or not, one after the other;
 * each resolves when the X server has done it. One that is refused changes nothing,
 * and those behind it go on. The X server then tells programs, which take their time.
 *
 * Coordinates are px of the region, (0, 0) its top left corner.
 *
 * An open input does not keep the process running; work under way does.
 */
export class Input implements AsyncDisposable {
  readonly #server: InputServer;
  readonly #held: Held;
  readonly #keyboard: Keyboard;
  readonly #pointer: Pointer;
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #restoreTimer: ReturnType<typeof setTimeout> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(server: InputServer, region: RegionReader) {
    this.#server = server;
    const changed = () => this.#tellGuard();
    this.#held = new Held(server.opcodes.xtest, changed);
    this.#keyboard = new Keyboard(server, this.#held, changed);
    this.#pointer = new Pointer(server, this.#held, region);
  }

  /**
   * Connects to a display. Close it, or use `await using`: closing releases what is held.
   *
   * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING`, `ERR_UNKNOWN_SETTING`;
   *   `ERR_DISPLAY_OPEN` where nothing answers there or it refuses this user;
   *   `ERR_DISPLAY_UNSUPPORTED` where the server has no XTEST.
   */
  static async open(options: InputOptions = {}): Promise<Input> {
    const { display, authorityPath, region } = checkInputOptions(options);
    return new Input(await openServer(display, authorityPath), region);
  }

  /**
   * Moves the pointer.
   *
   * @throws {PixelfluxError} by rejection, as every operation: `ERR_INVALID_SETTING` with
   *   `field`, where an argument is wrong or the place not within the region;
   *   `ERR_REGION_OFF_SCREEN` where the place is not on the screen; `ERR_WINDOW_GONE` or
   *   `ERR_MONITOR_NOT_FOUND` where that of the capture is gone; `ERR_DISPLAY_LOST`;
   *   `ERR_INPUT` where the server refuses; `ERR_CLOSED` after {@link close}.
   */
  async move(x: number, y: number): Promise<void> {
    const point = checkPoint("move", x, y);
    await this.#do("move", () => this.#pointer.move("move", point));
  }

  /** Clicks, at a place or where the pointer is. */
  click(x: number, y: number, options?: ClickOptions): Promise<void>;
  click(options?: ClickOptions): Promise<void>;
  async click(x?: number | ClickOptions, y?: number, options: ClickOptions = {}): Promise<void> {
    const place = typeof x === "object" || x === undefined ? undefined : checkPoint("click", x, y);
    const asked = typeof x === "object" ? x : options;
    const { count = 1, ...how } = copyOptions("click", asked, ["button", "count", "modifiers"]);
    const button = checkButton("click", how.button);
    checkInteger("click", "count", count, [1, CLICKS_MAX]);
    const modifiers = checkModifiers("click", how.modifiers);
    await this.#do("click", async () => {
      if (place) await this.#pointer.move("click", place);
      await this.#keyboard.sendWith(modifiers, this.#pointer.clicks(button, count));
    });
  }

  /** Presses a button at one place, moves to another, and releases it there. */
  async drag(from: Point, to: Point, options: DragOptions = {}): Promise<void> {
    const start = checkPlace("drag", "from", from);
    const end = checkPlace("drag", "to", to);
    const { durationMs: heldMs = 200, ...how } = copyOptions("drag", options, [
      "button",
      "modifiers",
      "durationMs",
    ]);
    const button = checkButton("drag", how.button);
    const durationMs = checkInteger("drag", "durationMs", heldMs, [0, 60_000]);
    const modifiers = checkModifiers("drag", how.modifiers);
    await this.#do("drag", () =>
      this.#keyboard.holding(modifiers, () => this.#pointer.drag(start, end, button, durationMs)),
    );
  }

  /**
   * Turns the wheel.
   *
   * @param dx - notches to the right, -100…100; negative ones to the left.
   * @param dy - notches down, -100…100; negative ones up.
   * @param at - where the pointer is moved to first. Default: where it is.
   */
  async scroll(dx: number, dy: number, at?: Point): Promise<void> {
    checkInteger("scroll", "dx", dx, [-NOTCHES_MAX, NOTCHES_MAX]);
    checkInteger("scroll", "dy", dy, [-NOTCHES_MAX, NOTCHES_MAX]);
    const place = at === undefined ? undefined : checkPlace("scroll", "at", at);
    await this.#do("scroll", async () => {
      if (place) await this.#pointer.move("scroll", place, "at.");
      await this.#pointer.scroll(dx, dy);
    });
  }

  /**
   * Types a text into what has the keyboard's focus: any Unicode, and line ends, tabs,
   * backspaces, escapes. It arrives as it is, whatever layout is set and whether CapsLock
   * is on; modifiers that are held are released meanwhile.
   *
   * Characters that no key has get a key that means nothing otherwise, until a second
   * after the last one. There are about twenty of those: a text with more different ones
   * than that is typed in parts, between which programs get 150 ms to look at the last.
   *
   * @throws {PixelfluxError} by rejection, besides those of {@link move}: `ERR_INPUT`
   *   where the keyboard has no key to spare; the signal's reason where that is aborted.
   */
  async type(text: string, options: TypeOptions = {}): Promise<void> {
    const keysyms = checkText("type", text);
    const { delayMs: pauseMs = 0, ...how } = copyOptions("type", options, ["delayMs", "signal"]);
    const delayMs = checkInteger("type", "delayMs", pauseMs, [0, 10_000]);
    const signal = checkSignal("type", how.signal);
    signal?.throwIfAborted();
    await this.#do("type", () => this.#keyboard.type(keysyms, { delayMs, signal }));
  }

  /**
   * Presses a combination of keys, such as `"enter"`, `"ctrl+shift+t"` or `"alt+f4"`, and
   * releases it.
   *
   * Keys are characters, X keysym names (`"Page_Up"`, `"KP_Add"`, `"XF86AudioPlay"`), those
   * of `KeyboardEvent.code` (`"ArrowLeft"`) or plain ones (`"esc"`, `"cmd"`, `"pgup"`), in
   * small or capital letters. A character alone is that character; in a combination the case
   * of its letter does not count.
   */
  async key(combination: string): Promise<void> {
    const keys = parseCombination(combination, "key");
    await this.#do("key", () => this.#keyboard.press(keys));
  }

  /**
   * Holds a key, by a name as in {@link key}, or a button, as in `{ button: "left" }`,
   * until {@link up}. Keys repeat, as they do under a finger.
   */
  async down(target: HoldTarget, options: HoldOptions = {}): Promise<void> {
    const { exactly = false, at } = copyOptions("down", options, ["exactly", "at"]);
    const place = at === undefined ? undefined : checkPlace("down", "at", at);
    if (typeof target === "object") {
      const button = checkButton("down", copyOptions("down", target, ["button"]).button);
      await this.#do("down", async () => {
        if (place) await this.#pointer.move("down", place, "at.");
        await this.#pointer.buttonDown(button);
      });
      return;
    }
    const keysym = keysymOfName(target, "down");
    checkFlag("down", "exactly", exactly);
    await this.#do("down", async () => {
      if (place) await this.#pointer.move("down", place, "at.");
      await this.#keyboard.down(keysym, exactly);
    });
  }

  /** Releases a key or button, whoever holds it. */
  async up(target: HoldTarget): Promise<void> {
    if (typeof target === "object") {
      const button = checkButton("up", copyOptions("up", target, ["button"]).button);
      await this.#do("up", () => this.#pointer.buttonUp(button));
      return;
    }
    const keysym = keysymOfName(target, "up");
    await this.#do("up", () => this.#keyboard.up(keysym));
  }

  /** Releases all keys and buttons that this input holds. */
  async releaseAll(): Promise<void> {
    await this.#do("releaseAll", () => this.#releaseAll());
  }

  /** Where the pointer is, in px of the region; outside it the numbers are negative, or too large. */
  async position(): Promise<Point> {
    return await this.#do("position", () => this.#pointer.position());
  }

  /**
   * Does what has been called for, releases what is held, gives lent keys back and ends
   * the connection. May be repeated; never rejects.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restoreTimer);
    const { session } = this.#server;
    session.keepProcess(true);
    const ending = this.#last.then(async () => {
      await this.#releaseAll();
      await this.#keyboard.restore();
    });
    // Where the connection is lost there is nothing to be released.
    await Promise.allSettled([ending]);
    this.#server.guard.end();
    session.close();
  }

  #tellGuard(): void {
    this.#server.guard.tell(this.#held.releases(), this.#keyboard.restorations());
  }

  async #releaseAll(): Promise<void> {
    const { session } = this.#server;
    session.send(...this.#held.releaseAll());
    await session.settle();
  }

  /** Does the work when that of the calls before is done. */
  async #do<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      const text = `${operation}: the input has been closed. Open another.`;
      throw new PixelfluxError("ERR_CLOSED", operation, text);
    }
    this.#begin();
    const done = this.#last.then(work);
    this.#last = Promise.allSettled([done]).then(() => this.#end());
    try {
      return await done;
    } catch (error) {
      throw errorOf(error, operation);
    }
  }

  #begin(): void {
    this.#pending += 1;
    clearTimeout(this.#restoreTimer);
    this.#server.session.keepProcess(true);
  }

  #end(): void {
    this.#pending -= 1;
    if (this.#pending > 0 || this.#closed) return;
    this.#server.session.keepProcess(false);
    if (!this.#keyboard.lends) return;
    this.#restoreTimer = setTimeout(() => this.#restore(), RESTORE_MS);
    this.#restoreTimer.unref();
  }

  #restore(): void {
    const restored = this.#do("restore", () => this.#keyboard.restore());
    // A connection that is lost is told by the next operation.
    restored.catch(() => undefined);
  }
}

/** What an operation failed of, in the public words. */
function errorOf(error: unknown, operation: string): unknown {
  if (error instanceof ServerError) {
    const text = `${operation}: the connection to the X server is lost: ${error.message}. Open another input when it is back.`;
    return new PixelfluxError("ERR_DISPLAY_LOST", operation, text, { cause: error });
  }
  if (error instanceof RequestError) {
    const text = `${operation}: the X server refuses (${error.message}). Its access control or another program forbids input.`;
    return new PixelfluxError("ERR_INPUT", operation, text, { cause: error });
  }
  if (error instanceof RangeError) {
    const text = `${operation}: what the X server answers makes no sense (${error.message}).`;
    return new PixelfluxError("ERR_DISPLAY_LOST", operation, text, { cause: error });
  }
  if (error instanceof GuardError) {
    const text = `${operation}: the system refuses the process that would release what is held when this one is killed. Raise \`ulimit -u\`.`;
    return new PixelfluxError("ERR_NO_RESOURCE", operation, text, { cause: error });
  }
  if (error instanceof NoSpareKey) {
    const text = `${operation}: a character has no key on the present keyboard layout, and there is no key without a meaning that could be lent to it. Set a layout that has it, or close other programs that lend keys.`;
    return new PixelfluxError("ERR_INPUT", operation, text, { cause: error });
  }
  return error;
}
