// SPDX-License-Identifier: MPL-2.0
// Which codec is asked for, and which decoder is taken.
import { describe, expect, test } from "bun:test";
import { addressWith, isSent, wantedCodec } from "../../src/client/codec-wish.ts";
import { DecoderLadder } from "../../src/client/decoder-ladder.ts";
import { PROBE_RGB, PROBE_STREAM } from "../../src/client/decoder-support.ts";
import { decodeH264, probeH264 } from "../support/decode.ts";

describe("DecoderLadder", () => {
  const fail = (ladder: DecoderLadder, row: number, nowMs: number, hasImages = true) =>
    ladder.fail(row, nowMs, false, hasImages);

  test("steps down where one row fails twice in five seconds", () => {
    const ladder = new DecoderLadder();
    expect(fail(ladder, 0, 0)).toBeFalse();
    expect(fail(ladder, 64, 10)).toBeFalse();
    expect(fail(ladder, 0, 5001)).toBeFalse();
    expect(ladder.step).toBe("no-preference");
    expect(fail(ladder, 0, 6000)).toBeTrue();
    expect(ladder.step).toBe("prefer-software");
    // What the other decoders did counts no more.
    expect(fail(ladder, 0, 6001)).toBeFalse();
    expect(fail(ladder, 0, 6002)).toBeTrue();
    expect(ladder.step).toBe("image");
    expect(fail(ladder, 0, 6003)).toBeFalse();
    expect(fail(ladder, 0, 6004)).toBeFalse();
  });

  test("stays with software where there are no images", () => {
    const ladder = new DecoderLadder();
    for (let nowMs = 0; nowMs < 9; nowMs++) fail(ladder, 0, nowMs, false);
    expect(ladder.step).toBe("prefer-software");
    expect(fail(ladder, 0, 10, true)).toBeTrue();
    expect(ladder.step).toBe("image");
  });

  test("does not wait for a second failure that is certain, and begins anew", () => {
    const ladder = new DecoderLadder();
    expect(ladder.fail(0, 0, true, true)).toBeTrue();
    expect(ladder.step).toBe("prefer-software");
    ladder.useImages();
    expect(ladder.step).toBe("image");
    ladder.reset();
    expect(ladder.step).toBe("no-preference");
    expect(fail(ladder, 0, 1)).toBeFalse();
  });
});

describe("the codec in the address", () => {
  test("is the user's, or JPEG where it has to be, or the server's", () => {
    expect(wantedCodec("h264", true)).toBe("h264");
    expect(wantedCodec("jpeg", false)).toBe("jpeg");
    expect(wantedCodec("auto", true)).toBe("jpeg");
    expect(wantedCodec("auto", false)).toBeUndefined();
  });

  test("is set beside what the page gave, or in its place", () => {
    expect(addressWith("ws://a/stream?token=x%26", undefined)).toBe("ws://a/stream?token=x%26");
    expect(addressWith("ws://a/stream?token=x", "jpeg")).toBe("ws://a/stream?token=x&codec=jpeg");
    expect(addressWith("ws://a/?codec=h264", "jpeg")).toBe("ws://a/?codec=jpeg");
  });

  test("need not be asked for where it is sent already", () => {
    const screen = { type: "screen", width: 1, height: 1, mode: "jpeg" } as const;
    expect(isSent("jpeg", screen)).toBeTrue();
    expect(isSent("h264", screen)).toBeFalse();
    expect(isSent(undefined, { ...screen, codecs: ["jpeg", "h264"] })).toBeTrue();
    expect(isSent(undefined, { ...screen, codecs: ["h264", "jpeg"] })).toBeFalse();
    expect(isSent(undefined, screen)).toBeFalse();
  });
});

test("the picture that tells whether full range is read has the colour that is said", async () => {
  const stream = Buffer.from(PROBE_STREAM, "base64");
  expect(await probeH264(stream)).toMatchObject({ color_range: "pc", color_space: "smpte170m" });
  const [picture] = await decodeH264([stream]);
  for (let at = 0; at < 3; at++) {
    const value = picture?.rgb[(32 * 64 + 32) * 3 + at] ?? -99;
    expect(Math.abs(value - (PROBE_RGB[at] ?? 0))).toBeLessThanOrEqual(2);
  }
});
