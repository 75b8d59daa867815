// SPDX-License-Identifier: MPL-2.0
import { ScreenCapture } from "pixelflux-ffi";
import { VirtualDisplay } from "pixelflux-ffi/display";
import type { Action } from "./actions.ts";
import { AgentClient } from "./client.ts";
import type { Outcome } from "./computer.ts";
import { AgentServer } from "./server.ts";

const STEPS_MAX = 20;

/** What the loop has seen so far. */
export interface Observation {
  /** A screenshot of the screen at rest. */
  readonly screenshot: Outcome;
  /** What the last action was answered; undefined before the first one. */
  readonly outcome: Outcome | undefined;
}

/**
 * Decides what to do next; `undefined` where the task is done.
 *
 * This is where a model is called. It gets `seen.screenshot.image` as an image block, and
 * its computer-use tool has the width and height of `client.size()`. What it puts into the
 * tool's input is an `Action`, and `seen.outcome` goes into the tool's result. Where it
 * calls no tool, it is done.
 */
export type Decide = (seen: Observation) => Promise<Action | undefined>;

/**
 * Looks, decides, acts, waits until the screen is at rest, and looks again.
 *
 * @returns the last thing seen.
 * @throws {Refused} where an action cannot be done; a model would be told instead.
 */
export async function runLoop(client: AgentClient, decide: Decide): Promise<Observation> {
  let seen: Observation = { screenshot: await look(client), outcome: undefined };
  for (let step = 0; step < STEPS_MAX; step++) {
    const action = await decide(seen);
    if (action === undefined) return seen;
    console.log(JSON.stringify(action));
    const outcome = await client.act(action);
    seen = { screenshot: await look(client), outcome };
  }
  throw new Error(`the task is not done after ${STEPS_MAX} steps`);
}

async function look(client: AgentClient): Promise<Outcome> {
  await client.act({ action: "wait", until: "stable", quiet_ms: 300, timeout_ms: 10_000 });
  return await client.act({ action: "screenshot" });
}

/** A terminal that asks for a word, and turns green where it is the right one. */
const TERMINAL_SCRIPT = `
printf 'Type the word "stripe" and press Enter: '
read -r word
[ "$word" = stripe ] && printf '\\033[42m\\033[2J\\033[H\\033[97mRight.'
sleep 3600`;

/** What a model would come to, seeing the terminal. */
function scripted(): Decide {
  const script: Action[] = [
    // Without a window manager, keys go to where the pointer is.
    { action: "left_click", coordinate: [300, 200] },
    { action: "type", text: "stripe" },
    { action: "key", text: "Return" },
  ];
  return async () => script.shift();
}

/** The task's end as a program can see it; a model sees it on the screenshot. */
async function isGreen(display: VirtualDisplay): Promise<boolean> {
  const capture = new ScreenCapture({ display: display.name });
  const middle = { x: display.width >> 1, y: display.height >> 1, width: 1, height: 1 };
  using picture = await capture.screenshot({ format: "raw", region: middle });
  const [red = 0, green = 0, blue = 0] = picture.data;
  return green > 2 * red && green > 2 * blue;
}

/** Does a task on a screen of its own. @returns whether it is done. */
async function main(): Promise<boolean> {
  await using display = await VirtualDisplay.start({ width: 800, height: 600 });
  const token = crypto.randomUUID();
  await using server = await AgentServer.start({ token, settings: { display: display.name } });
  const client = new AgentClient(server.url, token);
  const shown = client.act({ action: "wait", until: "change", timeout_ms: 20_000 });
  const look = ["-bw", "0", "-bg", "black", "-fg", "white", "-fa", "DejaVu Sans Mono"];
  Bun.spawn(["xterm", ...look, "-geometry", "90x30+20+20", "-e", TERMINAL_SCRIPT], {
    env: { ...process.env, ...display.environment },
    stdio: ["ignore", "ignore", "ignore"],
  });
  await shown;
  const { screenshot } = await runLoop(client, scripted());
  await Bun.write("loop.png", Buffer.from(screenshot.image?.data ?? "", "base64"));
  console.log(`loop.png: ${screenshot.width}×${screenshot.height}`);
  return await isGreen(display);
}

if (import.meta.main) {
  const isDone = await main();
  console.log(isDone ? "done" : "not done");
  process.exit(isDone ? 0 : 1);
}
