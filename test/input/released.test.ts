// SPDX-License-Identifier: MPL-2.0
// However a process ends that holds keys: nothing stays held, and no key stays lent.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authorizationFor } from "../../src/x11/authority.ts";
import { parseDisplayName } from "../../src/x11/display-name.ts";
import { XSession } from "../../src/x11/session.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";

const CHILD = join(import.meta.dir, "holder-child.ts");

let xvfb: Xvfb;
let session: XSession;

beforeAll(async () => {
  xvfb = await Xvfb.start({ authority: true });
  Object.assign(process.env, { XAUTHORITY: xvfb.authorityPath });
  const name = parseDisplayName(xvfb.display);
  if (name === undefined) throw new Error("no name");
  session = await XSession.open(name, authorizationFor(name));
}, 30_000);

afterAll(async () => {
  Reflect.deleteProperty(process.env, "XAUTHORITY");
  session?.close();
  await xvfb?.[Symbol.asyncDispose]();
});

/** The keys that are down (QueryKeymap), the buttons that are (QueryPointer), and the keyboard's table. */
async function state() {
  const root = session.setup.readUInt32LE(
    40 + ((session.setup.readUInt16LE(24) + 3) & ~3) + 8 * session.setup.readUInt8(29),
  );
  const keys = await session.ask(Buffer.from([44, 0, 1, 0]));
  const query = Buffer.from([38, 0, 2, 0, 0, 0, 0, 0]);
  query.writeUInt32LE(root, 4);
  const pointer = await session.ask(query);
  const table = await session.ask(Buffer.from([101, 0, 2, 0, 8, 248, 0, 0]));
  return {
    keys: keys
      .subarray(8, 40)
      .reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0),
    buttons: pointer.readUInt16LE(24) >> 8,
    table: Bun.hash(table.subarray(32)),
  };
}

/** Runs a child that holds and ends; what was held when it said so. */
async function run(way: string, signal?: NodeJS.Signals, program = CHILD) {
  let held: Awaited<ReturnType<typeof state>> | undefined;
  const child = Bun.spawn([process.execPath, program, xvfb.display, way], {
    env: { ...process.env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
  for await (const _ of child.stdout) {
    held = await state();
    if (signal) child.kill(signal);
    else child.stdin.write("go on\n");
  }
  await child.exited;
  return held;
}

/** Waits until nothing is held, and no key lent. */
async function released(before: Awaited<ReturnType<typeof state>>): Promise<void> {
  await waitFor("the release", async () => Bun.deepEquals(await state(), before));
}

test.each([
  ["close()", "close", undefined],
  ["its natural end", "end", undefined],
  ["process.exit", "exit", undefined],
  ["an error that is thrown", "throw", undefined],
  ["SIGTERM", "signal", "SIGTERM"],
  ["SIGINT", "signal", "SIGINT"],
  ["SIGKILL", "signal", "SIGKILL"],
  ["a crash", "signal", "SIGSEGV"],
] as const)("by %s", async (_, way, signal) => {
  const before = await state();
  const held = await run(way, signal);
  expect(held).toMatchObject({ keys: 3, buttons: 1 });
  expect(held?.table).not.toBe(before.table);
  await released(before);
});

test("by a worker's termination", async () => {
  const before = await state();
  const source = `
    const worker = new Worker(${JSON.stringify(CHILD)}, { argv: [${JSON.stringify(xvfb.display)}, "worker"] });
    worker.onmessage = () => worker.terminate();
    process.stdin.resume().on("end", () => process.exit(0));`;
  const parent = Bun.spawn([process.execPath, "-e", source], {
    env: { ...process.env },
    stdin: "pipe",
  });
  await waitFor("the holds", async () => (await state()).buttons === 1);
  await released(before); // while the process lives on
  expect(parent.exitCode).toBeNull();
  parent.stdin.end();
  expect(await parent.exited).toBe(0);
});

test("in a program that has been bundled", async () => {
  const before = await state();
  const built = await Bun.build({ entrypoints: [CHILD], target: "bun", minify: true });
  const folder = mkdtempSync(join(tmpdir(), "pf-bundle-"));
  try {
    const path = join(folder, "bundled.js");
    await Bun.write(path, (await built.outputs[0]?.text()) ?? "");
    expect(await run("signal", "SIGKILL", path)).toMatchObject({ keys: 3, buttons: 1 });
    await released(before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
