// SPDX-License-Identifier: MPL-2.0
// Wire headers of every kind: whole messages that were damaged on the way, and any values for
// arguments.
import { expect, test } from "bun:test";
import {
  headerBytes,
  isCursorMessage,
  parseCursor,
  parseStripe,
  type StripeHeaderKind,
  WireError,
  type WireStripe,
  writeCursorImage,
  writeCursorPosition,
  writeHeader,
} from "../../src/wire.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { anyValue, type Pick } from "../support/values.ts";

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;

const KINDS: readonly StripeHeaderKind[] = ["pixelflux", "legacy", "none", "extended"];
const TYPES = ["jpeg", "h264", "copy"] as const;
const FRAME_TYPES = ["idr", "intra", "inter"] as const;
const JPEG_PAYLOAD = [0xff, 0xd8, 0xff, 0xdb];
const IDR_PAYLOAD = [0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x65, 0x88];

const anyOf = <T>(values: readonly T[], pick: Pick): T => values[pick(values.length)] as T;

/** The error, if it is of this module; undefined where none was thrown. */
function refusalOf(run: () => unknown): WireError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

function anyHeader(pick: Pick) {
  const place = { x: pick(65536), y: pick(65536), width: 1 + pick(65535), height: 1 + pick(65535) };
  const frameId = pick(2 ** 31) * 2 + pick(2);
  return { type: anyOf(TYPES, pick), frameType: anyOf(FRAME_TYPES, pick), frameId, ...place };
}

/** A whole message, or undefined where the kind has none of that type. */
function wholeMessage(kind: StripeHeaderKind, pick: Pick): Uint8Array | undefined {
  const header = anyHeader(pick);
  if (kind !== "extended") header.x = 0;
  const copy = [pick(256), pick(256), pick(256), pick(256)];
  const payload = { jpeg: JPEG_PAYLOAD, h264: IDR_PAYLOAD, copy }[header.type];
  const bytes = new Uint8Array(32);
  let length = 0;
  const refused = refusalOf(() => {
    length = writeHeader(bytes, header, kind);
  });
  if (refused !== undefined) return undefined;
  bytes.set(payload, length);
  return bytes.slice(0, length + payload.length);
}

/** Flips bits, cuts, or adds; behind other bytes, so that reading too far would find something. */
function damaged(message: Uint8Array, pick: Pick): Uint8Array {
  const around = Uint8Array.from({ length: message.length + 24 }, () => pick(256));
  const start = pick(8);
  around.set(message, start);
  for (let count = pick(4); count > 0; count--) {
    const at = start + pick(message.length);
    around[at] = (around[at] ?? 0) ^ (1 << pick(8));
  }
  const length = pick(2) === 0 ? message.length : pick(message.length + 8);
  return around.subarray(start, start + length);
}

function expectWithin(stripe: WireStripe, message: Uint8Array, kind: StripeHeaderKind): void {
  const { payload } = stripe;
  const end = message.byteOffset + message.length;
  expect(payload.length).toBeGreaterThan(0);
  expect(payload.buffer).toBe(message.buffer);
  expect(payload.byteOffset + payload.length).toBe(end);
  expect(payload.byteOffset - message.byteOffset).toBe(headerBytes(stripe.type, kind));
  if (kind === "extended" || (stripe.type === "h264" && kind !== "none")) {
    expect(Math.min(stripe.width ?? 0, stripe.height ?? 0)).toBeGreaterThan(0);
  }
}

test(`a damaged message is a stripe within its bounds or a WireError ${label}`, () => {
  const pick = random(seed);
  const seen = new Set<string>();
  for (const _ of rounds(60_000)) {
    const kind = anyOf(KINDS, pick);
    const message = wholeMessage(kind, pick);
    if (message === undefined) continue;
    const bytes = damaged(message, pick);
    const error = refusalOf(() => {
      const stripe = parseStripe(bytes, pick(8) === 0 ? anyOf(KINDS, pick) : kind);
      seen.add(`${kind} ${stripe.type}`);
    });
    if (error === undefined && refusalOf(() => parseStripe(bytes, kind)) === undefined) {
      expectWithin(parseStripe(bytes, kind), bytes, kind);
    } else if (error !== undefined) {
      expect(["ERR_WIRE_TRUNCATED", "ERR_WIRE_MALFORMED"]).toContain(error.code);
      seen.add(error.code);
    }
  }
  for (const kind of KINDS) expect(seen).toContain(`${kind} jpeg`);
  expect(seen).toContain("extended copy");
  expect(seen.size).toBeGreaterThan(9);
});

/** Bits of the flags that readers ignore, or that say nothing of a content. */
const IGNORED_FLAGS = { jpeg: 0xf8, h264: 0xf0, copy: 0xfc } as const;

test(`what is read and written again is the same header ${label}`, () => {
  const pick = random(seed + 1);
  let count = 0;
  for (const _ of rounds(20_000)) {
    const kind = anyOf(["pixelflux", "legacy", "extended"] as const, pick);
    const message = wholeMessage(kind, pick);
    const bytes = message && damaged(message, pick);
    if (bytes === undefined || refusalOf(() => parseStripe(bytes, kind)) !== undefined) continue;
    const stripe = parseStripe(bytes, kind);
    const length = headerBytes(stripe.type, kind);
    const again = new Uint8Array(length);
    writeHeader(again, stripe as Parameters<typeof writeHeader>[1], kind);
    const expected = bytes.slice(0, length);
    if (kind === "extended") {
      const [, flags = 0] = expected;
      const both = stripe.type === "h264" && (flags & 0x0c) === 0x0c ? 0x08 : 0;
      expected[1] = flags & ~(IGNORED_FLAGS[stripe.type] | both);
      if (stripe.type === "jpeg") expected[1] |= 4;
    }
    expect(again).toEqual(expected);
    count += 1;
  }
  expect(count).toBeGreaterThan(5000);
});

test(`any value for any argument gives a WireError or is right ${label}`, () => {
  const pick = random(seed + 2);
  let refusals = 0;
  for (const _ of rounds(40_000)) {
    const kind = (pick(4) === 0 ? anyValue(pick) : anyOf(KINDS, pick)) as StripeHeaderKind;
    const honest = anyHeader(pick);
    const header: Record<string, unknown> = honest;
    const names = Object.keys(header);
    for (let count = pick(3); count > 0; count--) header[anyOf(names, pick)] = anyValue(pick);
    const target = new Uint8Array(pick(20)).fill(7);
    const before = target.slice();
    let written: unknown;
    const error = refusalOf(() => {
      const any = pick(10) === 0 ? (anyValue(pick) as Uint8Array) : target;
      written = writeHeader(any, honest, kind);
    });
    if (error === undefined) {
      expect([0, 4, 6, 10, 14]).toContain(written as number);
    } else {
      expect(error.code).toBe("ERR_WIRE_ARGUMENT");
      expect(target).toEqual(before);
      refusals += 1;
    }
    refusalOf(() => headerBytes(anyValue(pick) as "jpeg", kind));
    refusalOf(() => parseStripe(anyValue(pick) as Uint8Array, kind));
  }
  expect(refusals).toBeGreaterThan(5000);
});

/** A whole message of the pointer. */
function pointerMessage(pick: Pick): Uint8Array {
  if (pick(2) === 0) {
    const visible = pick(3) > 0;
    const imageId = visible ? 1 + pick(2 ** 31) : 0;
    const place = { x: pick(65536) - 32768, y: pick(65536) - 32768 };
    return writeCursorPosition({ visible, imageId, ...place });
  }
  const [width, height] = [1 + pick(9), 1 + pick(9)];
  const hot = { hotX: pick(width), hotY: pick(height) };
  const pixels = Uint8Array.from({ length: width * height * 4 }, () => pick(256));
  return writeCursorImage({ id: 1 + pick(2 ** 31), width, height, ...hot, pixels });
}

test(`a damaged message of the pointer is one within its bounds or a WireError ${label}`, () => {
  const pick = random(seed + 3);
  const seen = new Set<string>();
  for (const _ of rounds(20_000)) {
    const bytes = damaged(pointerMessage(pick), pick);
    const error = refusalOf(() => {
      const cursor = parseCursor(bytes);
      seen.add(cursor.type);
      expect(isCursorMessage(bytes)).toBe(true);
      const again =
        cursor.type === "cursor-image" ? writeCursorImage(cursor) : writeCursorPosition(cursor);
      const expected = bytes.slice();
      if (cursor.type === "cursor-position") expected[1] = (expected[1] ?? 0) & 1;
      else expect(cursor.pixels.buffer).toBe(bytes.buffer);
      expect(again).toEqual(expected);
    });
    if (error === undefined) continue;
    expect(["ERR_WIRE_TRUNCATED", "ERR_WIRE_MALFORMED"]).toContain(error.code);
    seen.add(error.code);
  }
  expect([...seen].toSorted()).toEqual([
    ...["ERR_WIRE_MALFORMED", "ERR_WIRE_TRUNCATED", "cursor-image", "cursor-position"],
  ]);
});

test(`no message is both a stripe and the pointer ${label}`, () => {
  const pick = random(seed + 4);
  for (const _ of rounds(5000)) {
    const pointer = pointerMessage(pick);
    expect(refusalOf(() => parseStripe(pointer, "pixelflux"))?.code).toBe("ERR_WIRE_MALFORMED");
    expect(refusalOf(() => parseStripe(pointer, "extended"))?.code).toBe("ERR_WIRE_MALFORMED");
    const kind = anyOf(["pixelflux", "extended"] as const, pick);
    const stripe = wholeMessage(kind, pick);
    if (stripe === undefined) continue;
    expect(isCursorMessage(stripe)).toBe(false);
    expect(refusalOf(() => parseCursor(stripe))?.code).toBe("ERR_WIRE_MALFORMED");
  }
});

test(`any value for any part of the pointer gives a WireError or is right ${label}`, () => {
  const pick = random(seed + 5);
  let refusals = 0;
  for (const _ of rounds(10_000)) {
    const image = { id: 1, width: 2, height: 2, hotX: 1, hotY: 1, pixels: new Uint8Array(16) };
    const position = { visible: true, imageId: 1, x: 0, y: 0 };
    const spoilt: Record<string, unknown> = pick(2) === 0 ? image : position;
    spoilt[anyOf(Object.keys(spoilt), pick)] = anyValue(pick);
    const error = refusalOf(() => {
      const write = spoilt === image ? writeCursorImage : writeCursorPosition;
      parseCursor(write(spoilt as never));
    });
    if (error !== undefined) {
      expect(error.code).toBe("ERR_WIRE_ARGUMENT");
      refusals += 1;
    }
    expect(refusalOf(() => parseCursor(anyValue(pick) as never))?.code).toStartWith("ERR_WIRE_");
    expect(typeof isCursorMessage(anyValue(pick) as Uint8Array)).toBe("boolean");
  }
  expect(refusals).toBeGreaterThan(2500);
});
