// SPDX-License-Identifier: MPL-2.0
// The agent's endpoint on a virtual display, called over HTTP, with programs that tell what reaches them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentClient } from "../../examples/agent/client.ts";
import type { Outcome } from "../../examples/agent/computer.ts";
import { Space } from "../../examples/agent/space.ts";
import { Canvas, compare } from "../support/canvas.ts";
import { decodePngs } from "../support/decode.ts";
import { Painter } from "../support/painter.ts";
import { requireTool, rootPath, runCommand, waitFor } from "../support/process.ts";
import { AgentStage, height, refusalOf, TOKEN, width } from "./agent-stage.ts";

let stage: AgentStage;
let client: AgentClient;

beforeAll(async () => {
  stage = await AgentStage.start();
  client = stage.client;
});

afterAll(() => stage?.[Symbol.asyncDispose]());

async function canvasOf({ image }: Outcome): Promise<Canvas> {
  expect(image).toMatchObject({ type: "base64", media_type: "image/png" });
  const [canvas] = await decodePngs([Buffer.from(image?.data ?? "", "base64")]);
  if (canvas === undefined) throw new Error("ffmpeg decodes nothing");
  return canvas;
}

/** Each pixel of the result is the mean of a square of them. */
function shrunk(canvas: Canvas, factor: number): Canvas {
  const small = new Canvas(canvas.width / factor, canvas.height / factor);
  for (let y = 0; y < small.height; y++) {
    for (let at = 0; at < small.width * 3; at++) {
      let sum = 0;
      for (let index = 0; index < factor * factor; index++) {
        const column = Math.floor(at / 3) * factor + (index % factor);
        const row = y * factor + Math.floor(index / factor);
        sum += canvas.rgb[(row * canvas.width + column) * 3 + (at % 3)] ?? 0;
      }
      small.rgb[y * small.width * 3 + at] = Math.round(sum / (factor * factor));
    }
  }
  return small;
}

describe("what is seen", () => {
  test("is the screen, whole, smaller, and a part of it larger", async () => {
    await using painter = await Painter.start(stage.display.name, { ...stage.display.environment });
    await painter.pattern("text", 1);
    const truth = await painter.grab();
    expect(await client.size()).toMatchObject({ width, height });
    const same = await canvasOf(await client.act({ action: "screenshot" }));
    expect(compare(truth, same).max).toBe(0);

    const small = await client.act({ action: "screenshot", max_side: width / 2 });
    expect(small).toMatchObject({ width: width / 2, height: height / 2 });
    expect(compare(shrunk(truth, 2), await canvasOf(small)).max).toBeLessThanOrEqual(1);

    const part = { x: 320, y: 240, width: 160, height: 120 };
    const region = [320, 240, 480, 360] as const;
    const detail = await client.act({ action: "zoom", region });
    expect(detail).toMatchObject({ width, height });
    const expected = await painter.grab(part);
    expect(compare(expected, shrunk(await canvasOf(detail), 4)).max).toBe(0);
    // The same in px of a screenshot of half the size, which has room for half as much.
    const halves = region.map((px) => px / 2) as [number, number, number, number];
    const half = await client.act({ action: "zoom", region: halves, max_side: width / 2 });
    expect(half).toMatchObject({ width: width / 2, height: height / 2 });
    expect(compare(expected, shrunk(await canvasOf(half), 2)).max).toBe(0);
  });

  test("changes and comes to rest, and is waited for", async () => {
    await using painter = await Painter.start(stage.display.name, { ...stage.display.environment });
    await client.act({ action: "wait", until: "stable" });
    // A change before what was done last is none that it has brought about.
    await client.act({ action: "mouse_move", coordinate: [300, 300] });
    const changed = client.act({ action: "wait", until: "change" });
    let isPainting = true;
    const painting = (async () => {
      for (let colour = 0; isPainting; colour += 0x10) {
        await painter.fill({ x: 0, y: 0, width: 64, height: 64 }, colour & 0xffffff);
        await Bun.sleep(20);
      }
    })();
    expect((await changed).waited_ms).toBeGreaterThanOrEqual(0);
    const restless = client.act({ action: "wait", until: "stable", timeout_ms: 400 });
    expect(await refusalOf(restless)).toMatchObject({ status: 504, code: "TIMEOUT" });
    isPainting = false;
    await painting;
    // One that has come meanwhile is one.
    await client.act({ action: "wait", until: "change" });
    const { waited_ms } = await client.act({ action: "wait", until: "stable", quiet_ms: 200 });
    expect(waited_ms).toBeGreaterThanOrEqual(0);
    await client.act({ action: "mouse_move", coordinate: [200, 300] });
    const rest = await client.act({ action: "wait", until: "stable", quiet_ms: 200 });
    expect(rest.waited_ms).toBeGreaterThanOrEqual(150); // less the way there
    const still = client.act({ action: "wait", until: "change", timeout_ms: 100 });
    expect(await refusalOf(still)).toMatchObject({ status: 504 });
    const paused = await client.act({ action: "wait", duration: 0.05 });
    expect(paused.waited_ms).toBeGreaterThanOrEqual(49);
  });
});

/** What reaches a window, by xev: `"press 1 at 10,20"`, `"key a"`. */
class Witness implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: Bun.Subprocess<"ignore", "pipe", "ignore">;
  readonly #reading: Promise<void>;
  #kind = "";
  #place = "";

  private constructor() {
    // Only what is looked for, and each line as it comes.
    const events = ["-event", "button", "-event", "keyboard"];
    const xev = [
      requireTool("xev", "x11-utils"),
      "-geometry",
      `${width}x${height}+0+0`,
      "-bw",
      "0",
    ];
    this.#child = Bun.spawn([requireTool("stdbuf", "coreutils"), "-oL", ...xev, ...events], {
      env: { ...process.env, ...stage.display.environment },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#reading = this.#read();
  }

  static async start(): Promise<Witness> {
    const shown = client.act({ action: "wait", until: "change" });
    const witness = new Witness();
    await shown;
    await client.act({ action: "wait", until: "stable" });
    return witness;
  }

  /** Waits until as much has come, and gives it. */
  async saw(count: number): Promise<string[]> {
    const come = waitFor(`${count} events`, () => this.lines.length >= count);
    await come.catch((error) => {
      throw new Error(`${error.message}, of ${this.lines.join("; ")}`);
    });
    return this.lines.splice(0);
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#note(line);
    }
  }

  /** An event's lines: its kind, then its place, then its button or key. */
  #note(line: string): void {
    const kind = /^(?:Button|Key)(Press|Release) event/.exec(line)?.[1];
    if (kind) this.#kind = kind.toLowerCase();
    this.#place = /, \((-?\d+,-?\d+)\), root:/.exec(line)?.[1] ?? this.#place;
    const button = /^ +state .*, button (\d+)/.exec(line)?.[1];
    if (button) this.lines.push(`${this.#kind} ${button} at ${this.#place}`);
    const key = /\(keysym 0x[0-9a-f]+, (\w+)\)/.exec(line)?.[1];
    if (key) this.lines.push(`${this.#kind} ${key}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    await this.#reading;
  }
}

test("pointing and typing reach the window at the place that was seen", async () => {
  await using witness = await Witness.start();
  await client.act({ action: "left_click", coordinate: [30, 40] });
  expect(await witness.saw(2)).toEqual(["press 1 at 30,40", "release 1 at 30,40"]);
  // On a screenshot of half the size, a pixel stands for four.
  await client.act({ action: "right_click", coordinate: [30, 40], max_side: width / 2 });
  expect(await witness.saw(2)).toEqual(["press 3 at 61,81", "release 3 at 61,81"]);
  await client.act({ action: "middle_click" });
  expect(await witness.saw(2)).toEqual(["press 2 at 61,81", "release 2 at 61,81"]);
  await client.act({ action: "double_click", coordinate: [5, 6] });
  expect(await witness.saw(4)).toHaveLength(4);
  await client.act({ action: "triple_click", coordinate: [5, 6] });
  expect(await witness.saw(6)).toHaveLength(6);

  await client.act({ action: "left_click_drag", start_coordinate: [1, 2], coordinate: [300, 200] });
  expect(await witness.saw(2)).toEqual(["press 1 at 1,2", "release 1 at 300,200"]);
  await client.act({ action: "left_mouse_down" });
  await client.act({ action: "mouse_move", coordinate: [310, 210] });
  await client.act({ action: "left_mouse_up" });
  expect(await witness.saw(2)).toEqual(["press 1 at 300,200", "release 1 at 310,210"]);
  expect(await client.act({ action: "cursor_position" })).toMatchObject({ coordinate: [310, 210] });

  await client.act({ action: "scroll", scroll_direction: "down", scroll_amount: 2 });
  await client.act({
    action: "scroll",
    scroll_direction: "left",
    scroll_amount: 1,
    coordinate: [9, 9],
  });
  const wheel = await witness.saw(6);
  expect(wheel.filter((line) => line.startsWith("press"))).toEqual([
    ...["press 5 at 310,210", "press 5 at 310,210", "press 6 at 9,9"],
  ]);

  await client.act({ action: "type", text: "ab" });
  expect(await witness.saw(4)).toEqual(["press a", "release a", "press b", "release b"]);
  await client.act({ action: "key", text: "ctrl+s" });
  expect(await witness.saw(4)).toEqual([
    ...["press Control_L", "press s", "release s", "release Control_L"],
  ]);
  await client.act({ action: "left_click", coordinate: [9, 9], text: "shift" });
  expect(await witness.saw(4)).toEqual([
    ...["press Shift_L", "press 1 at 9,9", "release 1 at 9,9", "release Shift_L"],
  ]);
  await client.act({ action: "hold_key", text: "shift+x", duration: 0.05 });
  const held = await witness.saw(4);
  expect(held[0]).toBe("press Shift_L");
  expect(held.at(-1)).toBe("release Shift_L");
});

test("places on a screenshot of any size lie in what they show", () => {
  for (const [screen, maxSide] of [
    [{ width: 1366, height: 768 }, 1024],
    [{ width: 333, height: 217 }, 64],
    [{ width: 1, height: 900 }, 100],
    [{ width: 640, height: 480 }, 640],
  ] as const) {
    const space = new Space(screen, maxSide);
    expect(Math.max(space.width, space.height)).toBeLessThanOrEqual(maxSide);
    for (const x of [0, space.width >> 1, space.width - 1]) {
      for (const y of [0, space.height >> 1, space.height - 1]) {
        const place = space.toScreen([x, y], "coordinate");
        expect(space.fromScreen(place)).toEqual([x, y]);
        expect(place.x).toBeLessThan(screen.width);
        expect(place.y).toBeLessThan(screen.height);
      }
    }
  }
});

test("the loop does its task", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pf-agent-"));
  try {
    const loop = join(rootPath, "examples/agent/loop.ts");
    const result = await runCommand([process.execPath, loop], { cwd: folder });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toEndWith("loop.png: 800×600\ndone\n");
    expect(statSync(join(folder, "loop.png")).size).toBeGreaterThan(500);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the program serves, and says no to what it does not know", async () => {
  const main = join(rootPath, "examples/agent/main.ts");
  const env = { ...process.env, PIXELFLUX_TOKEN: TOKEN };
  await using child = Bun.spawn(
    [process.execPath, main, "--port", "0", "--display", stage.display.name],
    {
      env: { ...env, XAUTHORITY: stage.display.environment.XAUTHORITY },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const { value } = await child.stdout.getReader().read();
  const address = /http:\S+/.exec(new TextDecoder().decode(value))?.[0] ?? "";
  expect(await new AgentClient(new URL(address), TOKEN).size()).toMatchObject({ width, height });
  child.kill("SIGTERM");
  expect(await child.exited).toBe(143);
  for (const args of [["--port", "x"], ["--max-side", "1"], ["--nonsense"]]) {
    expect(await runCommand([process.execPath, main, ...args])).toMatchObject({ exitCode: 2 });
  }
});
