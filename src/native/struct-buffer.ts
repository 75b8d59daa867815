// SPDX-License-Identifier: MPL-2.0
/** Memory laid out as one native structure, or an array of it, read and written by field name. */
import {
  type FieldName,
  type FieldType,
  fieldSizeBytes,
  STRUCTS,
  type StructLayout,
  type StructName,
} from "./layout.ts";

/**
 * `count` structures of one kind, in zeroed memory of JavaScript's own or in what
 * is given; `bytes` is what a native call gets. Little endian, as both supported
 * machines are.
 */
export class StructBuffer<S extends StructName> {
  /** The structures' memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #layout: StructLayout<S>;
  readonly #types: Readonly<Record<FieldName<S>, FieldType>>;

  constructor(
    name: S,
    layout: StructLayout<S>,
    count = 1,
    bytes = new Uint8Array(layout.sizeBytes * count),
  ) {
    this.#layout = layout;
    this.#types = STRUCTS[name] as Readonly<Record<FieldName<S>, FieldType>>;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Reads a number. u64 fields here are addresses, byte counts and times, all
   * below 2^53; a larger one would lose its low bits.
   *
   * @param index - which structure, from 0.
   */
  number(field: FieldName<S>, index = 0): number {
    const offset = index * this.#layout.sizeBytes + this.#layout.offsets[field];
    switch (this.#types[field]) {
      case "u32":
        return this.#view.getUint32(offset, true);
      case "i32":
        return this.#view.getInt32(offset, true);
      case "f64":
        return this.#view.getFloat64(offset, true);
      case "u64":
        // Two halves instead of getBigUint64, which would allocate.
        return (
          this.#view.getUint32(offset, true) + this.#view.getUint32(offset + 4, true) * 2 ** 32
        );
      default:
        throw new TypeError(`${field} is not a number`);
    }
  }

  /** Reads NUL-terminated text of the first structure. */
  text(field: FieldName<S>): string {
    const offset = this.#layout.offsets[field];
    return textOf(this.bytes.subarray(offset, offset + fieldSizeBytes(this.#types[field])));
  }

  /** Zeroes an address. */
  clearAddress(field: FieldName<S>, index: number): void {
    const offset = index * this.#layout.sizeBytes + this.#layout.offsets[field];
    this.#view.setUint32(offset, 0, true);
    this.#view.setUint32(offset + 4, 0, true);
  }

  /**
   * Writes a value; the caller has checked its range and length.
   *
   * @param index - which structure, from 0.
   */
  set(field: FieldName<S>, value: number | string, index = 0): void {
    const offset = index * this.#layout.sizeBytes + this.#layout.offsets[field];
    const type = this.#types[field];
    if (typeof value === "string") {
      const room = this.bytes.subarray(offset, offset + fieldSizeBytes(type) - 1);
      new TextEncoder().encodeInto(value, room);
    } else if (type === "f64") {
      this.#view.setFloat64(offset, value, true);
    } else if (type === "u64") {
      this.#view.setUint32(offset, value % 2 ** 32, true);
      this.#view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
    } else {
      this.#view.setUint32(offset, value, true);
    }
  }
}

/** A structure whose `size_bytes` is set, ready for a call that fills in the rest. */
export function sizedStruct<
  S extends Exclude<
    StructName,
    "pf_stripe" | "pf_screenshot" | "pf_cursor" | "pf_tap_frame" | "pf_lease" | "pf_rectangle"
  >,
>(name: S, layout: StructLayout<S>): StructBuffer<S> {
  const struct = new StructBuffer(name, layout);
  struct.set("size_bytes" as FieldName<S>, layout.sizeBytes);
  return struct;
}

/** NUL-terminated UTF-8 as a string. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
