// SPDX-License-Identifier: MPL-2.0
// What can go wrong with an X server gives a typed error, and never ends the process.
import { describe, expect, test } from "bun:test";
import { type CaptureSettings, PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { Painter } from "../support/painter.ts";
import { nativeThreads } from "../support/proc.ts";
import { runSnippet, waitFor } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

async function refusalOf(settings: CaptureSettings): Promise<PixelfluxError> {
  try {
    await using capture = new ScreenCapture(settings);
    await capture.start(() => {});
  } catch (error) {
    if (error instanceof PixelfluxError) return error;
    throw error;
  }
  throw new Error("the capture started");
}

/** A display number nothing listens at. */
async function deadDisplay(): Promise<string> {
  await using server = await Xvfb.start();
  return server.display;
}

describe("a display that cannot be captured", () => {
  test("nothing listens", async () => {
    const display = await deadDisplay();
    const error = await refusalOf({ display });
    expect(error.code).toBe("ERR_DISPLAY_OPEN");
    expect(error.message).toContain(display);
  });

  test.each(["", "nonsense", "host.invalid:1", ":99999999", ":-1", "unix"])(
    "a display of the name %p",
    async (display) => {
      const error = await refusalOf({ display });
      expect(["ERR_DISPLAY_OPEN", "ERR_INVALID_SETTING"]).toContain(error.code);
    },
  );

  test("a screen the display does not have", async () => {
    await using server = await Xvfb.start();
    const error = await refusalOf({ display: `${server.display}.7` });
    expect(error.code).toBe("ERR_DISPLAY_OPEN");
  });

  test("the server refuses this user", async () => {
    await using server = await Xvfb.start({ authority: true });
    const source = `
      import { ScreenCapture } from "pixelflux-ffi";
      try { await new ScreenCapture({ display: "${server.display}" }).start(() => {}); }
      catch (error) { console.log(error.name, error.code); }`;
    const refused = await runSnippet(source, { env: { XAUTHORITY: "/dev/null" } });
    expect(refused).toMatchObject({ exitCode: 0, signal: null });
    expect(refused.stdout.trim()).toBe("PixelfluxError ERR_DISPLAY_OPEN");
    const withCookie = source.replace("catch", "finally { process.exit(7) } //");
    const env = { XAUTHORITY: server.authorityPath as string };
    expect(await runSnippet(withCookie, { env })).toMatchObject({ exitCode: 7, stdout: "" });
  });

  test.each([
    [{ captureX: 640 }],
    [{ captureY: 480 }],
    [{ captureX: 32767, captureY: 32767 }],
    [{ captureWidth: 641 }],
    [{ captureX: 1, captureWidth: 640, captureHeight: 480 }],
    [{ captureHeight: 16384 }],
  ] as [CaptureSettings][])("a region off the screen: %j", async (region) => {
    await using server = await Xvfb.start();
    const error = await refusalOf({ display: server.display, ...region });
    expect(error.code).toBe("ERR_REGION_OFF_SCREEN");
    expect(error.message).toMatch(/640.*480/);
  });

  test.each([8, 16])("a screen of %d bits", async (depth) => {
    await using server = await Xvfb.start({ depth });
    const error = await refusalOf({ display: server.display });
    expect(error.code).toBe("ERR_DISPLAY_UNSUPPORTED");
    expect(error.message).toContain(String(depth));
  });

  test("a refused capture leaves nothing behind, and can be started elsewhere", async () => {
    await waitFor("earlier threads to end", () => nativeThreads().length === 0);
    for (let i = 0; i < 20; i++) await refusalOf({ display: ":98765" });
    await waitFor("its threads to end", () => nativeThreads().length === 0);
    await using server = await Xvfb.start();
    await using recorder = await Recorder.start({ display: server.display });
    await recorder.quiet(100);
  });
});

describe("a display that goes away", () => {
  test.each([["jpeg"], ["h264"]] as const)("%s, callback: an error event", async (outputMode) => {
    await using server = await Xvfb.start();
    await using recorder = await Recorder.start({ display: server.display, outputMode });
    await recorder.quiet(100);
    await server.kill();
    // specified: within a second; generous for a busy machine
    await waitFor("the error event", () => recorder.errors.length > 0, 3000);
    expect(recorder.errors.map((error) => error.code)).toEqual(["ERR_DISPLAY_LOST"]);
    await waitFor("the threads to end", () => nativeThreads().length === 0);
  });

  test("iterator: thrown out of the loop", async () => {
    await using server = await Xvfb.start();
    await using capture = new ScreenCapture({ display: server.display });
    const loop = (async () => {
      for await (const stripe of capture) {
        stripe.release();
        await server.kill();
      }
    })();
    expect(await loop.catch((error: PixelfluxError) => error.code)).toBe("ERR_DISPLAY_LOST");
  });

  test("while it is being painted, again and again", async () => {
    for (let i = 0; i < 5; i++) {
      await using server = await Xvfb.start();
      const painter = await Painter.start(server.display);
      await using recorder = await Recorder.start({ display: server.display });
      await painter.prepare("video", 1);
      const painted = painter.run(5).catch(() => 0);
      await waitFor("stripes", () => recorder.stripes.length > 20);
      await server.kill();
      await waitFor("the error event", () => recorder.errors.length > 0, 3000);
      expect(recorder.errors[0]?.code).toBe("ERR_DISPLAY_LOST");
      await painted;
      await painter[Symbol.asyncDispose]();
    }
  });

  test("the others go on, and it can be started again", async () => {
    await using lost = await Xvfb.start();
    await using kept = await Xvfb.start();
    await using painter = await Painter.start(kept.display);
    await using first = await Recorder.start({ display: lost.display });
    await using second = await Recorder.start({ display: kept.display });
    await second.quiet();
    await lost.kill();
    await waitFor("the error event", () => first.errors.length > 0, 3000);
    const known = second.stripes.length;
    await painter.pixel(5, 5, 0xff0000);
    await waitFor("a stripe of the other capture", () => second.stripes.length > known);
    expect(second.errors).toEqual([]);
  });
});

const painting = (display: string, body: string) => `
  import { ScreenCapture } from "pixelflux-ffi";
  const capture = new ScreenCapture({ display: "${display}", outputMode: "h264" });
  ${body}`;

describe("a display that hangs", () => {
  test("stop comes back, while it was capturing", async () => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await using recorder = await Recorder.start({ display: server.display });
    await recorder.quiet(100);
    // The change wakes the capture, the server is too late to answer it.
    const painted = painter.pattern("photo", 1).catch(() => undefined);
    process.kill(server.pid, "SIGSTOP");
    await recorder.capture.stop();
    process.kill(server.pid, "SIGCONT");
    await painted;
    await waitFor("its threads to end", () => nativeThreads().length === 0);
  });

  test("the process ends, while it was starting", async () => {
    await using server = await Xvfb.start();
    process.kill(server.pid, "SIGSTOP");
    const result = await runSnippet(
      painting(
        server.display,
        "capture.start(() => {}).catch(() => {}); await Bun.sleep(200); process.exit(3);",
      ),
      { timeoutMs: 10_000 },
    );
    process.kill(server.pid, "SIGCONT");
    expect(result).toMatchObject({ exitCode: 3, signal: null });
  });
});

describe("ends of a process", () => {
  test.each([
    [
      "stop inside the callback",
      "await capture.start(async () => { await capture.stop(); process.exit(3); });",
      3,
    ],
    [
      "stop without waiting, inside the callback",
      "await capture.start(() => { capture.stop(); }); await capture.stop(); process.exitCode = 3;",
      3,
    ],
    ["process.exit inside the callback", "await capture.start(() => process.exit(3));", 3],
    ["process.exit while running", "await capture.start(() => {}); process.exit(3);", 3],
    ["process.exit while starting", "capture.start(() => {}); process.exit(3);", 3],
    [
      "an uncaught error while running",
      "await capture.start(() => {}); throw new Error('meant');",
      1,
    ],
    [
      "a stop and a natural end",
      "await capture.start(() => {}); await capture.stop(); process.exitCode = 3;",
      3,
    ],
    [
      "many starts and stops at once",
      `
      const all = Array.from({ length: 8 }, () => new ScreenCapture({ display: capture.settings?.display ?? process.env.PF_DISPLAY }));
      await Promise.all(all.map(async (one) => { await one.start(() => {}); await one.stop(); await one.stop(); }));
      process.exitCode = 3;`,
      3,
    ],
  ])("%s", async (_, body, exitCode) => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await painter.prepare("video", 1);
    const painted = painter.run(20);
    const result = await runSnippet(painting(server.display, body), {
      env: { PF_DISPLAY: server.display },
    });
    expect(result).toMatchObject({ exitCode, signal: null });
    await painter.command("size"); // ends the run
    await painted;
  });

  test.each(["SIGTERM", "SIGKILL", "SIGINT"] as const)("%s ends it", async (signal) => {
    await using server = await Xvfb.start();
    const result = await runSnippet(
      painting(
        server.display,
        `await capture.start(() => {}); process.kill(process.pid, "${signal}"); await Bun.sleep(5000);`,
      ),
    );
    expect(result.signal).toBe(signal);
  });
});
