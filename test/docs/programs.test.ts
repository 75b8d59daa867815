// SPDX-License-Identifier: MPL-2.0
// The programs in the pages, saved to a file and run as a user would, on a screen of their own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseStripe } from "../../src/wire.ts";
import { Painter } from "../support/painter.ts";
import { rootPath, runCommand } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { type CodeBlock, codeBlocks, placeOf } from "./blocks.ts";

const blocks = await codeBlocks();
let folder = "";
let screen: Xvfb;
let painter: Painter;

beforeAll(async () => {
  // Within the package, so that its own name leads to it.
  mkdirSync(join(rootPath, ".tools"), { recursive: true });
  folder = mkdtempSync(join(rootPath, ".tools", "docs-programs-"));
  screen = await Xvfb.start({ width: 640, height: 480 });
  painter = await Painter.start(screen.display);
  await painter.pattern("photo", 5);
});

afterAll(async () => {
  await painter?.[Symbol.asyncDispose]();
  await screen?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function marked(mode: string): (readonly [string, CodeBlock])[] {
  return blocks.filter((block) => block.mode === mode).map((block) => [placeOf(block), block]);
}

/** Saves a block; gives its path. */
async function save({ page, line, code }: CodeBlock): Promise<string> {
  const path = join(folder, `${page.replaceAll("/", "-")}-${line}.ts`);
  await Bun.write(path, code);
  return path;
}

describe("run to its end", () => {
  test.each(marked("run"))("%s", async (_place, block) => {
    const env = { DISPLAY: screen.display };
    const command = [process.execPath, await save(block)];
    const result = await runCommand(command, { cwd: folder, env });
    expect(result).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  });
});

describe("serve", () => {
  test.each(marked("serve"))("%s", async (_place, block) => {
    await using child = Bun.spawn([process.execPath, await save(block)], {
      cwd: folder,
      env: { ...process.env, DISPLAY: screen.display, PORT: "0" },
      stdout: "pipe",
      stderr: "inherit",
    });
    const { value } = await child.stdout.getReader().read();
    const printed = new TextDecoder().decode(value);
    const addresses = [...printed.matchAll(/http:\S+/g)].map(([address]) => address);
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) {
      const { status } = await fetch(address);
      expect({ address, status }).toEqual({ address, status: 200 });
      await expectStripe(new URL("stream", address));
    }
    child.kill();
    await child.exited;
  });
});

/** Connects as a viewer that says nothing, until it has a stripe. */
async function expectStripe(url: URL): Promise<void> {
  url.protocol = "ws:";
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) resolve(new Uint8Array(data));
  };
  socket.onclose = ({ code, reason }) => reject(new Error(`${url} closed: ${code} ${reason}`));
  try {
    expect(parseStripe(await promise, "pixelflux")).toMatchObject({ keyframe: true });
  } finally {
    socket.close();
  }
}
