// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  type CopyHeader,
  type H264Header,
  headerBytes,
  type JpegHeader,
  parseStripe,
  type StripeHeaderKind,
  WireError,
  writeHeader,
} from "../../src/wire.ts";
import { rootPath } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";

const JPEG_PAYLOAD = [0xff, 0xd8, 0xff, 0xdb];
const IDR_PAYLOAD = [0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x65, 0x88];

const bytes = (...values: number[]) => Uint8Array.from(values);

/** frameId 0x80010203, x 16, y 480, width 1281, height 31. */
const PLACE_BYTES = [0x80, 1, 2, 3, 0, 16, 1, 0xe0, 5, 1, 0, 31];
const PLACE = { frameId: 0x80010203, x: 16, y: 480, width: 1281, height: 31 };

function refusal(run: () => unknown): WireError {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the bytes of the specification", () => {
  test("JPEG", () => {
    const message = bytes(5, 4, ...PLACE_BYTES, ...JPEG_PAYLOAD);
    expect(parseStripe(message, "extended")).toEqual({
      ...{ type: "jpeg", keyframe: true, ...PLACE },
      payload: bytes(...JPEG_PAYLOAD),
    });
  });

  test.each([
    [1, "inter"],
    [5, "idr"],
    [9, "intra"],
  ] as const)("H.264 with flags %p is %p", (flags, frameType) => {
    const message = bytes(5, flags, ...PLACE_BYTES, ...IDR_PAYLOAD);
    expect(parseStripe(message, "extended")).toEqual({
      ...{ type: "h264", frameType, keyframe: frameType === "idr", ...PLACE },
      payload: bytes(...IDR_PAYLOAD),
    });
  });

  test("copy", () => {
    const message = bytes(5, 2, ...PLACE_BYTES, 0x01, 0x02, 0xff, 0xfe);
    expect(parseStripe(message, "extended")).toEqual({
      ...{ type: "copy", keyframe: false, ...PLACE },
      ...{ sourceX: 0x0102, sourceY: 0xfffe, payload: bytes(1, 2, 0xff, 0xfe) },
    });
  });

  test("flags that a later version may bring are ignored", () => {
    const jpeg = parseStripe(bytes(5, 0xf8, ...PLACE_BYTES, 1), "extended");
    expect(jpeg).toMatchObject({ type: "jpeg", keyframe: true });
    const inter = parseStripe(bytes(5, 0xf1, ...PLACE_BYTES, 1), "extended");
    expect(inter).toMatchObject({ type: "h264", frameType: "inter" });
    const copy = parseStripe(bytes(5, 0xfe, ...PLACE_BYTES, 0, 1, 0, 2), "extended");
    expect(copy).toMatchObject({ type: "copy", keyframe: false, sourceX: 1, sourceY: 2 });
  });

  test("payload and source are found at any offset of a larger buffer", () => {
    const whole = bytes(9, 9, 9, 5, 2, ...PLACE_BYTES, 0, 7, 0, 8, 9, 9);
    const copy = parseStripe(whole.subarray(3, -2), "extended");
    expect(copy).toMatchObject({ sourceX: 7, sourceY: 8 });
    expect(copy.payload.buffer).toBe(whole.buffer);
    expect([copy.payload.byteOffset, copy.payload.length]).toEqual([17, 4]);
  });

  test("a first byte of 5 is of no other marked kind, and 3 and 4 not of this one", () => {
    const extended = bytes(5, 4, ...PLACE_BYTES, ...JPEG_PAYLOAD);
    expect(refusal(() => parseStripe(extended)).code).toBe("ERR_WIRE_MALFORMED");
    for (const mark of [0, 3, 4, 6]) {
      const other = bytes(mark, 4, ...PLACE_BYTES, ...JPEG_PAYLOAD);
      expect(refusal(() => parseStripe(other, "extended")).code).toBe("ERR_WIRE_MALFORMED");
    }
  });
});

describe("refusals", () => {
  test.each([
    ["nothing", []],
    ["a cut header", [5, 0, ...PLACE_BYTES.slice(1)]],
    ["no JPEG payload", [5, 4, ...PLACE_BYTES]],
    ["no H.264 payload", [5, 5, ...PLACE_BYTES]],
    ["no source", [5, 2, ...PLACE_BYTES]],
    ["a cut source", [5, 2, ...PLACE_BYTES, 0, 0, 0]],
  ])("%s is truncated", (_, values) => {
    const parse = () => parseStripe(bytes(...values), "extended");
    expect(refusal(parse).code).toBe("ERR_WIRE_TRUNCATED");
  });

  test.each([
    ["a content that does not exist", [5, 3, ...PLACE_BYTES, 1, 2, 3, 4]],
    ["no width", [5, 4, ...PLACE_BYTES.slice(0, 8), 0, 0, 0, 1, 9]],
    ["no height", [5, 4, ...PLACE_BYTES.slice(0, 8), 0, 1, 0, 0, 9]],
    ["a copy with more than its source", [5, 2, ...PLACE_BYTES, 0, 0, 0, 0, 0]],
  ])("%s is malformed", (_, values) => {
    const parse = () => parseStripe(bytes(...values), "extended");
    expect(refusal(parse).code).toBe("ERR_WIRE_MALFORMED");
  });

  test.each(["pixelflux", "legacy", "none"] as const)("%s has no copies and no columns", (kind) => {
    const copy: CopyHeader = { type: "copy", ...PLACE };
    expect(refusal(() => headerBytes("copy", kind)).message).toContain("kind");
    expect(refusal(() => writeHeader(new Uint8Array(20), copy, kind)).message).toContain("kind");
    if (kind === "none") return;
    const jpeg: JpegHeader = { type: "jpeg", frameId: 1, x: 16, y: 0 };
    expect(refusal(() => writeHeader(new Uint8Array(20), jpeg, kind)).message).toContain("x has");
    expect(writeHeader(new Uint8Array(20), { ...jpeg, x: 0 }, kind)).toBe(
      headerBytes("jpeg", kind),
    );
  });
});

describe("writeHeader", () => {
  const h264 = { type: "h264", ...PLACE } as const;

  test("writes the bytes of the specification and no further", () => {
    const written = (header: JpegHeader | H264Header | CopyHeader) => {
      const target = new Uint8Array(16).fill(0xaa);
      expect(writeHeader(target, header, "extended")).toBe(14);
      expect([...target.subarray(14)]).toEqual([0xaa, 0xaa]);
      expect(headerBytes(header.type, "extended")).toBe(14);
      return [...target.subarray(0, 14)];
    };
    expect(written({ type: "jpeg", ...PLACE })).toEqual([5, 4, ...PLACE_BYTES]);
    expect(written({ ...h264, frameType: "inter" })).toEqual([5, 1, ...PLACE_BYTES]);
    expect(written({ ...h264, frameType: "idr" })).toEqual([5, 5, ...PLACE_BYTES]);
    expect(written({ ...h264, frameType: "intra" })).toEqual([5, 9, ...PLACE_BYTES]);
    expect(written({ type: "copy", ...PLACE })).toEqual([5, 2, ...PLACE_BYTES]);
    const wrapped = { ...PLACE, frameId: 2 ** 32 + PLACE.frameId };
    expect(written({ type: "copy", ...wrapped })).toEqual([5, 2, ...PLACE_BYTES]);
  });

  test.each([
    ["x", { type: "jpeg", ...PLACE, x: 65536 }],
    ["x", { type: "copy", ...PLACE, x: -1 }],
    ["y", { type: "copy", ...PLACE, y: 1.5 }],
    ["width", { type: "jpeg", frameId: 0, y: 0, height: 1 }],
    ["height", { type: "copy", ...PLACE, height: 0 }],
    ["frameId", { type: "copy", ...PLACE, frameId: -1 }],
    ["frameType", { ...h264, frameType: "b" }],
    ["type", { ...PLACE, type: "png" }],
  ])("refuses a bad %s and leaves the target alone", (name, header) => {
    const target = new Uint8Array(14).fill(7);
    const error = refusal(() => writeHeader(target, header as CopyHeader, "extended"));
    expect(error.code).toBe("ERR_WIRE_ARGUMENT");
    expect(error.message).toContain(name);
    expect(target).toEqual(new Uint8Array(14).fill(7));
  });
});

describe("properties", () => {
  const seed = seedOfRun();
  const label = `(PF_SEED=${seed})`;

  test(`what is written is read back ${label}`, () => {
    const pick = random(seed);
    for (let round = 0; round < 2000; round++) {
      const place = {
        ...{ frameId: pick(2 ** 31) * 2 + pick(2), x: pick(65536), y: pick(65536) },
        ...{ width: 1 + pick(65535), height: 1 + pick(65535) },
      };
      const frameType = (["idr", "intra", "inter"] as const)[pick(3)] ?? "idr";
      const header = [
        { type: "jpeg", ...place } as const,
        { type: "h264", frameType, ...place } as const,
        { type: "copy", ...place } as const,
      ][pick(3)] as JpegHeader | H264Header | CopyHeader;
      const payload = Array.from({ length: 4 }, () => pick(256));
      const message = new Uint8Array(18);
      message.set(payload, writeHeader(message, header, "extended"));
      expect(parseStripe(message, "extended")).toMatchObject({
        ...header,
        payload: bytes(...payload),
      });
    }
  });

  test(`rubbish gives a stripe within its bounds or a WireError ${label}`, () => {
    const pick = random(seed);
    const kinds: StripeHeaderKind[] = ["extended", "extended", "pixelflux", "legacy", "none"];
    const seen = new Set<string>();
    for (let round = 0; round < 20_000; round++) {
      // Behind other bytes, so that reading too far would find something.
      const buffer = Uint8Array.from({ length: 40 }, () => pick(256));
      const message = buffer.subarray(pick(8), 8 + pick(25));
      // Most of them begin well, or nothing but the first byte would ever be looked at.
      if (message.length > 1 && pick(4) !== 0) message.set([3 + pick(3), pick(16)]);
      const kind = kinds[pick(kinds.length)] ?? "none";
      try {
        const { type, payload } = parseStripe(message, kind);
        seen.add(`${kind} ${type}`);
        expect(payload.length).toBeGreaterThan(0);
        expect(payload.byteOffset + payload.length).toBe(message.byteOffset + message.length);
        if (type === "copy") expect(payload.length).toBe(4);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        seen.add(`${kind} ${error.code}`);
      }
    }
    // Or the test would have looked at nothing.
    for (const what of ["jpeg", "h264", "copy", "ERR_WIRE_MALFORMED", "ERR_WIRE_TRUNCATED"]) {
      expect(seen).toContain(`extended ${what}`);
    }
  });
});

test("the document's example is what it says it is", async () => {
  const text = await Bun.file(join(rootPath, "docs/wire-format.md")).text();
  const example = /```\n(05 [\s\S]*?)```/.exec(text)?.[1] ?? "";
  const rows = example.split("\n").map((row) => row.match(/^\s*((?:[0-9A-F]{2} ?)+)/)?.[1] ?? "");
  const messages = rows.join(" ").split(/(?=05 0[24])/);
  const [copy, jpeg] = messages.map((hex) =>
    parseStripe(Uint8Array.fromHex(hex.replaceAll(" ", "")), "extended"),
  );
  expect(copy).toMatchObject({
    ...{ type: "copy", frameId: 70000, x: 32, y: 48, width: 640, height: 368 },
    ...{ sourceX: 32, sourceY: 64 },
  });
  const line = { frameId: 70000, x: 32, y: 416, width: 640, height: 16 };
  expect(jpeg).toMatchObject({ type: "jpeg", ...line, payload: bytes(0xff, 0xd8) });
});
