// SPDX-License-Identifier: MPL-2.0
// What goes wrong is told in typed errors, in time, and nothing hangs or crashes.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PixelfluxError, ScreenCapture } from "pixelflux-ffi";
import { Input } from "pixelflux-ffi/input";
import {
  type FakeXOptions,
  FakeXServer,
  type RequestName,
  refuse,
} from "../support/fake-x-server.ts";
import { waitFor } from "../support/process.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { anyValue, type Pick } from "../support/values.ts";
import { patched } from "../support/x-lie.ts";
import { EventLog } from "../support/x-programs.ts";
import { Xvfb } from "../support/xvfb.ts";

const seed = seedOfRun();
const EXTENSIONS = ["XTEST", "XKEYBOARD"] as const;

/** What a promise is rejected with. */
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe("opening", () => {
  test("a server without XTEST is refused with what to do", async () => {
    await using xvfb = await Xvfb.start({ args: ["-extension", "XTEST"] });
    const error = await failureOf(Input.open({ display: xvfb.display }));
    expect(error).toMatchObject({ code: "ERR_DISPLAY_UNSUPPORTED", operation: "Input.open" });
    expect(error.message).toMatch(/no XTEST extension.*Start it without/);
  });

  test("a server that wants a cookie refuses without it", async () => {
    await using xvfb = await Xvfb.start({ authority: true });
    const error = await failureOf(Input.open({ display: xvfb.display }));
    expect(error).toMatchObject({ code: "ERR_DISPLAY_OPEN", field: "display" });
    expect(error.message).toMatch(/refuses this user.*XAUTHORITY/);
    const { display, authorityPath } = xvfb;
    const capture = new ScreenCapture({ display, authorityPath });
    await using input = await Input.open({ region: capture }); // has it by its settings
    await input.move(1, 1);
  });

  test.each([
    [{ display: ":4242" }, "ERR_DISPLAY_OPEN", "display"],
    [{ display: "nonsense" }, "ERR_DISPLAY_OPEN", "display"],
    [{ display: "synthetic://64x64@30" }, "ERR_DISPLAY_OPEN", "display"],
    [{ display: "" }, "ERR_INVALID_SETTING", "display"],
    [{ display: 5 }, "ERR_INVALID_SETTING", "display"],
    [{ region: 5 }, "ERR_INVALID_SETTING", "region"],
    [{ region: { x: 0, y: 0, width: 0, height: 5 } }, "ERR_INVALID_SETTING", "region.width"],
    [{ region: { x: -1, y: 0, width: 1, height: 5 } }, "ERR_INVALID_SETTING", "region.x"],
    [{ monitor: "DP-1" }, "ERR_UNKNOWN_SETTING", "monitor"],
    [null, "ERR_INVALID_SETTING", "options"],
  ])("%p is refused", async (options, code, field) => {
    expect(await failureOf(Input.open(options as object))).toMatchObject({ code, field });
  });
});

describe("an open input", () => {
  let xvfb: Xvfb;
  let input: Input;

  beforeAll(async () => {
    xvfb = await Xvfb.start();
    input = await Input.open({ display: xvfb.display });
  }, 30_000);

  afterAll(async () => {
    await input?.close();
    await xvfb?.[Symbol.asyncDispose]();
  });

  test.each([
    ["text", () => input.type("a\x03b")],
    ["text", () => input.type("\ud800")],
    ["text", () => input.type(5 as unknown as string)],
    ["delayMs", () => input.type("a", { delayMs: -1 })],
    ["signal", () => input.type("a", { signal: 5 as unknown as AbortSignal })],
    ["button", () => input.click({ button: "first" as "left" })],
    ["count", () => input.click({ count: 0 })],
    ["modifiers", () => input.click({ modifiers: ["a"] })],
    ["modifiers", () => input.click({ modifiers: "ctrl" as unknown as string[] })],
    ["dy", () => input.scroll(0, 1.5)],
    ["at", () => input.scroll(0, 1, 5 as unknown as { x: number; y: number })],
    ["at.x", () => input.down({ button: "left" }, { at: { x: 1e6, y: 1 } })],
    ["at", () => input.down("a", { at: 5 as unknown as { x: number; y: number } })],
    ["from", () => input.drag(null as unknown as { x: number; y: number }, { x: 1, y: 1 })],
    ["to.x", () => input.drag({ x: 1, y: 1 }, { x: 1e9, y: 1 })],
    ["key", () => input.key("ctrl+nokey")],
    ["key", () => input.down("nokey")],
    ["button", () => input.up({ button: "x" as "left" })],
    ["exactly", () => input.down("a", { exactly: 1 as unknown as boolean })],
  ])("refuses a wrong %s by its name", async (field, act) => {
    const error = await failureOf(act());
    expect(error).toBeInstanceOf(PixelfluxError);
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field });
  });

  test(`takes any value or refuses it (PF_SEED=${seed})`, async () => {
    const pick = random(seed);
    const any = anyInput as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const calls: Promise<unknown>[] = [];
    for (const _ of rounds(400)) {
      const name = NAMES[pick(NAMES.length)] ?? "move";
      const args = Array.from({ length: pick(4) }, () => someArgument(pick));
      // What is typed is short, so that it does not take minutes.
      if (name === "type" && String(typeof args[0] === "string" ? args[0] : "").length > 50)
        continue;
      calls.push(failureOf(any[name]?.call(input, ...args) ?? Promise.resolve()));
    }
    for (const error of await Promise.all(calls)) {
      if (error !== undefined) expect(error).toBeInstanceOf(PixelfluxError);
    }
    await input.releaseAll();
    await input.move(1, 2);
    expect(await input.position()).toEqual({ x: 1, y: 2 });
  }, 60_000);
});

/** For the names of its methods alone. */
const anyInput = Input.prototype;
const NAMES = ["move", "click", "drag", "scroll", "type", "key", "down", "up", "position"];

function someArgument(pick: Pick): unknown {
  const place = { x: pick(700), y: pick(500) };
  const options = { button: "left", count: 1 + pick(2), durationMs: pick(20), modifiers: ["ctrl"] };
  return [pick(700), place, "a", "ctrl+x", "✓", options, anyValue(pick), anyValue(pick)][pick(8)];
}

describe("an end", () => {
  test("does what was called for first, releases, and refuses what comes later", async () => {
    await using xvfb = await Xvfb.start();
    await using log = await EventLog.start(xvfb.display);
    const input = await Input.open({ display: xvfb.display });
    const calls = [input.down("a"), input.click({ button: "right" }), input.close()];
    expect(await failureOf(input.move(1, 1))).toMatchObject({
      code: "ERR_CLOSED",
      operation: "move",
    });
    await Promise.all([...calls, input.close()]);
    await waitFor("the release", () => log.strokes === "+a +3 -3 -a");
  });

  test("of the server is told to all that wait, and to what comes later", async () => {
    await using xvfb = await Xvfb.start();
    const input = await Input.open({ display: xvfb.display });
    const calls = [
      input.type("a".repeat(20_000), { delayMs: 1 }),
      input.move(1, 1),
      input.key("b"),
    ];
    const failures = Promise.all(calls.map(failureOf));
    await Bun.sleep(20); // the typing has begun
    await xvfb.kill();
    for (const error of await failures) expect(error).toMatchObject({ code: "ERR_DISPLAY_LOST" });
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on("warning", warn);
    for (let count = 0; count < 12; count++) {
      expect(await failureOf(input.move(1, 1))).toMatchObject({ code: "ERR_DISPLAY_LOST" });
    }
    await input.close();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warn);
    expect(warnings).toEqual([]);
  });
});

describe("a server", () => {
  async function failing(replies: NonNullable<FakeXOptions["replies"]>) {
    const server = await FakeXServer.start({ extensions: EXTENSIONS, replies });
    const input = await Input.open({ display: server.display });
    return { server, input, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  test("that refuses is told of", async () => {
    await using fake = await failing({ GetGeometry: refuse });
    const error = await failureOf(fake.input.move(1, 1));
    expect(error).toMatchObject({ code: "ERR_INPUT", operation: "move" });
    expect(await fake.input.position()).toBeDefined(); // goes on
    await fake.input.close();
  });

  test.concurrent("that says nothing is given up", async () => {
    await using fake = await failing({ GetGeometry: () => "silence" });
    const calls = [fake.input.move(1, 1), fake.input.type("a")];
    for (const error of await Promise.all(calls.map(failureOf))) {
      expect(error).toMatchObject({ code: "ERR_DISPLAY_LOST" });
      expect(error.message).toMatch(/it hangs/);
    }
    await fake.input.close();
  }, 20_000);

  const REPLIES: RequestName[] = ["GetGeometry", "QueryPointer", "GetInputFocus", "InternAtom"];
  const KEYBOARD: RequestName[] = ["GetKeyboardMapping", "XkbUseExtension", "XkbGetState"];

  test.concurrent(`that lies, whatever it says, ends in typed errors or not at all (PF_SEED=${seed})`, async () => {
    const pick = random(seed + 1);
    const act = async (index: number) => {
      const flip = patched((bytes) => {
        for (let at = pick(60); at < bytes.length; at += 1 + pick(index % 2 === 0 ? 40 : 400)) {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8));
        }
      });
      const names = [...REPLIES, ...KEYBOARD].filter(() => pick(2) === 0);
      const replies = Object.fromEntries(names.map((name) => [name, flip]));
      await using server = await FakeXServer.start({ extensions: EXTENSIONS, replies });
      const failures: unknown[] = [];
      try {
        await using input = await Input.open({ display: server.display });
        const calls = [input.move(5, 5), input.type("aB✓"), input.key("ctrl+x"), input.down("q")];
        failures.push(...(await Promise.all([...calls, input.position()].map(failureOf))));
      } catch (error) {
        failures.push(error);
      }
      return failures;
    };
    const all: unknown[] = [];
    for (const round of rounds(1)) {
      const some = Array.from({ length: 48 }, (_, index) => act(round + index));
      all.push(...(await Promise.all(some)).flat());
    }
    const errors = all.filter((error) => error !== undefined);
    for (const error of errors) expect(error).toBeInstanceOf(PixelfluxError);
    expect(errors.length).toBeGreaterThan(10);
    expect(errors.length).toBeLessThan(all.length);
  }, 120_000);
});
