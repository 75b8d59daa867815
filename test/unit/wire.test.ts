// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
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

const KINDS: StripeHeaderKind[] = ["pixelflux", "legacy", "none"];
const JPEG_PAYLOAD = [0xff, 0xd8, 0xff, 0xdb];
const IDR_PAYLOAD = [0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0x88];
const INTER_PAYLOAD = [0, 0, 1, 0x06, 5, 0, 0, 1, 0x41, 0x9a];

const bytes = (...values: number[]) => Uint8Array.from(values);

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
  test("pixelflux JPEG", () => {
    const message = bytes(0x03, 0x00, 0x12, 0x34, 0x01, 0xe0, ...JPEG_PAYLOAD);
    expect(parseStripe(message)).toEqual({
      type: "jpeg",
      keyframe: true,
      frameId: 0x1234,
      y: 480,
      payload: bytes(...JPEG_PAYLOAD),
    });
  });

  test.each([
    [0, "inter"],
    [1, "idr"],
    [2, "intra"],
  ] as const)("H.264 of type byte %p is %p, in both kinds", (type, frameType) => {
    const message = bytes(4, type, 0xff, 0xff, 0, 16, 0x07, 0x80, 0x04, 0x38, ...IDR_PAYLOAD);
    for (const kind of ["pixelflux", "legacy"] as const) {
      expect(parseStripe(message, kind)).toEqual({
        type: "h264",
        frameType,
        keyframe: type === 1,
        frameId: 65535,
        y: 16,
        width: 1920,
        height: 1080,
        payload: bytes(...IDR_PAYLOAD),
      });
    }
  });

  test("legacy JPEG, also with a frame id that looks like the mark of H.264", () => {
    for (const frameId of [0x0400, 0x0401, 0x0300, 0]) {
      const message = bytes(frameId >> 8, frameId & 255, 0, 32, ...JPEG_PAYLOAD);
      expect(parseStripe(message, "legacy")).toMatchObject({ type: "jpeg", frameId, y: 32 });
    }
  });

  test("bare payloads tell codec and keyframe", () => {
    expect(parseStripe(bytes(...JPEG_PAYLOAD), "none")).toMatchObject({
      type: "jpeg",
      y: undefined,
    });
    expect(parseStripe(bytes(...IDR_PAYLOAD), "none")).toMatchObject({
      type: "h264",
      keyframe: true,
    });
    const inter = parseStripe(bytes(...INTER_PAYLOAD), "none");
    expect(inter).toMatchObject({ type: "h264", keyframe: false, frameType: "inter" });
  });

  test("the payload is a view, at any offset of a larger buffer", () => {
    const whole = bytes(9, 9, 3, 0, 0, 7, 0, 1, ...JPEG_PAYLOAD);
    const { payload, frameId } = parseStripe(whole.subarray(2));
    expect(frameId).toBe(7);
    expect(payload.buffer).toBe(whole.buffer);
    expect(payload.byteOffset).toBe(8);
  });
});

describe("refusals", () => {
  test.each([
    ["nothing", "pixelflux", []],
    ["a cut JPEG header", "pixelflux", [3, 0, 0, 0, 0]],
    ["no JPEG payload", "pixelflux", [3, 0, 0, 0, 0, 0]],
    ["a cut H.264 header", "pixelflux", [4, 1, 0, 0, 0, 0, 0, 1, 0]],
    ["no H.264 payload", "pixelflux", [4, 1, 0, 0, 0, 0, 0, 1, 0, 1]],
    ["nothing", "legacy", []],
    ["no legacy payload", "legacy", [0, 0, 0, 0]],
    ["nothing", "none", []],
  ] as const)("%s in %s is truncated", (_, kind, values) => {
    expect(refusal(() => parseStripe(bytes(...values), kind)).code).toBe("ERR_WIRE_TRUNCATED");
  });

  test.each([
    ["another mark", "pixelflux", [5, 0, 0, 0, 0, 0, 0]],
    ["another second byte", "pixelflux", [3, 1, 0, 0, 0, 0, 0]],
    ["another type", "pixelflux", [4, 3, 0, 0, 0, 0, 0, 1, 0, 1, 0]],
    ["no width", "pixelflux", [4, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]],
    ["no height", "pixelflux", [4, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0]],
    ["neither", "legacy", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ["neither", "none", [1, 2, 3, 4]],
    ["parameter sets alone", "none", [0, 0, 1, 0x67, 1, 0, 0, 1, 0x68]],
  ] as const)("%s in %s is malformed", (_, kind, values) => {
    expect(refusal(() => parseStripe(bytes(...values), kind)).code).toBe("ERR_WIRE_MALFORMED");
  });

  test.each([[undefined], [null], ["text"], [5], [[3, 0]], [new ArrayBuffer(8)]])(
    "%p is no bytes",
    (value: unknown) => {
      const parse = () => parseStripe(value as Uint8Array);
      expect(refusal(parse).code).toBe("ERR_WIRE_ARGUMENT");
    },
  );

  test.each(["", "PIXELFLUX", null, 1, "toString"])("%p is no kind", (value) => {
    const kind = value as StripeHeaderKind;
    expect(refusal(() => parseStripe(bytes(3), kind)).code).toBe("ERR_WIRE_ARGUMENT");
    expect(refusal(() => headerBytes("jpeg", kind)).code).toBe("ERR_WIRE_ARGUMENT");
  });
});

describe("writeHeader", () => {
  const jpeg: JpegHeader = { type: "jpeg", frameId: 70000, y: 1088 };
  const h264: H264Header = {
    ...{ type: "h264", frameType: "intra", frameId: 2 ** 32 - 1 },
    ...{ y: 65535, width: 1, height: 65535 },
  };

  test("writes the bytes of the specification and no further", () => {
    const target = new Uint8Array(12).fill(0xaa);
    expect(writeHeader(target, jpeg)).toBe(6);
    expect([...target]).toEqual([3, 0, 0x11, 0x70, 4, 0x40, ...Array(6).fill(0xaa)]);
    expect(writeHeader(target, h264, "legacy")).toBe(10);
    expect([...target]).toEqual([4, 2, 255, 255, 255, 255, 0, 1, 255, 255, 0xaa, 0xaa]);
    expect(writeHeader(target.fill(1), jpeg, "none")).toBe(0);
    expect(target).toEqual(new Uint8Array(12).fill(1));
  });

  test.each([
    ["y", { ...jpeg, y: 65536 }],
    ["y", { ...jpeg, y: -1 }],
    ["y", { ...jpeg, y: NaN }],
    ["frameId", { ...jpeg, frameId: 1.5 }],
    ["frameId", { ...jpeg, frameId: -1 }],
    ["width", { ...h264, width: 0 }],
    ["height", { ...h264, height: 65536 }],
    ["frameType", { ...h264, frameType: "b" }],
    ["type", { ...jpeg, type: "png" }],
  ])("refuses a bad %s and leaves the target alone", (name, header) => {
    const target = new Uint8Array(10).fill(7);
    const error = refusal(() => writeHeader(target, header as JpegHeader));
    expect(error.code).toBe("ERR_WIRE_ARGUMENT");
    expect(error.message).toContain(name);
    expect(target).toEqual(new Uint8Array(10).fill(7));
  });

  test("refuses a target that is too short, and no target", () => {
    for (const target of [new Uint8Array(5), undefined as unknown as Uint8Array]) {
      expect(refusal(() => writeHeader(target, jpeg)).message).toContain("target");
    }
    const none = undefined as unknown as JpegHeader;
    expect(refusal(() => writeHeader(new Uint8Array(9), none)).message).toContain("header");
  });
});

describe("properties", () => {
  const seed = seedOfRun();
  const label = `(PF_SEED=${seed})`;

  test(`what is written is read back ${label}`, () => {
    const pick = random(seed);
    for (let round = 0; round < 2000; round++) {
      const position = { frameId: pick(2 ** 31) * 2 + pick(2), y: pick(16384) };
      const frameType = (["idr", "intra", "inter"] as const)[pick(3)] ?? "idr";
      const size = { width: 1 + pick(65535), height: 1 + pick(65535) };
      const header: JpegHeader | H264Header =
        pick(2) === 0
          ? { type: "jpeg", ...position }
          : { type: "h264", frameType, ...position, ...size };
      const kind = pick(2) === 0 ? "pixelflux" : "legacy";
      const payload = header.type === "jpeg" ? JPEG_PAYLOAD : IDR_PAYLOAD;
      const message = new Uint8Array(headerBytes(header.type, kind) + payload.length);
      message.set(payload, writeHeader(message, header, kind));
      expect(parseStripe(message, kind)).toMatchObject({
        ...header,
        frameId: header.frameId % 65536,
        payload: bytes(...payload),
      });
    }
  });

  test(`rubbish gives a stripe within its bounds or a WireError ${label}`, () => {
    const pick = random(seed);
    for (let round = 0; round < 20_000; round++) {
      const message = Uint8Array.from({ length: pick(24) }, () => pick(256));
      // Half of them begin well, or nothing but the first byte would ever be looked at.
      if (message.length > 1 && pick(2) === 0) message.set([3 + pick(2), pick(4)]);
      if (pick(4) === 0) message.fill(0, 0, pick(6));
      const kind = KINDS[pick(3)] ?? "none";
      try {
        const { payload } = parseStripe(message, kind);
        expect(payload.length).toBeGreaterThan(0);
        expect(payload.byteOffset + payload.length).toBe(message.length);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
      }
    }
  });
});

test("the module imports nothing but its own parts and names nothing of Bun", () => {
  const parts = readdirSync(join(rootPath, "src/wire")).map((name) => `wire/${name}`);
  expect(parts.length).toBeGreaterThan(2);
  for (const path of ["wire.ts", ...parts]) {
    const source = readFileSync(join(rootPath, "src", path), "utf8");
    const own = path === "wire.ts" ? /^\.\/wire\/\w+\.ts$/ : /^\.\/\w+\.ts$/;
    for (const [, from] of source.matchAll(/\bfrom "([^"]*)"|\bimport\s*\(?\s*"/g)) {
      expect([path, from]).toEqual([path, expect.stringMatching(own)]);
    }
    expect(source).not.toMatch(/\b(process|require|Buffer)\b|\bBun\./);
  }
});
