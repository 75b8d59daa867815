// SPDX-License-Identifier: MPL-2.0
// Waiting for what happens on a real screen.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CaptureSettings,
  memoryUsage,
  monotonicUs,
  type Region,
  ScreenCapture,
} from "../../src/index.ts";
import { nativeThreads } from "../support/proc.ts";
import { requireTool, runCommand, waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { CODECS, Scene, setPointer } from "../support/scene.ts";

/** Whatever is waited for comes at once, or never. */
const SOON = { timeoutMs: 10_000 };

let scene: Scene;
const folder = mkdtempSync(join(tmpdir(), "pf-changes-"));
beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A capture ends with its reader. */
const readers = new WeakMap<ScreenCapture, unknown>();

/** The ways in which a capture's stripes are read. */
const READERS: [name: string, start: (capture: ScreenCapture) => Promise<void>][] = [
  ["a callback reads", (capture) => capture.start((stripe) => stripe.release())],
  ["nobody reads", (capture) => capture.start()],
  [
    "a loop reads no further",
    async (capture) => {
      const stripes = capture[Symbol.asyncIterator]();
      readers.set(capture, stripes);
      (await stripes.next()).value?.release();
    },
  ],
];

function captureOf(settings: CaptureSettings = {}): ScreenCapture {
  return new ScreenCapture({ display: scene.display, queueFrames: 1, ...settings });
}

/** A fill that is never the one before. */
let color = 0;
function paint(area: Region): Promise<unknown> {
  color = (color + 0x010305) & 0xffffff;
  return scene.painter.fill(area, color);
}

/** How often the library's threads have slept and woken. */
function switches(): number {
  return nativeThreads().reduce((sum, thread) => sum + thread.voluntarySwitches, 0);
}

describe.each(READERS)("while %s", (_, start) => {
  test("a change ends the wait, and a repaint of the same pixels does not", async () => {
    await using capture = captureOf();
    await start(capture);
    await paint({ x: 0, y: 0, width: 320, height: 240 });
    const { token, quietMs } = await capture.waitForStable({ quietMs: 0, ...SOON });
    expect(quietMs).toBeGreaterThanOrEqual(0);
    for (let round = 0; round < 5; round++) {
      const waiting = capture.waitForChange(SOON);
      await scene.painter.fill({ x: 0, y: 0, width: 320, height: 240 }, color);
      const beforeUs = monotonicUs();
      await paint({ x: 70, y: 40, width: 100, height: 3 });
      const change = await waiting;
      expect(change.rectangles).toEqual([{ x: 64, y: 32, width: 128, height: 16 }]);
      expect(change.timestamp).toBeWithin(beforeUs, monotonicUs() + 1);
      await scene.painter.fill({ x: 70, y: 40, width: 100, height: 3 }, 0);
      await capture.waitForChange({ since: change.token, ...SOON });
      await scene.painter.fill({ x: 0, y: 0, width: 320, height: 240 }, color);
      await capture.waitForStable({ quietMs: 0, ...SOON });
    }
    expect(capture.changedSince(token).rectangles).toHaveLength(1);
  });

  test("a region sees its own alone", async () => {
    await using capture = captureOf();
    await start(capture);
    const region = { x: 130, y: 50, width: 60, height: 60 };
    const { token } = await capture.waitForStable({ quietMs: 0, ...SOON });
    const waiting = capture.waitForChange({ region, ...SOON });
    await paint({ x: 0, y: 0, width: 128, height: 240 });
    await capture.waitForChange({ since: token, ...SOON });
    await paint({ x: 192, y: 0, width: 128, height: 240 });
    await paint({ x: 0, y: 0, width: 320, height: 48 });
    await capture.waitForStable({ quietMs: 0, ...SOON });
    expect(await Promise.race([waiting, "waits still"])).toBe("waits still");
    await paint({ x: 189, y: 109, width: 10, height: 10 });
    expect((await waiting).rectangles).toEqual([{ x: 130, y: 96, width: 60, height: 14 }]);
  });

  test("rest is counted from the last change, also from one before the call", async () => {
    await using capture = captureOf();
    await start(capture);
    await paint({ x: 5, y: 5, width: 5, height: 5 });
    const paintedUs = monotonicUs();
    const rest = await capture.waitForStable({ quietMs: 300, ...SOON });
    expect(rest.quietMs).toBeGreaterThanOrEqual(300);
    expect(monotonicUs() - paintedUs).toBeGreaterThan(295_000);
    // It has been quiet for long enough: one timer of 250 ms would show.
    const beginMs = performance.now();
    const again = await capture.waitForStable({ quietMs: 250, ...SOON });
    expect(performance.now() - beginMs).toBeLessThan(200);
    expect(again).toMatchObject({ timestamp: rest.timestamp, rectangles: [] });
    // What has been painted before the call is known, however it is grabbed.
    await paint({ x: 5, y: 5, width: 5, height: 5 });
    const later = await capture.waitForStable({ quietMs: 250, ...SOON });
    expect(later.timestamp).toBeGreaterThan(again.timestamp ?? Infinity);
  });

  test("while nothing changes nothing wakes up", async () => {
    await using capture = captureOf({ usePaintOverQuality: false });
    await start(capture);
    await capture.waitForStable({ quietMs: 300, ...SOON });
    const waits = [
      capture.waitForChange(SOON),
      capture.waitForChange({ region: { x: 9, y: 9, width: 90, height: 90 }, ...SOON }),
      capture.waitForStable({ quietMs: 8000 }),
    ];
    for (const wait of waits) wait.catch(() => undefined);
    await capture.waitForStable({ quietMs: 0, ...SOON });
    await Bun.sleep(100); // for messages that are on their way, and threads of captures before
    await waitFor("threads to go", () => nativeThreads().length === memoryUsage().threadCount);
    const before = { switches: switches(), stats: capture.stats() };
    const cpuBefore = process.cpuUsage();
    await Bun.sleep(1500); // the proof is that nothing happens in it
    const { user, system } = process.cpuUsage(cpuBefore);
    expect({ switches: switches(), stats: capture.stats() }).toEqual(before);
    expect((user + system) / 1000).toBeLessThan(200);
    await paint({ x: 10, y: 10, width: 9, height: 9 });
    await Promise.all(waits.slice(0, 2));
  });

  test("the pointer is no change", async () => {
    await using capture = captureOf({ captureCursor: true });
    const pixels = new Uint32Array(16 * 16).fill(0xff112233);
    await setPointer(scene.painter, join(folder, "pointer"), {
      ...{ width: 16, height: 16, hotX: 0, hotY: 0, pixels },
    });
    await start(capture);
    const { token } = await capture.waitForStable({ quietMs: 0, ...SOON });
    for (let step = 0; step < 10; step++) await scene.painter.pointer(10 + step * 20, 50);
    const rest = await capture.waitForStable({ quietMs: 0, ...SOON });
    expect(rest).toMatchObject({ rectangles: [], token });
  });
});

test("the first frame is no change of a capture that has started", async () => {
  for (let round = 0; round < 10; round++) {
    await using capture = captureOf();
    await capture.start((stripe) => stripe.release());
    const token = capture.changeToken();
    const waiting = capture.waitForChange(SOON);
    await capture.waitForStable({ quietMs: 0, ...SOON });
    expect(capture.changedSince(token).rectangles).toEqual([]);
    await paint({ x: 3, y: 3, width: 3, height: 3 });
    expect((await waiting).rectangles).toEqual([{ x: 0, y: 0, width: 64, height: 16 }]);
  }
});

test("another size is a change of all", async () => {
  await using own = await Scene.start({ width: 400, height: 300 });
  await using capture = new ScreenCapture({ display: own.display, queueFrames: 1 });
  await capture.start();
  const { token } = await capture.waitForStable({ quietMs: 0, ...SOON });
  const waiting = capture.waitForChange(SOON);
  const region = { x: 390, y: 0, width: 10, height: 10 };
  const lost = capture.waitForChange({ region, ...SOON }).catch((error) => error);
  await own.painter.screen(320, 200);
  expect((await waiting).rectangles).toEqual([{ x: 0, y: 0, width: 320, height: 200 }]);
  expect((await lost).code).toBe("ERR_REGION_OFF_SCREEN");
  const { rectangles } = await capture.waitForStable({ quietMs: 50, ...SOON });
  expect(rectangles).toBeArray();
  expect(capture.changedSince(token).rectangles).toEqual([{ x: 0, y: 0, width: 320, height: 200 }]);
});

test("another region of the same size is a change of all", async () => {
  const half = { captureX: 0, captureY: 0, captureWidth: 160, captureHeight: 120 };
  await using capture = captureOf(half);
  await capture.start((stripe) => stripe.release());
  await capture.waitForStable({ quietMs: 0, ...SOON });
  const waiting = capture.waitForChange(SOON);
  capture.update({ captureX: 160 });
  expect((await waiting).rectangles).toEqual([{ x: 0, y: 0, width: 160, height: 120 }]);
});

test("a display that comes back is waited for", async () => {
  const first = await Scene.start();
  const { display } = first;
  await using capture = new ScreenCapture({ display, reconnect: true, queueFrames: 1 });
  await capture.start();
  await first.painter.pattern("photo", 1);
  await capture.waitForStable({ quietMs: 0, ...SOON });
  const lost = Promise.withResolvers<void>();
  const changing = capture.waitForChange({ timeoutMs: 20_000 });
  capture.once("disconnect", () => lost.resolve());
  await first.server.kill();
  const resting = capture.waitForStable({ quietMs: 100, timeoutMs: 20_000 });
  await using _second = await Scene.start({ display });
  expect((await changing).rectangles.length).toBeGreaterThan(0);
  expect((await resting).quietMs).toBeGreaterThanOrEqual(100);
}, 30_000);

test("a display that is lost for good fails who waits", async () => {
  const own = await Scene.start();
  const capture = new ScreenCapture({ display: own.display });
  capture.on("error", () => undefined);
  await capture.start();
  const waits = [capture.waitForChange(SOON), capture.waitForStable({ quietMs: 60_000 })];
  const errors = Promise.all(waits.map((wait) => wait.catch((error) => error)));
  await own.server.kill();
  expect((await errors).map(({ code }) => code)).toEqual(["ERR_DISPLAY_LOST", "ERR_DISPLAY_LOST"]);
  await own[Symbol.asyncDispose]();
});

describe("changes are the tiles that differ", () => {
  test.each(CODECS)("%s", async (_, codec) => {
    const seed = seedOfRun();
    const next = random(seed);
    await using capture = captureOf({ ...codec, damageBlockThreshold: 3 });
    await capture.start((stripe) => stripe.release());
    let { token } = await capture.waitForStable({ quietMs: 0, ...SOON });
    let before = await scene.painter.grab();
    for (let round = 0; round < 40; round++) {
      const [x, y] = [next(310), next(230)];
      const area = { x, y, width: 1 + next(320 - x), height: 1 + next(240 - y) };
      await scene.painter.fill(area, next(3) * 0x404040);
      const rest = await capture.waitForStable({ quietMs: 0, ...SOON });
      const now = await scene.painter.grab();
      const { rectangles } = capture.changedSince(token);
      for (let at = 0; at < 320 * 240; at++) {
        const differs = [0, 1, 2].some((c) => before.rgb[at * 3 + c] !== now.rgb[at * 3 + c]);
        if (differs && !rectangles.some((each) => isWithin(at, each))) {
          throw new Error(
            `a change at ${at % 320},${Math.floor(at / 320)} is missing; seed ${seed}`,
          );
        }
      }
      token = rest.token;
      before = now;
    }
  });
});

function isWithin(at: number, { x, y, width, height }: Region): boolean {
  const [column, row] = [at % 320, Math.floor(at / 320)];
  return column >= x && column < x + width && row >= y && row < y + height;
}

test("a terminal with a blinking caret is at rest but for the caret", async () => {
  await using own = await Scene.start({ width: 640, height: 480 });
  await using capture = new ScreenCapture({ display: own.display, queueFrames: 1 });
  await capture.start();
  const { token } = await capture.waitForStable({ quietMs: 0, ...SOON });
  await using _terminal = startTerminal(own.display);
  // The window comes, prints its lines, and gets the focus: then its caret alone changes.
  await capture.waitForChange({ since: token, ...SOON });
  await waitFor("the focus", async () => (await focusTerminal(own.display)).exitCode === 0);
  const caret = await waitFor("the caret alone to blink", async () => {
    const blinks = [];
    for (let blink = 0; blink < 6; blink++) {
      blinks.push(JSON.stringify((await capture.waitForChange(SOON)).rectangles));
    }
    return new Set(blinks).size === 1 && (JSON.parse(blinks[0] as string) as Region[]);
  });
  expect(caret).toHaveLength(1);
  expect((caret[0] as Region).height).toBeLessThanOrEqual(32);
  const error = await capture.waitForStable({ quietMs: 700, timeoutMs: 2000 }).catch((e) => e);
  expect(error.code).toBe("ERR_TIMEOUT");
  const rest = await capture.waitForStable({ quietMs: 700, ignore: caret, ...SOON });
  expect(rest.quietMs).toBeGreaterThanOrEqual(700);
}, 30_000);

/** A terminal that prints three lines one after the other, with a caret that blinks. */
function startTerminal(display: string): AsyncDisposable {
  const shell = "for i in 1 2 3; do sleep 0.2; echo line $i; done; sleep 60";
  const blink = ["-xrm", "XTerm*cursorBlink: true", "-bc", "-bcf", "150", "-bcn", "150"];
  const xterm = [requireTool("xterm", "xterm"), "-display", display, ...blink];
  const terminal = Bun.spawn([...xterm, "-e", "sh", "-c", shell], {
    ...{ stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  });
  return {
    async [Symbol.asyncDispose]() {
      terminal.kill("SIGKILL");
      await terminal.exited;
    },
  };
}

/** The caret of a window without the focus does not blink. */
function focusTerminal(display: string) {
  const command = [requireTool("xdotool", "xdotool"), "search", "--class", "XTerm", "windowfocus"];
  return runCommand(command, { env: { DISPLAY: display } });
}
