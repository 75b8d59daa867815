// SPDX-License-Identifier: MPL-2.0
// Control messages, both ways: whatever comes over the socket is a whole message or none.
import { expect, test } from "bun:test";
import {
  parseServerMessage,
  parseViewerMessage,
  type ServerMessage,
  type ViewerMessage,
} from "../../src/client/messages.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { anyJson, anyValue, type Pick } from "../support/values.ts";

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;

/** The fields of each message, and what they hold. */
const FIELDS: Record<string, Record<string, (value: unknown) => boolean>> = {
  screen: { width: isSide, height: isSide, mode: (value) => value === "jpeg" || value === "h264" },
  frame: { frameId: Number.isFinite, timestamp: Number.isFinite },
  end: { frameId: Number.isFinite },
  gap: {},
  pong: { sent: Number.isFinite, timestamp: Number.isFinite },
  failure: { message: (value) => typeof value === "string" },
  ping: { sent: Number.isFinite },
  keyframe: {},
};
const SERVER_TYPES = ["screen", "frame", "end", "gap", "pong", "failure"];
const VIEWER_TYPES = ["ping", "keyframe"];

function isSide(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 16384;
}

/** Has exactly its fields, each as it should be. */
function expectWhole(message: ServerMessage | ViewerMessage, types: readonly string[]): void {
  expect(types).toContain(message.type);
  const fields = FIELDS[message.type] ?? {};
  expect(Object.keys(message).sort()).toEqual(["type", ...Object.keys(fields)].sort());
  for (const [name, isRight] of Object.entries(fields)) {
    expect(isRight((message as unknown as Record<string, unknown>)[name])).toBe(true);
  }
}

/** Reads a text as either side would; the types of what came out. */
function read(text: unknown): string[] {
  const fromServer = parseServerMessage(text);
  const fromViewer = parseViewerMessage(text);
  if (fromServer !== undefined) expectWhole(fromServer, SERVER_TYPES);
  if (fromViewer !== undefined) expectWhole(fromViewer, VIEWER_TYPES);
  return [fromServer, fromViewer].flatMap((message) => message?.type ?? []);
}

/** A value that is right for the field, three times out of four, or any. */
function fieldValue(name: string, pick: Pick): unknown {
  if (pick(4) === 0) return pick(2) === 0 ? anyJson(pick) : [0.5, 1e300, "jpeg", -1][pick(4)];
  if (name === "mode") return ["jpeg", "h264"][pick(2)];
  return name === "message" ? "words" : 1 + pick(16384);
}

/** The text of a message, whole or not. */
function someText(pick: Pick): string {
  const types = [...SERVER_TYPES, ...VIEWER_TYPES, "toString", "__proto__"];
  const names = ["width", "height", "mode", "frameId", "timestamp", "sent", "message", "more"];
  const some = names.filter(() => pick(4) !== 0);
  const entries = some.map((name) => [name, fieldValue(name, pick)]);
  return JSON.stringify({ ...Object.fromEntries(entries), type: types[pick(types.length)] });
}

/** Changes, adds or takes away some characters. */
function damage(text: string, pick: Pick): string {
  const at = pick(text.length + 1);
  const added = [String.fromCharCode(pick(0x3000)), '"', "}", "1e999", "-", ""][pick(6)] ?? "";
  return text.slice(0, at) + added + text.slice(at + pick(4));
}

test(`messages with any fields are whole or none ${label}`, () => {
  const pick = random(seed);
  const seen = new Set<string>();
  for (const _ of rounds(30_000)) {
    for (const type of read(someText(pick))) seen.add(type);
  }
  expect([...seen].sort()).toEqual([...SERVER_TYPES, ...VIEWER_TYPES].sort());
});

test(`damaged texts are whole messages or none ${label}`, () => {
  const pick = random(seed + 1);
  let [none, all] = [0, 0];
  for (const _ of rounds(30_000)) {
    let text = someText(pick);
    for (let count = 1 + pick(3); count > 0; count--) text = damage(text, pick);
    none += Number(read(text).length === 0);
    all += 1;
  }
  expect(none).toBeGreaterThan(1000);
  expect(none).toBeLessThan(all);
});

test(`any JSON and any value is a whole message or none ${label}`, () => {
  const pick = random(seed + 2);
  for (const _ of rounds(20_000)) {
    read(JSON.stringify(anyJson(pick)));
    const value = anyValue(pick);
    const types = read(value);
    if (typeof value !== "string") expect(types).toEqual([]);
  }
});

test(`a message that is read, written and read again is the same ${label}`, () => {
  const pick = random(seed + 3);
  let count = 0;
  for (const _ of rounds(20_000)) {
    const text = someText(pick);
    for (const parse of [parseServerMessage, parseViewerMessage]) {
      const message = parse(text);
      if (message === undefined) continue;
      expect(parse(JSON.stringify(message))).toEqual(message);
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(1000);
});

test.each([
  ["arrays", "["],
  ["objects", '{"a":'],
])("a million %s within each other are no message", (_, opening) => {
  expect(read(opening.repeat(1_000_000))).toEqual([]);
  expect(read(`{"type":"gap","more":${opening.repeat(1_000_000)}`)).toEqual([]);
});
