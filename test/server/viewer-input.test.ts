// SPDX-License-Identifier: MPL-2.0
// What viewers point and type: only where they may, only what makes sense, and not too much of it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ScreenCapture } from "pixelflux-ffi";
import { Input } from "pixelflux-ffi/input";
import { type FanoutOptions, fanout } from "pixelflux-ffi/server";
import { type InputMessage, parseInputMessage } from "../../src/client/input-messages.ts";
import { parseViewerMessage } from "../../src/client/messages.ts";
import { waitFor } from "../support/process.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { anyJson, anyValue, type Pick } from "../support/values.ts";
import { EventLog } from "../support/x-programs.ts";
import { Xvfb } from "../support/xvfb.ts";
import { serve, watch } from "./serve.ts";

const TOKEN = "a token of the test";
const QUERY = `?token=${encodeURIComponent(TOKEN)}`;
const seed = seedOfRun();

let xvfb: Xvfb;
let input: Input;
let log: EventLog;

beforeAll(async () => {
  xvfb = await Xvfb.start({ width: 400, height: 300 });
  log = await EventLog.start(xvfb.display);
  input = await Input.open({ display: xvfb.display });
}, 30_000);

afterAll(async () => {
  await input?.close();
  await log?.[Symbol.asyncDispose]();
  await xvfb?.[Symbol.asyncDispose]();
});

const settings = () => ({ display: xvfb.display, outputMode: "jpeg" as const });

/** A viewer, and whether it has been told that it may. */
async function join(url: URL, query = QUERY) {
  const watching = await watch(url, query);
  await waitFor("the screen", watching.screen);
  const { viewer, told, state } = watching;
  return {
    state,
    may: () => told.some(({ type }) => type === "input"),
    say: (message: unknown) => viewer.send(JSON.stringify(message)),
    sayText: (text: string) => viewer.send(text),
    vanish: () => viewer.vanish(),
  };
}

const click = (x: number, y: number, button = "left"): InputMessage[] => [
  { type: "button", button: button as "left", down: true, x, y },
  { type: "button", button: button as "left", down: false, x, y },
];

describe("the option", () => {
  const make = (options: FanoutOptions) =>
    fanout(new ScreenCapture({ display: "synthetic://64x64@30" }), options);

  test("needs a token", () => {
    expect(() => make({ input })).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_SETTING", field: "input" }),
    );
    expect(() => make({ input })).toThrow(/set the option token/);
    make({ input, token: TOKEN });
    make({ input: () => input });
  });

  test.each([5, {}, "yes", null])("%p is refused", (value) => {
    expect(() => make({ input: value as unknown as Input, token: TOKEN })).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_SETTING", field: "input" }),
    );
  });
});

test("nothing is done for whom it is not allowed", async () => {
  log.clear();
  const errors: unknown[] = [];
  await using without = serve(settings(), { token: TOKEN });
  await using chosen = serve(settings(), {
    token: TOKEN,
    input: (request) => {
      const wish = new URL(request.url).searchParams.get("control");
      if (wish === "throw") throw new Error("on purpose");
      return wish === "yes" ? input : undefined;
    },
    onError: (error) => errors.push(error),
  });
  const denied = [
    await join(without.url),
    await join(chosen.url),
    await join(chosen.url, `${QUERY}&control=throw`),
  ];
  for (const viewer of denied) {
    for (const message of click(10, 10, "right")) viewer.say(message);
    viewer.say({ type: "key", code: "KeyA", key: "a", down: true });
    viewer.say({ type: "text", text: "abc" });
  }
  expect(errors).toMatchObject([{ message: "on purpose" }]);
  await expect(watch(chosen.url, "?control=yes")).rejects.toThrow("401");
  const allowed = await join(chosen.url, `${QUERY}&control=yes`);
  await waitFor("the word that it may", allowed.may);
  // Where the present screen is not, nothing else is clicked.
  for (const message of click(9000, 20, "right")) allowed.say(message);
  for (const message of click(20, 20, "middle")) allowed.say(message);
  await waitFor("its click", () => log.strokes.includes("-2"));
  expect(log.strokes).toBe("+2 -2");
  expect(denied.map(({ may }) => may())).toEqual([false, false, false]);
  for (const { vanish } of [...denied, allowed]) vanish();
});

test("one viewer's end leaves what the other holds", async () => {
  log.clear();
  await using server = serve(settings(), { token: TOKEN, input });
  const [one, other] = [await join(server.url), await join(server.url)];
  other.say({ type: "button", button: "left", down: true, x: 5, y: 5 });
  await waitFor("the button", () => log.strokes.includes("+1"));
  one.say({ type: "button", button: "left", down: false, x: 5, y: 5 });
  one.say({ type: "key", code: "ControlLeft", key: "Control", down: true });
  other.say({ type: "key", code: "ShiftRight", key: "Shift", down: true });
  other.say({ type: "key", code: "KeyQ", key: "Q", down: true });
  await waitFor("the holds", () => log.strokes.includes("+Q"));
  one.vanish();
  await waitFor("the release", () => log.strokes.includes("-Control_L"));
  expect(log.strokes).not.toContain("-Q");
  expect(log.strokes).not.toContain("-1");
  other.say({ type: "release" });
  await waitFor("the other's", () => log.strokes.includes("-Shift_R"));
  await waitFor("the letter's", () => /-q$/i.test(log.strokes));
  expect(log.of("KeyPress").map(({ what }) => what)).toEqual(["Control_L", "Shift_R", "Q"]);
  other.vanish();
});

test("movements that come faster than they can be made are left out, but not the last", async () => {
  log.clear();
  await using server = serve(settings(), { token: TOKEN, input });
  const viewer = await join(server.url);
  for (let x = 0; x < 300; x++) viewer.say({ type: "pointer", x, y: 7 });
  await waitFor("the last", () => log.of("MotionNotify").at(-1)?.x === 299);
  expect(log.of("MotionNotify").length).toBeLessThan(300);
  expect(await input.position()).toEqual({ x: 299, y: 7 });
  viewer.vanish();
});

test("a viewer that sends too much is closed, and holds nothing", async () => {
  log.clear();
  await using server = serve(settings(), { token: TOKEN, input });
  const viewer = await join(server.url);
  viewer.say({ type: "key", code: "KeyZ", key: "z", down: true });
  for (let i = 0; i < 3000; i++) viewer.say({ type: "wheel", dx: 0, dy: 0, x: 1, y: 1 });
  await waitFor("its end", () => viewer.state.closed !== undefined);
  expect(viewer.state.closed).toBe(4001);
  await waitFor("the release", () => log.strokes.endsWith("-z"));
});

/** Right or wrong fields of an input message. */
function someMessage(pick: Pick): Record<string, unknown> {
  const right: Record<string, () => unknown> = {
    type: () => ["pointer", "button", "wheel", "key", "text", "release"][pick(6)],
    x: () => pick(500),
    y: () => pick(400),
    dx: () => pick(5) - 2,
    dy: () => pick(5) - 2,
    button: () => ["left", "middle", "right", "back", "forward"][pick(5)],
    down: () => pick(2) === 0,
    code: () => ["KeyA", "ShiftLeft", "", "NumpadEnter", "Quote"][pick(5)],
    key: () => ["a", "Shift", "Enter", "é", "漢", "Dead", "F5", "CapsLock", "nonsense"][pick(9)],
    text: () => ["abc", "✓", "\t", "\x03"][pick(4)],
  };
  const names = Object.keys(right).filter(() => pick(20) !== 0);
  const value = (name: string) => (pick(30) === 0 ? anyJson(pick) : right[name]?.());
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

test(`messages are whole or none (PF_SEED=${seed})`, () => {
  const pick = random(seed);
  const seen = new Map<string, number>();
  const isPlace = (value: unknown) => Number.isInteger(value) && Number(value) >= 0;
  for (const _ of rounds(20_000)) {
    const text = JSON.stringify(someMessage(pick));
    const given = JSON.parse(text);
    const message = parseViewerMessage(text) as InputMessage | undefined;
    if (message === undefined) continue;
    seen.set(message.type, (seen.get(message.type) ?? 0) + 1);
    expect(parseInputMessage(message as unknown as Record<string, unknown>)).toEqual(message);
    expect(given).toMatchObject(message as unknown as Record<string, unknown>);
    if ("x" in message) expect(isPlace(message.x) && isPlace(message.y)).toBe(true);
    if (message.type === "text") expect(message.text.length).toBeWithin(1, 129);
    if (message.type === "key") expect(message.key.isWellFormed()).toBe(true);
  }
  expect([...seen.keys()].sort()).toEqual(["button", "key", "pointer", "release", "text", "wheel"]);
  for (const _ of rounds(5000)) {
    const type = ["pointer", "button", "wheel", "key", "text"][pick(5)];
    const given = { x: anyValue(pick), key: anyValue(pick), text: anyValue(pick), type };
    expect(() => parseInputMessage(given as Record<string, unknown>)).not.toThrow();
  }
});

test(`whatever comes, the server lives, and nothing stays held (PF_SEED=${seed})`, async () => {
  const pick = random(seed + 1);
  const errors: unknown[] = [];
  const options = { token: TOKEN, input, onError: (error: unknown) => errors.push(error) };
  await using server = serve(settings(), options);
  for (const _ of rounds(18)) {
    const viewer = await join(server.url);
    for (let i = 0; i < 120; i++) {
      const text = JSON.stringify(someMessage(pick));
      viewer.sayText(pick(20) === 0 ? text.slice(pick(text.length)) : text);
    }
    await waitFor("the queue", async () => (await input.position()) !== undefined);
    viewer.vanish();
  }
  await waitFor("the viewers' end", () => server.screen.viewerCount === 0);
  await input.position(); // behind all that was said
  expect(errors).toEqual([]);
  const presses = log.of("KeyPress", "ButtonPress").length;
  const releases = () => log.of("KeyRelease", "ButtonRelease").length;
  expect(presses).toBeGreaterThan(50);
  log.clear();
  await input.click(5, 5, { button: "forward" });
  await waitFor("the click", () => log.strokes.endsWith("-9"));
  expect(log.of("ButtonPress").at(-1)?.state).toBe(0); // no button and no modifier is down
  expect(releases()).toBeGreaterThan(0);
}, 60_000);
