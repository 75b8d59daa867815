// SPDX-License-Identifier: MPL-2.0
// The TypeScript side against the headers of the C ABI, which are the contract.

import type { FFIFunction } from "bun:ffi";
import { expect, test } from "bun:test";
import { headerText } from "../../prebuild/headers.ts";
import { CURSOR_IMAGE_COUNT_MAX, CURSOR_SIDE_PX_MAX } from "../../src/cursor.ts";
import { NATIVE_STAGES, STRIPE_TYPES } from "../../src/native/capture.ts";
import { CHANGE_RECTANGLE_COUNT_MAX, WATCHES } from "../../src/native/changes.ts";
import { FRAMES_DAMAGE_COUNT_MAX } from "../../src/native/frames.ts";
import { fieldSizeBytes, STRUCTS } from "../../src/native/layout.ts";
import { ABI_VERSION, nativeLibrary } from "../../src/native/library.ts";
import { SCREENSHOT_COUNT_MAX, SCREENSHOT_FORMATS } from "../../src/native/screenshots.ts";
import { ABI_SYMBOLS, CAPTURE_SYMBOLS, POLL_SYMBOLS } from "../../src/native/symbols.ts";
import { SETTING_FIELDS } from "../../src/settings.ts";

const code = headerText().replaceAll(/\/\*[\s\S]*?\*\//g, "");
const symbols: Record<string, FFIFunction> = {
  ...ABI_SYMBOLS,
  ...POLL_SYMBOLS,
  ...CAPTURE_SYMBOLS,
};

/** C types and what may stand for them in the table. */
const FFI_TYPES: Record<string, string[]> = {
  void: ["void"],
  uint32_t: ["u32"],
  int32_t: ["i32"],
  uint64_t: ["u64"],
  "const char *": ["cstring"],
};

function ffiTypes(declaration: string): string[] {
  const type = declaration.replace(/(?<=[ *])\w+$/, "").trim();
  return FFI_TYPES[type] ?? (type.endsWith("*") ? ["buffer", "ptr"] : []);
}

const declared = [...code.matchAll(/PF_API ([\w ]+?[ *]+)(pf_\w+)\(([^)]*)\);/g)].map((match) => ({
  returns: (match[1] ?? "").trim(),
  name: match[2] ?? "",
  args: (match[3] ?? "").split(",").map((text) => text.trim().replaceAll(/\s+/g, " ")),
}));

test("the table holds the header's functions and no others", () => {
  expect(Object.keys(symbols).toSorted()).toEqual(declared.map(({ name }) => name).toSorted());
});

test.each(declared)("$name has the header's types", ({ name, returns, args }) => {
  const symbol = symbols[name];
  expect(FFI_TYPES[returns]).toContain(String(symbol?.returns ?? "void"));
  const wanted = args.filter((arg) => arg !== "void").map(ffiTypes);
  expect(symbol?.args ?? []).toHaveLength(wanted.length);
  wanted.forEach((types, index) => {
    expect(types).toContain(String(symbol?.args?.[index]));
  });
});

test.each(Object.entries(STRUCTS))("%s has the header's fields", (name, fields) => {
  const body = new RegExp(`typedef struct ${name} \\{([^}]*)\\}`).exec(code)?.[1] ?? "";
  const inHeader = [...body.matchAll(/(\w+) (\w+)(?:\[\w+\])?;/g)].map((match) => match[2] ?? "");
  expect(inHeader.filter((field) => field !== "reserved")).toEqual(Object.keys(fields));
});

test("limits are those of the header", () => {
  const constant = (name: string) =>
    Number(new RegExp(`#define ${name} (\\d+)`).exec(code)?.[1] ?? Number.NaN);
  expect(ABI_VERSION).toBe(constant("PF_ABI_VERSION"));
  expect(fieldSizeBytes(STRUCTS.pf_settings.display)).toBe(constant("PF_DISPLAY_BYTES_MAX"));
  expect(fieldSizeBytes(STRUCTS.pf_settings.watermark_path)).toBe(
    constant("PF_WATERMARK_PATH_BYTES_MAX"),
  );
  expect(CHANGE_RECTANGLE_COUNT_MAX).toBe(constant("PF_CHANGE_RECTANGLE_COUNT_MAX"));
  expect(SCREENSHOT_COUNT_MAX).toBe(constant("PF_SCREENSHOT_COUNT_MAX"));
  expect(FRAMES_DAMAGE_COUNT_MAX).toBe(constant("PF_FRAMES_DAMAGE_COUNT_MAX"));
  expect(CURSOR_IMAGE_COUNT_MAX).toBe(constant("PF_CURSOR_IMAGE_COUNT_MAX"));
  expect(CURSOR_SIDE_PX_MAX).toBe(constant("PF_CURSOR_SIDE_PX_MAX"));
  expect(SETTING_FIELDS.display.expected).toContain(
    `${constant("PF_DISPLAY_BYTES_MAX") - 1} bytes`,
  );
});

/** The words of an enumeration, lower case and without their prefix, in the order of their values. */
function wordsOf(name: string, prefix: string): string[] {
  const body = new RegExp(`typedef enum ${name} \\{([^}]*)\\}`).exec(code)?.[1] ?? "";
  const values = [...body.matchAll(/(\w+) = (\d+)/g)];
  expect(values.map((match) => Number(match[2]))).toEqual([...values.keys()]);
  return values.map((match) => (match[1] ?? "").replace(prefix, "").toLowerCase());
}

test("words stand for the header's values", () => {
  expect(wordsOf("pf_stage", "PF_STAGE_")).toEqual([...NATIVE_STAGES]);
  expect(wordsOf("pf_stripe_type", "PF_STRIPE_")).toEqual([...STRIPE_TYPES]);
  expect(wordsOf("pf_watch", "PF_WATCH_")).toEqual([...WATCHES]);
  expect(wordsOf("pf_screenshot_format", "PF_SCREENSHOT_")).toEqual([...SCREENSHOT_FORMATS]);
  const { stripeHeader, outputMode, captureCursor } = SETTING_FIELDS;
  for (const [index, word] of wordsOf("pf_cursor_mode", "PF_CURSOR_").entries()) {
    expect(captureCursor.accepts(word) && captureCursor.toNative(word)).toBe(index);
  }
  for (const [index, word] of wordsOf("pf_stripe_header", "PF_HEADER_").entries()) {
    expect(stripeHeader.accepts(word) && stripeHeader.toNative(word)).toBe(index);
  }
  for (const [index, word] of wordsOf("pf_output_mode", "PF_OUTPUT_").entries()) {
    expect(outputMode.accepts(word) && outputMode.toNative(word)).toBe(index);
  }
});

test("every setting has a native field and the other way round", () => {
  const native = Object.values(SETTING_FIELDS).map((field) => field.native);
  expect([...native, "size_bytes"].toSorted()).toEqual(Object.keys(STRUCTS.pf_settings).toSorted());
});

test("the library's own layout agrees", () => {
  const { layout } = nativeLibrary();
  expect(layout.pf_stripe.sizeBytes % 8).toBe(0);
  expect(layout.pf_settings.offsets.size_bytes).toBe(0);
});
