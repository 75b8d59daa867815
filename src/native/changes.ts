// SPDX-License-Identifier: MPL-2.0
/** What a native capture knows of changes on the screen. */
import { errorOfStatus, PixelfluxError } from "../errors.ts";
import type { NativeLibrary } from "./library.ts";
import { StructBuffer, sizedStruct } from "./struct-buffer.ts";

/** `PF_CHANGE_RECTANGLE_COUNT_MAX`. */
export const CHANGE_RECTANGLE_COUNT_MAX = 64;

/** `pf_watch`: each does what the ones before do, too. */
export const WATCHES = ["nothing", "keep", "exact", "tell"] as const;

/** Index into {@link WATCHES}. */
export type NativeWatch = 0 | 1 | 2 | 3;

/** `PF_STATUS_REGION_OFF_SCREEN`. */
const STATUS_REGION_OFF_SCREEN = -9;

/** `pf_rectangle`. */
export interface NativeRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const ALL_OF_FRAME: NativeRectangle = { x: 0, y: 0, width: 0, height: 0 };

/** `pf_change_query`. */
export interface NativeChangeQuery {
  /** Width or height 0: as far as the frame goes. */
  readonly region: NativeRectangle;
  /** At most {@link CHANGE_RECTANGLE_COUNT_MAX}. */
  readonly ignore: readonly NativeRectangle[];
}

/** `pf_changes`. */
export interface NativeChanges {
  readonly rectangles: readonly NativeRectangle[];
  readonly tokenUs: number;
  /** 0: nothing that counts has ever changed. */
  readonly changedUs: number;
  /** Whatever was drawn before this is known. */
  readonly lookedUs: number;
  readonly frameId: number;
}

/** Reads a capture's changes; nothing here blocks. */
export class NativeChangeLog {
  readonly #library: NativeLibrary;
  readonly #handle: number;
  readonly #query: StructBuffer<"pf_change_query">;
  readonly #changes: StructBuffer<"pf_changes">;
  readonly #rectangles: StructBuffer<"pf_rectangle">;
  readonly #ignored: StructBuffer<"pf_rectangle">;

  constructor(library: NativeLibrary, handle: number) {
    const { layout } = library;
    const rectangles = () =>
      new StructBuffer("pf_rectangle", layout.pf_rectangle, CHANGE_RECTANGLE_COUNT_MAX);
    this.#library = library;
    this.#handle = handle;
    this.#query = sizedStruct("pf_change_query", layout.pf_change_query);
    this.#changes = sizedStruct("pf_changes", layout.pf_changes);
    this.#rectangles = rectangles();
    this.#ignored = rectangles();
  }

  /** Says what the capture has to do from here on. @throws {PixelfluxError} */
  watch(watch: NativeWatch): void {
    this.#check(this.#library.call.pf_capture_watch(this.#handle, watch), "watch");
  }

  /**
   * Has the capture look at the screen as it is now.
   *
   * @returns what `lookedUs` will have reached when it has.
   * @throws {PixelfluxError}
   */
  look(): number {
    const lookedUs = new BigUint64Array(1);
    this.#check(this.#library.call.pf_capture_look(this.#handle, lookedUs), "watch");
    return Number(lookedUs[0]);
  }

  /** The present token. @throws {PixelfluxError} */
  tokenUs(): number {
    return this.read(Number.MAX_SAFE_INTEGER, { region: ALL_OF_FRAME, ignore: [] }, "watch")
      .tokenUs;
  }

  /**
   * Reads what has changed since a token.
   *
   * @throws {PixelfluxError} `ERR_REGION_OFF_SCREEN` where the region does not lie within the
   *   frame.
   */
  read(sinceUs: number, { region, ignore }: NativeChangeQuery, operation: string): NativeChanges {
    const query = this.#query;
    query.set("ignored_count", ignore.length);
    query.set("since_us", sinceUs);
    writeRectangle(query, region, 0);
    for (const [index, each] of ignore.entries()) writeRectangle(this.#ignored, each, index);
    const status = this.#library.call.pf_capture_changes(
      this.#handle,
      query.bytes,
      this.#ignored.bytes,
      this.#rectangles.bytes,
      this.#changes.bytes,
    );
    if (status === STATUS_REGION_OFF_SCREEN) throw this.#offFrame(region, operation);
    this.#check(status, operation);
    return this.#answer();
  }

  #answer(): NativeChanges {
    const changes = this.#changes;
    const rectangles = this.#rectangles;
    const at = (_: unknown, index: number) => ({
      x: rectangles.number("x", index),
      y: rectangles.number("y", index),
      width: rectangles.number("width", index),
      height: rectangles.number("height", index),
    });
    return {
      rectangles: Array.from({ length: changes.number("rectangle_count") }, at),
      tokenUs: changes.number("token_us"),
      changedUs: changes.number("changed_us"),
      lookedUs: changes.number("looked_us"),
      frameId: changes.number("frame_id"),
    };
  }

  #offFrame({ x, y, width, height }: NativeRectangle, operation: string): PixelfluxError {
    const frame = `${this.#changes.number("width")}x${this.#changes.number("height")}`;
    const text = `${operation}: region: ${width}x${height}+${x}+${y} does not lie within the frame, which is ${frame} px`;
    return new PixelfluxError("ERR_REGION_OFF_SCREEN", operation, text, { field: "region" });
  }

  #check(status: number, operation: string): void {
    if (status < 0) throw errorOfStatus(status, operation, "");
  }
}

function writeRectangle(
  to: StructBuffer<"pf_rectangle"> | StructBuffer<"pf_change_query">,
  { x, y, width, height }: NativeRectangle,
  index: number,
): void {
  to.set("x", x, index);
  to.set("y", y, index);
  to.set("width", width, index);
  to.set("height", height, index);
}
