// SPDX-License-Identifier: MPL-2.0
/**
 * Whether the program with the keyboard's focus has looked at all that it has been sent:
 * it is asked as window managers do (Extended Window Manager Hints, `_NET_WM_PING`).
 * Chromium, Firefox, GTK and Qt answer; xterm does not.
 */
import {
  ATOM,
  getProperty,
  makeAtom,
  queryPointer,
  queryTree,
  readProperty,
  wordRequest,
  wordsOf,
} from "../x11/requests.ts";
import type { XSession } from "../x11/session.ts";

const CHANGE_WINDOW_ATTRIBUTES = 2;
const SEND_EVENT = 25;
const GET_INPUT_FOCUS = Buffer.from([43, 0, 1, 0]);

const CLIENT_MESSAGE = 33;
const EVENT_MASK = 0x800;
const SUBSTRUCTURE_NOTIFY = 0x80000;
/** Of the list of what a program answers. */
const PROTOCOLS_BYTES_MAX = 128;
/** GetInputFocus: the window is the one under the pointer. */
const POINTER_ROOT = 1;

/** Windows lie in each other no deeper where anybody looks for them. */
const DEPTH_MAX = 16;
/** A program that has not answered by then is not waited for. */
const ANSWER_MS = 3000;

/** Asks the program with the focus. One question at a time: whoever calls sees to that. */
export class Attention {
  readonly #session: XSession;
  readonly #root: number;
  #atoms: Promise<{ readonly protocols: number; readonly ping: number }> | undefined;
  /** Of the last question; the first is no number that a window manager would ask with. */
  #question = 0x70000000;
  #answered: (() => void) | undefined;

  constructor(session: XSession, root: number) {
    this.#session = session;
    this.#root = root;
    session.onEvent = (event) => this.#hear(event);
  }

  /**
   * Resolves when the program has looked at what it was sent, and at the answers to what
   * it asked the server for upon that.
   *
   * @returns false where it is none that answers, or has not in time.
   */
  async gained(): Promise<boolean> {
    const { protocols, ping } = await this.#named();
    const window = await this.#findWindow(protocols, ping);
    if (window === undefined) return false;
    this.#session.send(this.#listening(true));
    try {
      // The second question is behind the answers that it got from the server after the first.
      return (await this.#ask(window)) && (await this.#ask(window));
    } finally {
      this.#session.send(this.#listening(false));
    }
  }

  async #ask(window: number): Promise<boolean> {
    const { protocols, ping } = await this.#named();
    this.#question += 1;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), ANSWER_MS);
    this.#answered = () => resolve(true);
    const message = [window, protocols, ping, this.#question, window, 0, 0];
    const event = [CLIENT_MESSAGE | (32 << 8), ...message];
    this.#session.send(wordRequest(SEND_EVENT, 0, window, 0, ...event));
    try {
      await this.#session.settle();
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #hear(event: Buffer): void {
    const isMessage = (event.readUInt8(0) & 0x7f) === CLIENT_MESSAGE;
    if (isMessage && event.readUInt32LE(16) === this.#question) this.#answered?.();
  }

  #named() {
    this.#atoms ??= Promise.all([this.#atom("WM_PROTOCOLS"), this.#atom("_NET_WM_PING")]).then(
      ([protocols, ping]) => ({ protocols, ping }),
    );
    return this.#atoms;
  }

  async #atom(name: string): Promise<number> {
    return (await this.#session.ask(makeAtom(name))).readUInt32LE(8);
  }

  /** The window that says that its program answers: about the focus, or about the pointer. */
  async #findWindow(protocols: number, ping: number): Promise<number | undefined> {
    const focus = (await this.#session.ask(GET_INPUT_FOCUS)).readUInt32LE(8);
    const next = focus > POINTER_ROOT ? this.#parentOf : this.#underPointer;
    let window = focus > POINTER_ROOT ? focus : await this.#underPointer(this.#root);
    for (let depth = 0; depth < DEPTH_MAX && window !== 0 && window !== this.#root; depth++) {
      if (await this.#answersIn(window, protocols, ping)) return window;
      window = await next(window);
    }
    return undefined;
  }

  readonly #parentOf = async (window: number): Promise<number> =>
    (await this.#session.ask(queryTree(window))).readUInt32LE(12);

  readonly #underPointer = async (window: number): Promise<number> =>
    (await this.#session.ask(queryPointer(window))).readUInt32LE(12);

  async #answersIn(window: number, protocols: number, ping: number): Promise<boolean> {
    const request = getProperty(window, protocols, ATOM.atom, PROTOCOLS_BYTES_MAX);
    return wordsOf(readProperty(await this.#session.ask(request))).includes(ping);
  }

  #listening(listens: boolean): Buffer {
    const mask = listens ? SUBSTRUCTURE_NOTIFY : 0;
    return wordRequest(CHANGE_WINDOW_ATTRIBUTES, 0, this.#root, EVENT_MASK, mask);
  }
}
