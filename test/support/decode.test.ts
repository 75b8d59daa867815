// SPDX-License-Identifier: MPL-2.0
// The harness itself: what ffmpeg encodes rightly is found right, and what is wrong is found.
import { describe, expect, test } from "bun:test";
import { type Canvas, compare, expectAlike, isWithin } from "./canvas.ts";
import {
  decodeH264,
  decodeJpegs,
  expectCover,
  probeH264,
  type RecordedStripe,
  showStripes,
} from "./decode.ts";
import { Painter } from "./painter.ts";
import { requireTool } from "./process.ts";
import { Xvfb } from "./xvfb.ts";

async function encode(picture: Canvas, options: string[], format: string): Promise<Uint8Array> {
  const command = [requireTool("ffmpeg", "ffmpeg"), "-v", "error", "-f", "rawvideo"];
  command.push("-pix_fmt", "rgb24", "-s", `${picture.width}x${picture.height}`, "-i", "pipe:0");
  command.push(...options, "-frames:v", "1", "-f", format, "pipe:1");
  const child = Bun.spawn(command, { stdin: picture.rgb, stdout: "pipe", stderr: "inherit" });
  return new Uint8Array(await new Response(child.stdout).arrayBuffer());
}

const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-qp", "12"];
const full601 = ["-vf", "scale=out_color_matrix=bt601:out_range=full,format=yuv444p"];
const marked601 = ["-color_range", "pc", "-colorspace", "smpte170m"];

async function bars(width: number, height: number): Promise<Canvas> {
  await using server = await Xvfb.start({ width, height });
  await using painter = await Painter.start(server.display);
  await painter.pattern("bars", 0);
  return await painter.grab();
}

describe("the harness", () => {
  test("a painted pixel is where it was painted, and nowhere else", async () => {
    await using server = await Xvfb.start({ width: 320, height: 200 });
    await using painter = await Painter.start(server.display);
    await painter.fill({ x: 0, y: 0, width: 320, height: 200 }, 0x102030);
    const before = await painter.grab();
    await painter.pixel(17, 99, 0xffa001);
    const after = await painter.grab();
    expect(after.pixel(17, 99)).toBe("ffa001");
    const difference = compare(before, after);
    expect([difference.x, difference.y, difference.max]).toEqual([17, 99, 239]);
    after.lay(before.crop(17, 99, 1, 1), 17, 99);
    expect(compare(before, after)).toMatchObject({ max: 0, psnr: Infinity });
  });

  test("patterns are the same for the same seed, and others for another", async () => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    for (const name of ["gradient", "text", "photo"] as const) {
      await painter.pattern(name, 7);
      const first = await painter.grab();
      await painter.pattern(name, 8);
      expect(compare(first, await painter.grab()).max).toBeGreaterThan(0);
      await painter.pattern(name, 7);
      expect(compare(first, await painter.grab()).max).toBe(0);
    }
  });

  test("H.264 that says what it is comes back right, and wrongly marked does not", async () => {
    const picture = await bars(320, 240);
    const right = await encode(picture, [...full601, ...marked601, ...x264], "h264");
    const [shown] = await decodeH264([right]);
    expectAlike(picture, shown as Canvas, { mean: 2 });
    expect(await probeH264(right)).toMatchObject({ color_range: "pc", color_space: "smpte170m" });

    /* Marked after the encoding: newer ffmpegs convert to what an encoder is told to mark. */
    const marked709 = ["-bsf:v", "h264_metadata=matrix_coefficients=1"];
    const wrong = await encode(picture, [...full601, ...marked601, ...x264, ...marked709], "h264");
    const [shownWrong] = await decodeH264([wrong]);
    expect(isWithin(compare(picture, shownWrong as Canvas), { mean: 2 })).toBeFalse();
  });

  test("an H.264 stream may change its colour format and frame rate on the way", async () => {
    const picture = await bars(320, 240);
    const half601 = ["-vf", "scale=out_color_matrix=bt601:out_range=full,format=yuv420p"];
    const units: Uint8Array[] = [];
    for (const [format, rate] of [
      [full601, "60"],
      [half601, "7"],
      [full601, "31"],
      [half601, "240"],
    ] as const) {
      units.push(await encode(picture, [...format, ...marked601, "-r", rate, ...x264], "h264"));
    }
    const shown = await decodeH264([...units, ...units]);
    expect(shown.length).toBe(8);
    for (const one of shown) expectAlike(picture, one, { mean: 2 });
  });

  test("JPEG stripes are laid where they belong", async () => {
    const picture = await bars(320, 240);
    const jpeg = ["-vf", "scale=out_range=full,format=yuvj444p", "-c:v", "mjpeg", "-q:v", "2"];
    const stripes: RecordedStripe[] = [];
    for (const [y, height] of [
      [0, 128],
      [128, 112],
    ] as const) {
      const payload = await encode(picture.crop(0, y, 320, height), jpeg, "image2pipe");
      const common = { type: "jpeg", frameId: 0, keyframe: true, timestamp: 0 } as const;
      stripes.push({ ...common, y, width: 320, height, payload });
    }
    expectAlike(picture, await showStripes(stripes, 320, 240), { mean: 2 });
    expect((await decodeJpegs([])).length).toBe(0);
    expect(() => expectCover(stripes.slice(1), 320, 240)).toThrow("begins at row 128");
    expect(() => expectCover(stripes.slice(0, 1), 320, 240)).toThrow("cover 128 rows");
  });

  test("rows of one size, decoded one after the other, are each their own", async () => {
    const picture = await bars(320, 224);
    const rows = [0, 112].map((y) => picture.crop(0, y, 320, 112));
    const options = [...full601, ...marked601, ...x264];
    const [top, bottom] = await Promise.all(rows.map((row) => encode(row, options, "h264")));
    const stripe = (y: number, payload: Uint8Array, keyframe = true): RecordedStripe => ({
      ...{ type: "h264", frameId: 0, y, width: 320, height: 112, keyframe, timestamp: 0, payload },
    });
    const first = stripe(0, top as Uint8Array);
    const second = stripe(112, bottom as Uint8Array);
    const shows = (...stripes: RecordedStripe[]) => showStripes(stripes, 320, 224);
    expectAlike(picture, await shows(first, second, second, first), { mean: 2 });

    const parameters = second.payload.slice(0, Buffer.from(second.payload).lastIndexOf("\0\0\x01"));
    const pictureless = stripe(112, parameters);
    await expect(shows(first, pictureless)).rejects.toThrow(/no frame|came out, not 2/);
    await expect(shows(pictureless, first)).rejects.toThrow(/no frame|came out, not 2/);
    const slice = stripe(112, second.payload.slice(parameters.length));
    await expect(shows(first, slice)).rejects.toThrow("row 112 begins without parameters");
    await expect(shows(first, { ...second, keyframe: false })).rejects.toThrow("a keyframe");
  });

  test("bytes that are no picture are an error", async () => {
    await expect(decodeH264([new Uint8Array(1000)])).rejects.toThrow();
    await expect(decodeJpegs([new Uint8Array(1000)])).rejects.toThrow();
  });

  test("a cookie keeps strangers out", async () => {
    await using server = await Xvfb.start({ authority: true });
    await expect(Painter.start(server.display, { XAUTHORITY: "/dev/null" })).rejects.toThrow(
      "cannot open",
    );
    await using painter = await Painter.start(server.display, {
      XAUTHORITY: server.authorityPath as string,
    });
    expect(painter.width).toBe(640);
  });

  test("a workload's updates are listed with their codes", async () => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await painter.prepare("typing", 1);
    const count = await painter.run(0.5);
    const updates = await painter.updates();
    expect(updates.length).toBe(count);
    expect(updates.map((update) => update.counter)).toEqual(updates.map((_, i) => i + 1));
    expect(count).toBeGreaterThan(0);
  });
});
