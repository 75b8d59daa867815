// SPDX-License-Identifier: MPL-2.0
// Virtual displays on the real Xvfb: what programs and captures see of them.
import { describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { VirtualDisplay } from "../../src/display/index.ts";
import { PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { Painter } from "../support/painter.ts";
import { requireTool, runCommand, waitFor } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { expectDisplayGone } from "./leftovers.ts";

const xdotool = requireTool("xdotool", "xdotool");

/** What a start, or anything else, is refused with. */
async function refusalOf(refused: Promise<unknown>): Promise<PixelfluxError> {
  const error = await refused.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PixelfluxError) return error;
  throw new Error(`no PixelfluxError: ${error}`);
}

/** The size of a display's screen, as a program sees it. */
async function sizeOf({ environment }: VirtualDisplay): Promise<string> {
  const { stdout } = await runCommand([xdotool, "getdisplaygeometry"], { env: { ...environment } });
  return stdout.trim();
}

test("a capture in the same process needs its name alone, and follows its size", async () => {
  await using display = await VirtualDisplay.start({ width: 640, height: 480, maxWidth: 1280 });
  expect(await sizeOf(display)).toBe("640 480");
  await using painter = await Painter.start(display.name, { ...display.environment });
  await painter.pattern("photo", 1);
  await using recorder = await Recorder.start({ display: display.name });
  const tolerance = { mean: 2, psnr: 40 };
  await recorder.showsAtRest(await painter.grab(), tolerance, "the first size");
  for (const [width, height] of [
    [1280, 720],
    [333, 217],
    [640, 481],
  ] as const) {
    await display.resize(width, height);
    expect([display.width, display.height]).toEqual([width, height]);
    expect(await sizeOf(display)).toBe(`${width} ${height}`);
    const screen = { x: 0, y: 0, width, height };
    await painter.pattern("photo", width, screen);
    await recorder.showsAtRest(await painter.grab(screen), tolerance, `${width}×${height}`);
  }
  expect(recorder.errors).toEqual([]);
});

test("who has no cookie is kept out, and nothing listens to the network", async () => {
  await using display = await VirtualDisplay.start();
  const { DISPLAY, XAUTHORITY } = display.environment;
  expect(DISPLAY).toBe(display.name);
  expect(statSync(XAUTHORITY).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(XAUTHORITY)).mode & 0o777).toBe(0o700);
  const geometry = (env: Record<string, string>) =>
    runCommand([xdotool, "getdisplaygeometry"], { env: { DISPLAY, ...env } });
  expect(await geometry({ XAUTHORITY })).toMatchObject({ exitCode: 0, stdout: "1280 720\n" });
  const refused = await geometry({ XAUTHORITY: "/dev/null" });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stdout).toBe("");
  // The same by a capture, which is told of another file.
  const capture = new ScreenCapture({ display: display.name, authorityPath: XAUTHORITY });
  await capture.start((stripe) => stripe.release());
  await capture.stop();
  const port = (6000 + Number(DISPLAY.slice(1))).toString(16).toUpperCase();
  const sockets = ["tcp", "tcp6"].map((name) => readFileSync(`/proc/net/${name}`, "utf8")).join("");
  expect(sockets).not.toContain(`:${port} `);
  await display.stop();
  const error = await refusalOf(capture.start());
  expect(error.code).toBe("ERR_DISPLAY_OPEN");
});

test("twenty that start at once are twenty displays", async () => {
  const displays = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      VirtualDisplay.start({ ...size(index), maxWidth: 400, maxHeight: 400 }),
    ),
  );
  try {
    expect(new Set(displays.map(({ name }) => name)).size).toBe(20);
    expect(new Set(displays.map(({ environment }) => environment.XAUTHORITY)).size).toBe(20);
    // Each name leads to the display that was given it.
    const seen = await Promise.all(displays.map(sizeOf));
    expect(seen).toEqual(displays.map((_, index) => Object.values(size(index)).join(" ")));
  } finally {
    await Promise.all(displays.map((display) => display.stop()));
  }
  for (const display of displays) await expectDisplayGone(display.pid, display.environment);
});

function size(index: number) {
  return { width: 200 + index, height: 100 + index };
}

describe("the end", () => {
  test("by stop comes once, however often it is asked for", async () => {
    const display = await VirtualDisplay.start({ width: 64, height: 64 });
    const [first, second] = [display.stop(), display.stop()];
    await Promise.all([first, second, display[Symbol.asyncDispose]()]);
    await display.stop();
    await display.finished;
    await expectDisplayGone(display.pid, display.environment);
    const error = await refusalOf(display.resize(32, 32));
    expect(error.code).toBe("ERR_NOT_RUNNING");
  });

  test("of itself is told of", async () => {
    await using display = await VirtualDisplay.start({ width: 64, height: 64 });
    process.kill(display.pid, "SIGKILL");
    // The connection may break before the end of the process is told of.
    expect((await refusalOf(display.resize(32, 32))).code).toBe("ERR_DISPLAY_LOST");
    const error = await refusalOf(display.finished);
    expect(error).toMatchObject({ code: "ERR_DISPLAY_LOST", operation: "VirtualDisplay" });
    expect((await refusalOf(display.resize(32, 32))).code).toBe("ERR_DISPLAY_LOST");
    await display.stop();
    await expectDisplayGone(display.pid, display.environment);
  });

  test("comes to a server that hangs, too", async () => {
    const display = await VirtualDisplay.start({ width: 64, height: 64 });
    process.kill(display.pid, "SIGSTOP");
    await display.stop();
    await expectDisplayGone(display.pid, display.environment);
  });
});

describe("what is refused", () => {
  test.each([
    [{ width: 0 }, "width"],
    [{ width: Number.NaN }, "width"],
    [{ width: 32768 }, "width"],
    [{ width: 3841, maxWidth: 3840 }, "width"],
    [{ height: 1.5 }, "height"],
    [{ height: "720" }, "height"],
    [{ maxWidth: 32768 }, "maxWidth"],
    [{ maxHeight: 0 }, "maxHeight"],
    [{ dpi: 0 }, "dpi"],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, "timeoutMs"],
    [{ program: "" }, "program"],
    [{ program: "a\0b" }, "program"],
    [{ args: "-ac" }, "args"],
    [{ args: [1] }, "args"],
    [{ signal: {} }, "signal"],
    [null, "options"],
  ])("%j: %s", async (options, field) => {
    const error = await refusalOf(VirtualDisplay.start(options as never));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field });
  });

  test("what is no option", async () => {
    const error = await refusalOf(VirtualDisplay.start({ Width: 3 } as never));
    expect(error).toMatchObject({ code: "ERR_UNKNOWN_SETTING", field: "Width" });
  });

  test("a resize to what cannot be, and the display goes on", async () => {
    await using display = await VirtualDisplay.start({ width: 99, height: 99, maxHeight: 100 });
    for (const [width, height, field] of [
      [0, 10, "width"],
      [10, 101, "height"],
      [Number.NaN, 10, "width"],
      [10, "10", "height"],
    ] as const) {
      const error = await refusalOf(display.resize(width, height as number));
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field });
    }
    await display.resize(100, 100);
    expect(await sizeOf(display)).toBe("100 100");
    await display.resize(1, 1); // less than a millimetre
    expect(await sizeOf(display)).toBe("1 1");
  });
});

test("resizes that are asked for at once are done in turn", async () => {
  await using display = await VirtualDisplay.start({ width: 100, height: 100 });
  await Promise.all([display.resize(300, 90), display.resize(90, 300), display.resize(200, 201)]);
  expect(await sizeOf(display)).toBe("200 201");
});

test("a capture says where the server has gone", async () => {
  await using display = await VirtualDisplay.start({ width: 64, height: 64 });
  const capture = new ScreenCapture({ display: display.name });
  const errors: unknown[] = [];
  capture.on("error", (error) => errors.push(error));
  await capture.start((stripe) => stripe.release());
  await display.stop();
  await waitFor("the capture's error", () => errors.length > 0);
  expect(errors).toMatchObject([{ code: "ERR_DISPLAY_LOST" }]);
});
