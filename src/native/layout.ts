// SPDX-License-Identifier: MPL-2.0
/**
 * Where each field of the native structures lies, as the library itself tells
 * by `pf_layout()`. Offsets and sizes are written down nowhere on this side;
 * what is written down is which fields this side uses and of which type, so
 * that a library that has them otherwise is refused when it is loaded.
 */
import { PixelfluxError } from "../errors.ts";
import { LIBRARY_VARIABLE, libraryOverride } from "./library-places.ts";

/** Types a field can have; `char[N]` is N bytes of NUL-terminated UTF-8. */
export type FieldType = "u32" | "i32" | "u64" | "f64" | `char[${number}]`;

/** The fields this side reads and writes. */
export const STRUCTS = {
  pf_settings: {
    size_bytes: "u32",
    output_mode: "u32",
    display: "char[256]",
    capture_x: "u32",
    capture_y: "u32",
    capture_width: "u32",
    capture_height: "u32",
    target_fps: "f64",
    capture_cursor: "u32",
    jpeg_quality: "u32",
    paint_over_jpeg_quality: "u32",
    jpeg_full_color: "u32",
    h264_crf: "u32",
    h264_paint_over_crf: "u32",
    h264_paint_over: "u32",
    h264_full_color: "u32",
    h264_full_frame: "u32",
    stripe_height: "u32",
    use_paint_over_quality: "u32",
    paint_over_trigger_frames: "u32",
    damage_block_threshold: "u32",
    damage_block_duration: "u32",
    watermark_location: "u32",
    stripe_header: "u32",
    queue_frames: "u32",
    reconnect: "u32",
    watermark_path: "char[4096]",
    authority_path: "char[4096]",
    window: "u32",
    monitor: "char[128]",
  },
  pf_stripe: {
    bytes: "u64",
    context: "u64",
    timestamp_us: "u64",
    latency_ns: "u64",
    size_bytes: "u32",
    header_bytes: "u32",
    frame_id: "u32",
    type: "u32",
    x: "u32",
    y: "u32",
    width: "u32",
    height: "u32",
    source_x: "u32",
    source_y: "u32",
    keyframe: "u32",
    h264_profile: "u32",
  },
  pf_screenshot_request: {
    size_bytes: "u32",
    id: "u32",
    format: "u32",
    quality: "u32",
    x: "u32",
    y: "u32",
    width: "u32",
    height: "u32",
  },
  pf_screenshot: {
    bytes: "u64",
    context: "u64",
    timestamp_us: "u64",
    size_bytes: "u32",
    id: "u32",
    status: "i32",
    width: "u32",
    height: "u32",
  },
  pf_cursor: {
    bytes: "u64",
    context: "u64",
    size_bytes: "u32",
    visible: "u32",
    x: "i32",
    y: "i32",
    image_id: "u32",
    width: "u32",
    height: "u32",
    hot_x: "u32",
    hot_y: "u32",
  },
  pf_tap_frame: {
    bytes: "u64",
    context: "u64",
    timestamp_us: "u64",
    size_bytes: "u32",
    frame_id: "u32",
    width: "u32",
    height: "u32",
    rectangle_count: "u32",
    merged_count: "u32",
  },
  pf_rectangle: {
    x: "u32",
    y: "u32",
    width: "u32",
    height: "u32",
  },
  pf_change_query: {
    size_bytes: "u32",
    ignored_count: "u32",
    since_us: "u64",
    x: "u32",
    y: "u32",
    width: "u32",
    height: "u32",
  },
  pf_changes: {
    size_bytes: "u32",
    rectangle_count: "u32",
    token_us: "u64",
    changed_us: "u64",
    looked_us: "u64",
    frame_id: "u32",
    width: "u32",
    height: "u32",
  },
  pf_state: {
    size_bytes: "u32",
    phase: "u32",
    error: "i32",
    queued_count: "u32",
    width: "u32",
    height: "u32",
    resize_count: "u32",
    ended_count: "u32",
  },
  pf_stats: {
    size_bytes: "u32",
    frames: "u64",
    stripes: "u64",
    bytes: "u64",
    keyframes: "u64",
    rows_grabbed: "u64",
    stripes_hashed: "u64",
    stripes_unchanged: "u64",
    changed_without_damage: "u64",
    held_back: "u64",
    wakeups: "u64",
    encoders_opened: "u64",
    copies: "u64",
  },
  pf_histogram: {
    size_bytes: "u32",
    count: "u64",
    sum_ns: "u64",
    p50_ns: "u64",
    p95_ns: "u64",
    p99_ns: "u64",
    max_ns: "u64",
  },
  pf_lease: {
    handle: "u64",
    frames: "u64",
    capacity: "u32",
  },
  pf_memory: {
    size_bytes: "u32",
    capture_count: "u32",
    thread_count: "u32",
    lent_count: "u32",
    lent_bytes: "u64",
    buffer_bytes: "u64",
    frame_source_count: "u32",
  },
  pf_capabilities: {
    size_bytes: "u32",
    abi_version: "u32",
    codecs: "u32",
    cpu_features: "u32",
    version: "char[32]",
    licence: "char[64]",
  },
} as const satisfies Record<string, Record<string, FieldType>>;

export type StructName = keyof typeof STRUCTS;
export type FieldName<S extends StructName> = keyof (typeof STRUCTS)[S] & string;

/** One structure: its size and the offset of each field this side uses, in bytes. */
export interface StructLayout<S extends StructName> {
  readonly sizeBytes: number;
  readonly offsets: { readonly [F in FieldName<S>]: number };
}

/** Every structure of {@link STRUCTS}. */
export type Layout = { readonly [S in StructName]: StructLayout<S> };

/** One structure as `pf_layout()` tells of it, before anything is checked. */
export interface ParsedStruct {
  readonly sizeBytes: number;
  readonly fields: ReadonlyMap<string, { readonly type: FieldType; readonly offset: number }>;
}

/**
 * Reads the text of `pf_layout()`.
 *
 * @throws {PixelfluxError} `ERR_ABI_MISMATCH` for a line of another shape.
 */
export function parseLayout(text: string): Map<string, ParsedStruct> {
  const structs = new Map<string, ParsedStruct>();
  let fields = new Map<string, { type: FieldType; offset: number }>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const field = /^ (\w+) (u32|i32|u64|f64|char\[\d+\]) (\d+)$/.exec(line);
    if (field && structs.size > 0) {
      fields.set(field[1] ?? "", { type: field[2] as FieldType, offset: Number(field[3]) });
      continue;
    }
    const struct = /^(\w+) (\d+)$/.exec(line);
    if (!struct)
      throw mismatch(`its layout has a line that cannot be read: ${JSON.stringify(line)}`);
    fields = new Map();
    structs.set(struct[1] ?? "", { sizeBytes: Number(struct[2]), fields });
  }
  return structs;
}

/**
 * Finds every field this side uses in the text of `pf_layout()`.
 *
 * @throws {PixelfluxError} `ERR_ABI_MISMATCH` where a structure or field is
 *   missing, has another type, or does not lie within its structure.
 */
export function resolveLayout(text: string): Layout {
  const structs = parseLayout(text);
  const resolved = Object.entries(STRUCTS).map(([name, wanted]) => {
    const struct = structs.get(name);
    if (!struct) throw mismatch(`it has no structure ${name}`);
    return [name, resolveStruct(name, wanted, struct)];
  });
  return Object.fromEntries(resolved);
}

function resolveStruct(
  name: string,
  wanted: Record<string, FieldType>,
  struct: ParsedStruct,
): { sizeBytes: number; offsets: Record<string, number> } {
  const offsets: Record<string, number> = {};
  for (const [field, type] of Object.entries(wanted)) {
    const found = struct.fields.get(field);
    if (!found) throw mismatch(`${name} has no field ${field}`);
    if (found.type !== type) throw mismatch(`${name}.${field} is ${found.type}, not ${type}`);
    if (found.offset + fieldSizeBytes(type) > struct.sizeBytes) {
      throw mismatch(`${name}.${field} lies outside of its structure`);
    }
    offsets[field] = found.offset;
  }
  return { sizeBytes: struct.sizeBytes, offsets };
}

/** Bytes a field takes. */
export function fieldSizeBytes(type: FieldType): number {
  switch (type) {
    case "u32":
    case "i32":
      return 4;
    case "u64":
    case "f64":
      return 8;
    default:
      return Number(type.slice("char[".length, -1));
  }
}

/** The error for a library that this package cannot talk to. */
export function mismatch(what: string): PixelfluxError {
  const override = libraryOverride() ? ` Or unset ${LIBRARY_VARIABLE}, which names it.` : "";
  const text = `load: the native library does not fit this version of pixelflux-ffi: ${what}. Rebuild it with \`zig build\` in the same checkout, or install package and library of one version: \`bun add pixelflux-ffi\`.${override}`;
  return new PixelfluxError("ERR_ABI_MISMATCH", "load", text);
}
