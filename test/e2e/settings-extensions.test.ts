// SPDX-License-Identifier: MPL-2.0
// X servers that lack an extension: the pixels are right all the same, or it is said what is missing.
import { describe, expect, test } from "bun:test";
import { type CaptureSettings, PixelfluxError } from "../../src/index.ts";
import { memoryFiles } from "../support/proc.ts";
import { waitFor } from "../support/process.ts";
import type { Recorder } from "../support/recorder.ts";
import { Scene, showsSoon } from "../support/scene.ts";

/* X Input cannot be switched off in Xvfb; Generic Event, without which its raw events cannot be
 * sent, can. */
const LACKING: [lack: string, args: string[]][] = [
  ["nothing", []],
  ["DAMAGE", ["-extension", "DAMAGE"]],
  ["MIT-SHM and DAMAGE", ["-extension", "MIT-SHM", "-extension", "DAMAGE"]],
  ["XFIXES", ["-extension", "XFIXES"]],
  ["Generic Event", ["-extension", "Generic Event Extension"]],
];

const SIZE = { width: 321, height: 201 };
const CODECS: CaptureSettings[] = [{ outputMode: "jpeg" }, { outputMode: "h264" }];

async function follows(scene: Scene, recorder: Recorder): Promise<void> {
  await showsSoon(recorder, await scene.painter.grab(), { psnr: 32 }, "as found");
  await scene.painter.pattern("photo", 2, { x: 33, y: 21, width: 150, height: 99 });
  await scene.painter.fill({ x: 300, y: 190, width: 21, height: 11 }, 0xa0a0a0);
  await showsSoon(recorder, await scene.painter.grab(), { psnr: 32 }, "painted");
  expect(recorder.errors).toEqual([]);
}

describe.each(LACKING)("a server that lacks %s", (lack, args) => {
  const hasSharedMemory = !lack.includes("MIT-SHM");
  const hasDamage = !/DAMAGE|XFIXES/.test(lack);

  test("is captured rightly in both codecs", async () => {
    await using scene = await Scene.start({ ...SIZE, args });
    await scene.painter.pattern("photo", 1);
    for (const settings of CODECS) {
      await using recorder = await scene.record({ ...settings, targetFps: 30 });
      await recorder.quiet(100);
      expect(memoryFiles().length > 0).toBe(hasSharedMemory);
      await follows(scene, recorder);
      if (lack === "XFIXES") {
        // Xvfb without it aborts when a client disconnects: one codec, and this is the end of it.
        await recorder.capture.stop();
        return;
      }
    }
  }, 30_000);

  test("still, sends nothing, and is looked at only where nobody tells of damage", async () => {
    await using scene = await Scene.start({ ...SIZE, args });
    await scene.painter.pattern("photo", 1);
    const settings = { usePaintOverQuality: false, targetFps: 60 };
    await using recorder = await scene.record(settings);
    await recorder.quiet(200);
    const before = recorder.capture.stats();
    if (hasDamage) {
      await Bun.sleep(400); // the proof is that nothing happens in it
      expect(recorder.capture.stats()).toEqual(before);
      return;
    }
    await waitFor("further frames", () => recorder.capture.stats().frames > before.frames + 20);
    const { stripes, bytes, stripesHashed, stripesUnchanged } = recorder.capture.stats();
    expect({ stripes, bytes }).toEqual({ stripes: before.stripes, bytes: before.bytes });
    expect(stripesHashed).toBeGreaterThan(before.stripesHashed + 20);
    expect(stripesUnchanged).toBeGreaterThan(before.stripesUnchanged + 20);
    expect(recorder.capture.stats().changedWithoutDamage).toBe(0);
  });
});

describe("the pointer", () => {
  test("without XFIXES is a clear error at the start", async () => {
    await using scene = await Scene.start({ ...SIZE, args: ["-extension", "XFIXES"] });
    let refusal: unknown;
    try {
      await using _ = await scene.record({ captureCursor: true });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(PixelfluxError);
    expect(refusal).toMatchObject({ code: "ERR_DISPLAY_UNSUPPORTED" });
    expect((refusal as PixelfluxError).message).toMatch(/capture_?cursor.*XFIXES/i);
  });

  test("without XFIXES is a clear error where it is switched on", async () => {
    await using scene = await Scene.start({ ...SIZE, args: ["-extension", "XFIXES"] });
    await using recorder = await scene.record();
    await recorder.quiet(100);
    // Refused by update(), or told as the end of the capture; never drawn wrongly in silence.
    const errors: unknown[] = [];
    try {
      recorder.capture.update({ captureCursor: true });
      await waitFor("the error", () => recorder.errors.length > 0);
      errors.push(...recorder.errors);
    } catch (error) {
      errors.push(error);
    }
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: "ERR_DISPLAY_UNSUPPORTED" });
    expect((errors[0] as PixelfluxError).message).toContain("XFIXES");
  });

  test.each(["MIT-SHM", "DAMAGE", "Generic Event Extension"])(
    "is drawn without %s",
    async (extension) => {
      await using scene = await Scene.start({ ...SIZE, args: ["-extension", extension] });
      await scene.fill(0x000000);
      await scene.painter.command("cursor 88"); // gumby, of the font "cursor"
      await scene.painter.command("motion 100 100");
      await using recorder = await scene.record({ captureCursor: true });
      const isLit = async (x: number, y: number) => {
        const { rgb } = (await recorder.show()).crop(x - 10, y - 10, 20, 20);
        return rgb.some((value) => value > 0xb0);
      };
      await recorder.quiet(100);
      expect(await isLit(100, 100)).toBeTrue();
      await scene.painter.command("motion 200 50");
      // Where no raw event can come, the next frame shows the move.
      await scene.painter.pixel(1, 1, 0x102030);
      await waitFor("the pointer there", () => isLit(200, 50));
      expect(await isLit(100, 100)).toBeFalse();
    },
  );
});
