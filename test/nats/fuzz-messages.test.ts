// SPDX-License-Identifier: MPL-2.0
// Messages that are damaged, made up or foreign, on every subject. They are counted and passed over.
import { expect, test } from "bun:test";
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { cursorHeaders } from "../../src/nats/cursor-message.ts";
import { publishStripes } from "../../src/nats/index.ts";
import {
  type Notice,
  noticeHeaders,
  readGateway,
  readNotice,
  readRow,
  rowHeaders,
  type StripePlace,
} from "../../src/nats/message.ts";
import { agrees } from "../../src/nats/payload.ts";
import { Receiver, type ReceiverCounts } from "../../src/nats/receiver.ts";
import type { FeedCursor, FeedScreen, FeedSink } from "../../src/server/feed.ts";
import { parseStripe, writeCursorImage, writeCursorPosition, writeHeader } from "../../src/wire.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import type { Pick } from "../support/values.ts";
import { NatsCluster } from "./cluster.ts";
import { drawSubject, Gateway } from "./gateway.ts";
import { TeedSource } from "./teed-source.ts";

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;
const EPOCH = "0123456789abcdef";

/** A message as the client hands it out. */
function messageOf(subject: string, block: MsgHdrs | undefined, data: Uint8Array): Msg {
  const message = { subject, data, sid: 1, string: () => new TextDecoder().decode(data) };
  return { ...message, headers: block } as unknown as Msg;
}

function drawPlace(pick: Pick): StripePlace {
  const type = pick(8) === 0 ? "copy" : "h264";
  const keyframe = type !== "copy" && pick(2) === 0;
  const place = { x: pick(100), stripeYStart: pick(400) };
  const size = { width: 1 + pick(500), stripeHeight: 1 + pick(80) };
  return { type, frameId: pick(2 ** 32), ...place, ...size, keyframe, timestamp: pick(2 ** 40) };
}

function drawBytes(pick: Pick): Uint8Array {
  return Uint8Array.from({ length: 1 + pick(40) }, () => pick(256));
}

/** A payload that says what the headers say. */
function payloadOf(place: StripePlace, pick: Pick): Uint8Array {
  const { type, frameId, x, stripeYStart: y, width, stripeHeight: height, keyframe } = place;
  const data = new Uint8Array(type === "copy" ? 18 : 15 + pick(40));
  const frameType = keyframe ? "idr" : "inter";
  const header = { type, frameType, frameId, x, y, width, height } as const;
  writeHeader(data, header as Parameters<typeof writeHeader>[1], "extended");
  return data; // a copy's source is (0, 0)
}

test(`what is written is read again ${label}`, () => {
  const pick = random(seed);
  for (let round = 0; round < 2000; round++) {
    const place = drawPlace(pick);
    const position = { epoch: EPOCH, sequence: 1 + pick(2 ** 40) };
    const data = drawBytes(pick);
    const partCount = 1 + pick(3);
    const part = 1 + pick(partCount);
    const block = rowHeaders(position, place, part, partCount);
    const message = messageOf(`s.h264.row.${place.stripeYStart}`, block, data);
    expect(readRow(message, "h264")).toEqual({ ...position, ...place, part, partCount, data });
  }
  const size = { width: 16384, height: 1 };
  const notices: Notice[] = [
    { kind: "screen", ...size },
    { kind: "beat", ...size },
    { kind: "end", frameId: 2 ** 32 - 1, ...size },
    { kind: "failure", words: "ä" },
  ];
  for (const notice of notices) {
    const words = new TextEncoder().encode(notice.kind === "failure" ? notice.words : "");
    const position = { epoch: EPOCH, sequence: 7 };
    const message = messageOf("s.h264.frame", noticeHeaders(position, notice), words);
    expect(readNotice(message)).toEqual({ ...position, ...notice });
  }
});

/** Values that are out of a header's range, or none at all. */
const BAD_VALUES: Record<string, readonly string[]> = {
  Epoch: ["", "0123456789ABCDEF", "0123456789abcde", `${EPOCH}0`, "0123456789abcdeg"],
  Sequence: ["", "0", "-1", "1.5", "1e3", "0x10", "01", "+1", "9007199254740992", "NaN", " "],
  Type: ["", "jpeg", "H264", "vp8"],
  Frame: ["", "-1", "4294967296", "1.0"],
  Row: ["", "-1", "16385", "32"],
  X: ["-1", "16385", "a"],
  Width: ["", "0", "16385", "-5"],
  Height: ["", "0", "16385", "1e2"],
  Timestamp: ["", "-1", "0.5", "9007199254740992", "99999999999999999999"],
  Part: ["0/1", "2/1", "1/0", "1/65536", "1", "/", "1/1/1", "-1/2", "1/2 "],
};

test("each header is checked", () => {
  const place = {
    ...drawPlace(random(1)),
    type: "h264" as const,
    stripeYStart: 16,
    keyframe: true,
  };
  const position = { epoch: EPOCH, sequence: 1 };
  const read = (change: (block: MsgHdrs) => void, subject = "s.h264.row.16", length = 5) => {
    const block = rowHeaders(position, place, 1, 1);
    change(block);
    return readRow(messageOf(subject, block, new Uint8Array(length)), "h264");
  };
  expect(read(() => undefined)).toBeDefined();
  for (const [name, values] of Object.entries(BAD_VALUES)) {
    for (const value of values) {
      const isTrimmed = value.trim() !== value; // which the client does
      expect([name, value, read((block) => block.set(name, value)) !== undefined]).toEqual([
        ...[name, value, isTrimmed && name === "Part"],
      ]);
    }
    if (name !== "X" && name !== "Part") {
      expect([name, read((block) => block.delete(name))]).toEqual([name, undefined]);
    }
  }
  expect(read((block) => block.set("Type", "copy"))).toBeUndefined(); // a keyframe
  expect(read(() => undefined, "s.h264.row.17")).toBeUndefined();
  expect(read(() => undefined, "s.h264.row.16", 0)).toBeUndefined();
  expect(readRow(messageOf("s.h264.row.16", undefined, new Uint8Array(5)), "h264")).toBe(undefined);
});

test(`a payload has to say what the headers say ${label}`, () => {
  const pick = random(seed + 3);
  for (let round = 0; round < 500; round++) {
    const place = drawPlace(pick);
    const data = payloadOf(place, pick);
    expect(agrees(place, data)).toBe(true);
    expect(agrees({ ...place, frameId: (place.frameId + 1) % 2 ** 32 }, data)).toBe(false);
    expect(agrees({ ...place, keyframe: !place.keyframe }, data)).toBe(false);
    for (const name of ["x", "stripeYStart", "width", "stripeHeight"] as const) {
      expect(agrees({ ...place, [name]: place[name] + 1 }, data)).toBe(false);
    }
    expect(agrees({ ...place, type: "jpeg", keyframe: true }, data)).toBe(false);
    expect(agrees(place, data.subarray(0, 14))).toBe(false);
    if (place.type !== "copy") continue;
    const { width, stripeHeight: height } = place;
    expect(agrees(place, data, { width, height })).toBe(true);
    expect(agrees(place, data, { width: width - 1, height })).toBe(false);
    expect(agrees(place, data, { width, height: height - 1 })).toBe(false);
  }
  // 16 bits of the frame's number and the row are all that this kind of header has.
  const jpeg = { ...drawPlace(pick), type: "jpeg" as const, keyframe: true, x: 0 };
  const data = new Uint8Array(20);
  writeHeader(data, { type: "jpeg", frameId: jpeg.frameId, y: jpeg.stripeYStart });
  expect(agrees(jpeg, data)).toBe(true);
  expect(agrees({ ...jpeg, x: 16 }, data)).toBe(false);
  expect(agrees({ ...jpeg, stripeYStart: jpeg.stripeYStart + 1 }, data)).toBe(false);
});

test("gateways' words are checked", () => {
  const read = (text: string) =>
    readGateway(messageOf("s", undefined, new TextEncoder().encode(text)));
  expect(read(`watch ${EPOCH}`)).toEqual({ word: "watch", id: EPOCH });
  expect(read(`leave ${EPOCH}`)).toEqual({ word: "leave", id: EPOCH });
  expect(read(`keyframe ${EPOCH}`)).toEqual({ word: "keyframe", id: EPOCH });
  for (const text of ["", "watch", `watch ${EPOCH} `, `watch  ${EPOCH}`, `Watch ${EPOCH}`]) {
    expect(read(text)).toBeUndefined();
  }
  expect(read(`watch ${EPOCH}\n`)).toBeUndefined();
  expect(read(`watch ${"x".repeat(100_000)}`)).toBeUndefined();
});

/** A sink that throws where what it gets is not what a feed may hand out. */
class StrictSink implements FeedSink {
  stripes = 0;
  cursors = 0;
  failures = 0;
  #screen: FeedScreen | undefined;

  screen(screen: FeedScreen): void {
    this.#screen = screen;
    expect(Math.min(screen.width, screen.height)).toBeGreaterThan(0);
    expect(Math.max(screen.width, screen.height)).toBeLessThanOrEqual(16384);
  }

  stripe(stripe: Parameters<FeedSink["stripe"]>[0]): void {
    const screen = this.#screen;
    if (screen === undefined) throw new Error("a stripe came before the screen");
    this.stripes += 1;
    expect(stripe.data.length).toBeGreaterThan(0);
    expect(stripe.x + stripe.width).toBeLessThanOrEqual(screen.width);
    expect(stripe.stripeYStart + stripe.stripeHeight).toBeLessThanOrEqual(screen.height);
    expect(stripe.type === "copy" && stripe.keyframe).toBe(false);
    const wire = parseStripe(stripe.data, stripe.data[0] === 5 ? "extended" : "pixelflux");
    expect(wire).toMatchObject({ type: stripe.type, y: stripe.stripeYStart });
    if (wire.type === "copy") {
      expect(wire.sourceX + wire.width).toBeLessThanOrEqual(screen.width);
      expect(wire.sourceY + wire.height).toBeLessThanOrEqual(screen.height);
    }
    stripe.release();
    expect(stripe.data.length).toBe(0);
  }

  endFrame(frameId: number): void {
    expect(frameId).toBeWithin(0, 2 ** 32);
  }

  cursor({ x, y, visible, image }: FeedCursor): void {
    this.cursors += 1;
    expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(32768);
    expect(image !== undefined).toBe(visible);
    if (image === undefined) return;
    expect(image.pixels.length).toBe(image.width * image.height * 4);
    expect(image.hotX < image.width && image.hotY < image.height).toBe(true);
  }

  gap(): void {}

  fail(): void {
    this.failures += 1;
  }
}

const NAMES = Object.keys(BAD_VALUES).concat("Kind", "Keyframe");

/** Changes some headers to values that are often wrong. */
function damage(block: MsgHdrs, pick: Pick): void {
  for (let count = pick(3); count > 0; count--) {
    const name = NAMES[pick(NAMES.length)] as string;
    const values = BAD_VALUES[name] ?? ["", "end", "beat", "screen", "1"];
    if (pick(3) === 0) block.delete(name);
    else if (name === "Sequence")
      block.set(name, String(pick(100))); // else all else were late
    else if (pick(2) === 0) block.set(name, String(pick(2 ** 31)));
    else block.set(name, values[pick(values.length)] as string);
  }
}

test(`a receiver takes whatever comes, and is complete afterwards ${label}`, () => {
  const pick = random(seed + 1);
  const sink = new StrictSink();
  const counts: ReceiverCounts = {
    ...{ messages: 0, bytes: 0, stripes: 0, gaps: 0, late: 0, malformed: 0, heldBack: 0 },
  };
  const nothing = () => undefined;
  const host = { onGap: nothing, onEpoch: nothing, onTime: nothing };
  const receiver = new Receiver({
    ...{ codec: "h264", sink, counts, ...host },
    onFailure: () => sink.fail(),
  });
  let sequence = 0;
  const next = () => ({ epoch: EPOCH, sequence: ++sequence });
  const notice = (value: Notice, isDamaged: boolean) => {
    const block = noticeHeaders(next(), value);
    if (isDamaged) damage(block, pick);
    receiver.notice(messageOf("s.h264.frame", block, new Uint8Array(0)));
  };
  const row = (place: StripePlace, isDamaged: boolean) => {
    const block = rowHeaders(next(), place, 1 + pick(2), 1 + pick(3));
    if (isDamaged) damage(block, pick);
    else block.delete("Part");
    const y = pick(10) === 0 && isDamaged ? pick(500) : place.stripeYStart;
    const data = isDamaged && pick(5) === 0 ? drawBytes(pick) : payloadOf(place, pick);
    if (isDamaged && pick(3) === 0) data[pick(data.length)] = pick(256);
    receiver.row(messageOf(`s.h264.row.${y}`, block, data));
  };
  const pointer = (isDamaged: boolean) => {
    const id = 1 + pick(3);
    const place = { x: pick(640), y: pick(480) };
    const image = { id, width: 2, height: 2, hotX: 1, hotY: 0, pixels: new Uint8Array(16) };
    const data =
      pick(2) === 0
        ? writeCursorImage(image)
        : writeCursorPosition({ visible: true, imageId: id, ...place });
    if (isDamaged) data[pick(data.length)] = pick(256);
    const length = isDamaged && pick(3) === 0 ? pick(data.length) : data.length;
    const epoch = pick(20) === 0 ? "0123456789abcdef" : EPOCH;
    const message = messageOf("s.h264.frame", cursorHeaders(epoch), data.subarray(0, length));
    receiver.notice(message);
  };
  const size = { width: 640, height: 480 };
  for (let round = 0; round < 20_000; round++) {
    const isDamaged = pick(3) === 0;
    if (pick(8) === 0) pointer(isDamaged);
    else if (pick(4) > 0) row(drawPlace(pick), isDamaged);
    else if (pick(2) === 0) notice({ kind: "end", frameId: round, ...size }, isDamaged);
    else notice({ kind: "screen", width: 1 + pick(640), height: 1 + pick(480) }, isDamaged);
  }
  expect(counts.malformed).toBeGreaterThan(1000);
  expect(counts.gaps).toBeGreaterThan(1000);
  expect(sink.stripes).toBeGreaterThan(100);
  expect(sink.cursors).toBeGreaterThan(100);
  expect(sink.failures).toBe(0);
  // From another publisher, undamaged.
  const position = { epoch: "f".repeat(16), sequence: 0 };
  const first = noticeHeaders({ ...position, sequence: 1 }, { kind: "screen", ...size });
  receiver.notice(messageOf("s.h264.frame", first, new Uint8Array(0)));
  const place = { ...drawPlace(pick), type: "h264" as const, keyframe: true, x: 0, width: 640 };
  const whole = { ...place, stripeYStart: 0, stripeHeight: 480 };
  const second = rowHeaders({ ...position, sequence: 2 }, whole, 1, 1);
  receiver.row(messageOf("s.h264.row.0", second, payloadOf(whole, pick)));
  expect(receiver.isComplete).toBe(true);
});

/** Writes the client's side of the NATS protocol by hand, so that headers may be anything. */
class RawClient {
  readonly #socket: Bun.Socket;

  private constructor(socket: Bun.Socket) {
    this.#socket = socket;
  }

  static async connect(url: string): Promise<RawClient> {
    const [hostname = "", port] = url.split(":");
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (peer, bytes) => {
          if (bytes.includes("PING")) peer.write("PONG\r\n");
        },
      },
    });
    socket.write('CONNECT {"headers":true,"verbose":false}\r\n');
    return new RawClient(socket);
  }

  publish(subject: string, block: Uint8Array, data: Uint8Array): void {
    const head = `HPUB ${subject} ${block.length} ${block.length + data.length}\r\n`;
    this.#socket.write(Buffer.concat([Buffer.from(head), block, data, Buffer.from("\r\n")]));
  }

  end(): void {
    this.#socket.end();
  }
}

/** Flips bits of a header block behind its first line, which the server itself checks. */
function flip(block: Uint8Array, pick: Pick): Uint8Array {
  const flipped = block.slice();
  for (let count = 1 + pick(6); count > 0; count--) {
    const at = 10 + pick(flipped.length - 14);
    flipped[at] = pick(256);
  }
  return flipped;
}

const encode = (block: MsgHdrs) => new TextEncoder().encode(String(block));

test(`garbage on every subject stops neither publisher nor gateway ${label}`, async () => {
  await using cluster = await NatsCluster.start({ count: 1 });
  const pick = random(seed + 2);
  const subject = drawSubject();
  const teed = new TeedSource();
  await using publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using gateway = await Gateway.start(await cluster.connect(0), subject);
  await gateway.received.caughtUp(teed);
  const raw = await RawClient.connect(cluster.url(0));
  const size = { width: 640, height: 480 };
  for (let round = 0; round < 600; round++) {
    const place = drawPlace(pick);
    const position = { epoch: "0".repeat(16), sequence: 1 + pick(1000) };
    const other = headers();
    other.append("Epoch", "?");
    const block = [
      encode(rowHeaders(position, place, 1, 1)),
      encode(noticeHeaders(position, { kind: "end", frameId: 1, ...size })),
      encode(other),
    ][pick(3)] as Uint8Array;
    const last = ["frame", "watch", "keyframe", `row.${place.stripeYStart}`, "row.x"][pick(5)];
    raw.publish(`${subject}.h264.${last}`, flip(block, pick), drawBytes(pick));
    raw.publish(`${subject}.${pick(2) === 0 ? "clock" : "vp8.watch"}`, block, drawBytes(pick));
    if (round % 50 === 0) await Bun.sleep(1);
  }
  await waitFor("garbage to be counted", () => gateway.stats.malformed > 50);
  await waitFor("requests to be counted", () => publisher.stats().malformed > 50);
  raw.end();
  await gateway.received.caughtUp(teed);
  await gateway.received.expectPicture(teed);
  expect(gateway.received.errors).toEqual([]);
  expect(publisher.stats().codecs[0]).toMatchObject({ running: true, gateways: 1, failures: 0 });
});
