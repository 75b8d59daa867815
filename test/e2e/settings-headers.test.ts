// SPDX-License-Identifier: MPL-2.0
// The bytes in front of a stripe: three kinds, two codecs, byte by byte, and as the wire module reads
// them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { headerBytes, parseStripe, type StripeHeaderKind, writeHeader } from "pixelflux-ffi/wire";
import { ScreenCapture, type Stripe } from "../../src/index.ts";
import { decodeH264, decodeJpegs } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { Scene } from "../support/scene.ts";

const AREA = { captureX: 3, captureY: 5, captureWidth: 301, captureHeight: 203 };

/** A stripe's fields and a copy of all its bytes. */
interface Message {
  frameId: number;
  y: number;
  width: number;
  height: number;
  keyframe: boolean;
  codec: string;
  size: number;
  data: Uint8Array;
  payload: Uint8Array;
}

function keep(stripe: Stripe): Message {
  const message: Message = {
    frameId: stripe.frameId,
    y: stripe.stripeYStart,
    width: stripe.width,
    height: stripe.stripeHeight,
    keyframe: stripe.keyframe,
    codec: stripe.codec,
    size: stripe.size,
    data: stripe.copy(),
    payload: stripe.payload.slice(),
  };
  stripe.release();
  return message;
}

const u16 = (value: number) => [(value >> 8) & 0xff, value & 0xff];

/** The header as docs/wire-format.md has it. */
function headerOf(kind: StripeHeaderKind, type: "jpeg" | "h264", message: Message): number[] {
  const { frameId, y, width, height, keyframe } = message;
  const position = [...u16(frameId % 65536), ...u16(y)];
  if (kind === "none") return [];
  if (type === "h264") return [4, Number(keyframe), ...position, ...u16(width), ...u16(height)];
  return kind === "legacy" ? position : [3, 0, ...position];
}

/** The NAL unit types of an Annex B access unit (ITU-T H.264, table 7-1). */
function unitTypes(accessUnit: Uint8Array): number[] {
  const bytes = Buffer.from(accessUnit);
  const types: number[] = [];
  for (let at = bytes.indexOf("000001", 0, "hex"); at >= 0; ) {
    types.push((bytes[at + 3] as number) & 31);
    at = bytes.indexOf("000001", at + 3, "hex");
  }
  return types;
}

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start();
  await scene.painter.pattern("photo", 1);
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
});

/** The stripes of a capture that changes a few times, is refreshed, and is asked for keyframes. */
async function messagesOf(type: "jpeg" | "h264", kind: StripeHeaderKind): Promise<Message[]> {
  const messages: Message[] = [];
  await using capture = new ScreenCapture({
    ...{ ...AREA, display: scene.display, outputMode: type, stripeHeader: kind },
    ...{ stripeHeight: 64, paintOverTriggerFrames: 5 },
  });
  await capture.start((stripe) => messages.push(keep(stripe)));
  for (let i = 0; i < 8; i++) {
    const known = messages.length;
    await scene.painter.pattern("photo", 10 * i, { x: 20 * i, y: 20 * i, width: 90, height: 60 });
    await waitFor("the change", () => messages.length > known);
    if (i === 4) capture.requestKeyframe();
  }
  const known = messages.length;
  capture.requestKeyframe();
  await waitFor("the keyframe", () => messages.length >= known + 4);
  return messages;
}

const KINDS: StripeHeaderKind[] = ["pixelflux", "legacy", "none"];

describe.each(KINDS)("stripeHeader %s", (kind) => {
  test("JPEG", async () => {
    const messages = await messagesOf("jpeg", kind);
    expect(messages.length).toBeGreaterThan(12);
    for (const message of messages) {
      const header = headerOf(kind, "jpeg", message);
      expect(header.length).toBe(headerBytes("jpeg", kind));
      expect([...message.data.subarray(0, header.length)]).toEqual(header);
      expect(message.data.subarray(header.length)).toEqual(message.payload);
      expect(message.size).toBe(message.data.length);
      expect([...message.payload.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
      expect([...message.payload.subarray(-2)]).toEqual([0xff, 0xd9]);
      expect({ codec: message.codec, keyframe: message.keyframe }).toEqual({
        ...{ codec: "jpeg", keyframe: true },
      });
      const named = kind !== "none";
      expect(parseStripe(message.data, kind)).toEqual({
        ...{ type: "jpeg", keyframe: true, payload: message.payload },
        ...{ frameId: named ? message.frameId : undefined, y: named ? message.y : undefined },
      });
    }
    const [first] = messages as [Message];
    const [picture] = await decodeJpegs([first.payload]);
    expect(picture).toMatchObject({ width: first.width, height: first.height });
  });

  test("H.264", async () => {
    const messages = await messagesOf("h264", kind);
    const keyframes = messages.filter(({ keyframe }) => keyframe);
    expect(keyframes.length).toBeGreaterThanOrEqual(8);
    expect(messages.length - keyframes.length).toBeGreaterThanOrEqual(5);
    for (const message of messages) {
      const header = headerOf(kind, "h264", message);
      expect(header.length).toBe(headerBytes("h264", kind));
      expect([...message.data.subarray(0, header.length)]).toEqual(header);
      expect(message.data.subarray(header.length)).toEqual(message.payload);
      expect(message.size).toBe(message.data.length);
      // Annex B, from its first byte; SPS and PPS with every IDR, and no access unit delimiter.
      expect([...message.payload.subarray(0, 4)]).toEqual([0, 0, 0, 1]);
      const types = unitTypes(message.payload);
      expect(types).not.toContain(9);
      expect(types.includes(5)).toBe(message.keyframe);
      expect(types.includes(7) && types.includes(8)).toBe(message.keyframe);
      expect(message.codec).toMatch(/^avc1\.42c0[0-9a-f]{2}$/);
      const { frameId, y, width, height, payload, keyframe } = message;
      const nothing = { frameId: undefined, y: undefined, width: undefined, height: undefined };
      expect(parseStripe(message.data, kind)).toEqual({
        ...{ type: "h264", keyframe, frameType: keyframe ? "idr" : "inter", payload },
        ...(kind === "none" ? nothing : { frameId, y, width, height }),
      });
    }
    const streams = Map.groupBy(messages, ({ y }) => y);
    for (const stream of streams.values()) {
      const pictures = await decodeH264(stream.map(({ payload }) => payload));
      expect(pictures.length).toBe(stream.length);
    }
  });
});

test("the wire module writes the bytes that the capture does", async () => {
  for (const type of ["jpeg", "h264"] as const) {
    const [message] = (await messagesOf(type, "pixelflux")) as [Message];
    const { frameId, y, width, height } = message;
    const target = new Uint8Array(headerBytes(type, "pixelflux"));
    writeHeader(
      target,
      type === "jpeg"
        ? { type, frameId, y }
        : { type, frameId, y, width, height, frameType: "idr" },
    );
    expect(message.data.subarray(0, target.length)).toEqual(target);
  }
});

test("an odd size is told as it is, not as it is coded", async () => {
  const messages = await messagesOf("h264", "pixelflux");
  const first = messages.filter(({ frameId }) => frameId === 0);
  expect(first.map(({ y, width, height }) => [y, width, height]).sort()).toEqual([
    [0, 301, 64],
    [128, 301, 64],
    [192, 301, 11],
    [64, 301, 64],
  ]);
  const last = first.find(({ y }) => y === 192) as Message;
  const [picture] = await decodeH264([last.payload]);
  expect(picture).toMatchObject({ width: 302, height: 12 });
});
