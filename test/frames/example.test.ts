// SPDX-License-Identifier: MPL-2.0
// examples/canvas-stream, run as its README tells it: what its viewers get is decoded.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { BACKGROUND } from "../../examples/canvas-stream/chart.ts";
import { parseStripe } from "../../src/wire.ts";
import { watch } from "../server/serve.ts";
import type { Canvas } from "../support/canvas.ts";
import { type RecordedStripe, showStripes } from "../support/decode.ts";
import { rootPath, waitFor } from "../support/process.ts";

const SERVER = join(rootPath, "examples", "canvas-stream", "server.ts");

/** What a viewer's messages of H.264 hold. */
function recorded(messages: readonly Uint8Array[]): RecordedStripe[] {
  return messages.map((bytes) => {
    const stripe = parseStripe(bytes);
    if (stripe.type !== "h264") throw new Error(`a stripe of ${stripe.type}`);
    const { type, frameId = 0, y = 0, width = 0, height = 0, keyframe, payload } = stripe;
    return { type, frameId, y, width, height, keyframe, timestamp: 0, payload };
  });
}

function expectChart(shown: Canvas): void {
  const background = Buffer.from(BACKGROUND.slice(1), "hex");
  for (const [x, y] of [
    [10, 300],
    [950, 300],
    [480, 530],
  ] as const) {
    const pixel = Buffer.from(shown.pixel(x, y), "hex");
    for (const [channel, value] of background.entries()) {
      expect(Math.abs((pixel[channel] as number) - value)).toBeLessThanOrEqual(4);
    }
  }
}

test("its page is there, and its chart comes and moves", async () => {
  const child = Bun.spawn([process.execPath, SERVER], {
    env: { ...process.env, PORT: "0" },
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const reader = child.stdout.getReader();
    const line = new TextDecoder().decode((await reader.read()).value);
    const url = new URL(/http:\S+/.exec(line)?.[0] ?? "");
    const page = await (await fetch(url)).text();
    expect(page).toContain("<canvas");

    const { stripes, viewer, screen } = await watch(new URL("stream", url));
    await waitFor("thirty stripes", () => stripes.length >= 30);
    expect(screen()).toMatchObject({ width: 960, height: 540, mode: "h264" });
    const all = recorded(stripes.slice());
    const frames = new Set(all.map(({ frameId }) => frameId));
    expect(frames.size).toBeGreaterThan(3);
    expectChart(await showStripes(all, 960, 540));
    viewer.vanish();
  } finally {
    child.kill();
    await child.exited;
  }
  expect(child.exitCode).toBe(0);
}, 60_000);
