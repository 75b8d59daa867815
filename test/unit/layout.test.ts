// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { PixelfluxError } from "../../src/errors.ts";
import { fieldSizeBytes, parseLayout, resolveLayout, STRUCTS } from "../../src/native/layout.ts";
import { StructBuffer, sizedStruct, textOf } from "../../src/native/struct-buffer.ts";

/** A layout text in which each struct's fields lie one after the other, 8 bytes aligned. */
function layoutText(): string {
  return Object.entries(STRUCTS)
    .map(([name, fields]) => {
      let offset = 0;
      const lines = Object.entries(fields).map(([field, type]) => {
        const line = ` ${field} ${type} ${offset}`;
        offset += Math.ceil(fieldSizeBytes(type) / 8) * 8;
        return line;
      });
      return [`${name} ${offset}`, ...lines].join("\n");
    })
    .join("\n")
    .concat("\n");
}

function refusal(text: string): PixelfluxError {
  try {
    resolveLayout(text);
  } catch (error) {
    if (error instanceof PixelfluxError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parseLayout", () => {
  test("reads structures, fields and further ones this side does not use", () => {
    const parsed = parseLayout("pf_a 16\n x u32 0\n y char[8] 4\npf_b 8\n z u64 0\n");
    expect(parsed.get("pf_a")?.sizeBytes).toBe(16);
    expect(parsed.get("pf_a")?.fields.get("y")).toEqual({ type: "char[8]", offset: 4 });
    expect(parsed.get("pf_b")?.fields.get("z")).toEqual({ type: "u64", offset: 0 });
  });

  test.each([
    "pf_a",
    "pf_a x",
    " x u32 0",
    "pf_a 8\n x u16 0",
    "pf_a 8\n x u32 -1",
    "pf_a 8\nx u32 0 1",
  ])("refuses %j", (text) => {
    expect(() => parseLayout(text)).toThrow(PixelfluxError);
  });
});

describe("resolveLayout", () => {
  test("finds every field", () => {
    const layout = resolveLayout(layoutText());
    expect(layout.pf_stripe.offsets.context).toBe(8);
    expect(layout.pf_stripe.sizeBytes).toBe(Object.keys(STRUCTS.pf_stripe).length * 8);
  });

  test("refuses a missing structure, naming it", () => {
    const error = refusal(layoutText().replace("pf_stats", "pf_other"));
    expect(error.code).toBe("ERR_ABI_MISMATCH");
    expect(error.message).toContain("pf_stats");
  });

  test("refuses a missing field, naming it", () => {
    const error = refusal(layoutText().replace(" header_bytes ", " other "));
    expect(error.message).toContain("pf_stripe has no field header_bytes");
    expect(error.message).toContain("zig build");
  });

  test("refuses another type, naming both", () => {
    const error = refusal(layoutText().replace(" target_fps f64", " target_fps u64"));
    expect(error.message).toContain("pf_settings.target_fps is u64, not f64");
  });

  test("refuses a field outside of its structure", () => {
    const error = refusal(layoutText().replace(/^pf_state \d+/m, "pf_state 8"));
    expect(error.message).toContain("outside");
  });

  test("refuses an empty text", () => {
    expect(refusal("").code).toBe("ERR_ABI_MISMATCH");
  });
});

describe("StructBuffer", () => {
  const layout = resolveLayout(layoutText());

  test("reads each type, in the second structure too", () => {
    const buffer = new StructBuffer("pf_stripe", layout.pf_stripe, 2);
    const view = new DataView(buffer.bytes.buffer, layout.pf_stripe.sizeBytes);
    view.setBigUint64(layout.pf_stripe.offsets.bytes, 0x7f12_3456_789an, true);
    view.setUint32(layout.pf_stripe.offsets.y, 0xffff_ffff, true);
    expect(buffer.number("bytes", 1)).toBe(0x7f12_3456_789a);
    expect(buffer.number("y", 1)).toBe(0xffff_ffff);
    expect(buffer.number("y", 0)).toBe(0);
    const state = sizedStruct("pf_state", layout.pf_state);
    new DataView(state.bytes.buffer).setInt32(layout.pf_state.offsets.error, -7, true);
    expect(state.number("error")).toBe(-7);
    expect(state.number("size_bytes")).toBe(layout.pf_state.sizeBytes);
  });

  test("writes numbers and strings, which stay NUL-terminated", () => {
    const settings = sizedStruct("pf_settings", layout.pf_settings);
    settings.set("target_fps", 29.97);
    settings.set("display", "ü".repeat(200));
    expect(settings.number("target_fps")).toBe(29.97);
    const { display, capture_x } = layout.pf_settings.offsets;
    expect(settings.bytes[display + 255]).toBe(0);
    expect(textOf(settings.bytes.subarray(display, capture_x))).toBe("ü".repeat(127));
  });
});
