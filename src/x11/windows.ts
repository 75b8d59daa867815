// SPDX-License-Identifier: MPL-2.0
/**
 * The windows of a screen that people would call so: those of programs, without what
 * window managers draw around them (EWMH 1.5, "_NET_CLIENT_LIST"; ICCCM 2.0, 4.1.3.1,
 * "WM_STATE").
 */

import type { XConnection } from "./connection.ts";
import { printable } from "./printable.ts";
import {
  ATOM,
  findAtom,
  getGeometry,
  getProperty,
  getWindowAttributes,
  type Property,
  queryTree,
  readProperty,
  translateOrigin,
  wordsOf,
} from "./requests.ts";

/** A program's window. */
export interface WindowDescription {
  /** What `window` of the capture's settings takes, and `xwininfo -id`. */
  readonly id: number;
  /** Empty where it has none; without control characters, at most 1024 characters. */
  readonly title: string;
  /** The kind of program, such as `"XTerm"`: the second part of WM_CLASS; may be empty. */
  readonly className: string;
  /** This one among those of its kind, such as `"xterm"`: the first part; may be empty. */
  readonly instanceName: string;
  /** Of its program, as that says, on the machine where it runs; `undefined` where it does not. */
  readonly pid: number | undefined;
  /** Its left edge in px of the screen, without its border; below 0 where it reaches beyond. */
  readonly x: number;
  /** Its top edge in px of the screen, without its border; below 0 where it reaches beyond. */
  readonly y: number;
  /** In px, without its border. */
  readonly width: number;
  /** In px, without its border. */
  readonly height: number;
  /** Whether it is shown, be it behind others: not iconified, not on another desktop. */
  readonly viewable: boolean;
}

/** Windows that are looked at, however many there are. */
const WINDOW_COUNT_MAX = 1024;
/** How deep a window manager may have put a program's window into its own. */
const DEPTH_MAX = 4;
const TEXT_BYTES_MAX = 4096;
const TEXT_LENGTH_MAX = 1024;
const LIST_BYTES_MAX = WINDOW_COUNT_MAX * 4;

const ATOM_NAMES = [
  ...(["_NET_SUPPORTING_WM_CHECK", "_NET_CLIENT_LIST_STACKING", "_NET_CLIENT_LIST"] as const),
  ...(["_NET_WM_NAME", "_NET_WM_PID", "WM_STATE", "UTF8_STRING"] as const),
];
type AtomName = (typeof ATOM_NAMES)[number];
/** 0 for a name that nobody has used on that server. */
type Atoms = ReadonlyMap<AtomName, number>;

const INPUT_ONLY = 2;
const VIEWABLE = 2;

/** From the topmost to the lowest. At most {@link WINDOW_COUNT_MAX}, the topmost. */
export async function readWindows(
  connection: XConnection,
  root: number,
): Promise<WindowDescription[]> {
  const looker = new WindowLooker(connection, root, await readAtoms(connection));
  return await looker.windows();
}

async function readAtoms(connection: XConnection): Promise<Atoms> {
  const answers = await connection.askAll(ATOM_NAMES.map(findAtom));
  return new Map(ATOM_NAMES.map((name, index) => [name, answers[index]?.readUInt32LE(8) ?? 0]));
}

/** Of one window, in the order in which they are asked for. */
type Properties = [name: Property, oldName: Property, names: Property, pid: Property];

/** One look at the windows of a root. */
class WindowLooker {
  readonly #connection: XConnection;
  readonly #root: number;
  readonly #atoms: Atoms;
  #visits = 0;

  constructor(connection: XConnection, root: number, atoms: Atoms) {
    this.#connection = connection;
    this.#root = root;
    this.#atoms = atoms;
  }

  async windows(): Promise<WindowDescription[]> {
    const managed = await this.#managed();
    const ids = managed ?? (await this.#fromTree());
    const windows: WindowDescription[] = [];
    for (const id of new Set(ids.reverse().slice(0, WINDOW_COUNT_MAX))) {
      const window = await this.#describe(id);
      if (window && (managed || isOfInterest(window))) windows.push(window);
    }
    return windows;
  }

  /** What the window manager says, the lowest first; `undefined` where there is none. */
  async #managed(): Promise<number[] | undefined> {
    const own = await this.#manager(this.#root);
    // The property outlives a manager that was killed; its window does not.
    if (own === 0 || (await this.#manager(own)) !== own) return undefined;
    const stacking = await this.#list("_NET_CLIENT_LIST_STACKING");
    return stacking.length > 0 ? stacking : await this.#list("_NET_CLIENT_LIST");
  }

  async #manager(window: number): Promise<number> {
    const [id = 0] = wordsOf(
      await this.#property(window, this.#atom("_NET_SUPPORTING_WM_CHECK"), 4),
    );
    return id;
  }

  async #list(name: AtomName): Promise<number[]> {
    return wordsOf(await this.#property(this.#root, this.#atom(name), LIST_BYTES_MAX));
  }

  /**
   * For each child of the root, the lowest first, itself, or where a window manager without lists
   * has marked a window in it as a program's, that.
   */
  async #fromTree(): Promise<number[]> {
    const ids: number[] = [];
    for (const child of (await this.#children(this.#root)).slice(-WINDOW_COUNT_MAX)) {
      ids.push((await this.#marked([child], DEPTH_MAX)) ?? child);
    }
    return ids;
  }

  async #marked(windows: readonly number[], depth: number): Promise<number | undefined> {
    const state = this.#atom("WM_STATE");
    if (state === 0 || depth === 0) return undefined;
    for (const window of windows) {
      if (++this.#visits > WINDOW_COUNT_MAX * DEPTH_MAX) return undefined;
      if ((await this.#property(window, state, 4)).type !== 0) return window;
    }
    for (const window of windows) {
      const marked = await this.#marked(await this.#children(window), depth - 1);
      if (marked !== undefined) return marked;
    }
    return undefined;
  }

  async #children(window: number): Promise<number[]> {
    const answer = await this.#connection.ask(queryTree(window));
    if (answer === undefined) return []; // it is gone
    const count = answer.readUInt16LE(16);
    return Array.from({ length: count }, (_, index) => answer.readUInt32LE(32 + index * 4));
  }

  async #property(window: number, atom: number, bytesMax: number): Promise<Property> {
    if (atom === 0) return { type: 0, value: Buffer.alloc(0) };
    return readProperty(await this.#connection.ask(getProperty(window, atom, ATOM.any, bytesMax)));
  }

  /** `undefined` where it is gone, or has no pixels. */
  async #describe(id: number): Promise<WindowDescription | undefined> {
    const property = (atom: number) => getProperty(id, atom, ATOM.any, TEXT_BYTES_MAX);
    const [attributes, geometry, place, ...properties] = await this.#connection.askAll([
      getWindowAttributes(id),
      getGeometry(id),
      translateOrigin(id, this.#root),
      // An atom that nobody has made is refused: the same as none.
      property(this.#atom("_NET_WM_NAME")),
      property(ATOM.wmName),
      property(ATOM.wmClass),
      property(this.#atom("_NET_WM_PID")),
    ]);
    if (!attributes || !geometry || !place) return undefined;
    if (attributes.readUInt16LE(12) === INPUT_ONLY) return undefined;
    const [name, oldName, names, pid] = properties.map(readProperty) as Properties;
    const [instanceName = "", className = ""] = names.value.toString("latin1").split("\0");
    return {
      id,
      // The first is UTF-8 whatever type it is said to be of, as programs do set it.
      title:
        wordsIn(name.value, "utf8") ||
        wordsIn(oldName.value, this.#isUtf8(oldName) ? "utf8" : "latin1"),
      className: printable(className),
      instanceName: printable(instanceName),
      pid: wordsOf(pid)[0] || undefined,
      x: place.readInt16LE(12),
      y: place.readInt16LE(14),
      width: geometry.readUInt16LE(16),
      height: geometry.readUInt16LE(18),
      viewable: attributes.readUInt8(26) === VIEWABLE,
    };
  }

  #atom(name: AtomName): number {
    return this.#atoms.get(name) ?? 0;
  }

  /** Whether a text's bytes are UTF-8 and not Latin-1. */
  #isUtf8({ type }: Property): boolean {
    return type !== 0 && type === this.#atom("UTF8_STRING");
  }
}

/** A text for people, on one line. */
function wordsIn(value: Buffer, encoding: "utf8" | "latin1"): string {
  const text = printable(value.toString(encoding)).replaceAll("\n", " ");
  return text.slice(0, TEXT_LENGTH_MAX).toWellFormed();
}

/** Without a window manager, programs' windows stand beside what they keep to themselves. */
function isOfInterest({ viewable, title, className }: WindowDescription): boolean {
  return viewable || title !== "" || className !== "";
}
