// SPDX-License-Identifier: MPL-2.0
import { expect, test } from "bun:test";
import { CaptureEmitter } from "../../src/events.ts";
import { runCommand } from "../support/process.ts";

const size = { width: 3, height: 4 };

test("listeners are called in order, with the event's value", () => {
  const emitter = new CaptureEmitter();
  const calls: unknown[] = [];
  emitter.add("resize", (value) => calls.push(["a", value]), false);
  emitter.add("resize", (value) => calls.push(["b", value]), false);
  emitter.emit("resize", size);
  emitter.emit("stop");
  expect(calls).toEqual([
    ["a", size],
    ["b", size],
  ]);
});

test("a listener added once is called once, and only that registration goes", () => {
  const emitter = new CaptureEmitter();
  let calls = 0;
  const listener = () => {
    calls += 1;
  };
  emitter.add("stop", listener, false);
  emitter.add("stop", listener, true);
  emitter.emit("stop");
  emitter.emit("stop");
  expect(calls).toBe(3);
});

test("removing takes one registration, and an unknown listener is no error", () => {
  const emitter = new CaptureEmitter();
  let calls = 0;
  const listener = () => {
    calls += 1;
  };
  emitter.add("stop", listener, false);
  emitter.add("stop", listener, false);
  emitter.remove("stop", listener);
  emitter.remove("error", listener);
  emitter.emit("stop");
  expect(calls).toBe(1);
});

test("listeners changed while emitting count from the next time on", () => {
  const emitter = new CaptureEmitter();
  const calls: string[] = [];
  emitter.add(
    "stop",
    () => {
      calls.push("first");
      emitter.add("stop", () => calls.push("late"), true);
    },
    true,
  );
  emitter.emit("stop");
  expect(calls).toEqual(["first"]);
  emitter.emit("stop");
  expect(calls).toEqual(["first", "late"]);
});

const eventsModule = JSON.stringify(require.resolve("../../src/events.ts"));

test.each([
  ["an error nobody listens to", 'emitter.emit("error", new Error("lost?"))'],
  [
    "the error of a listener",
    'emitter.add("stop", () => { throw new Error("lost?") }); emitter.add("stop", () => console.log("second")); emitter.emit("stop")',
  ],
])("%s becomes an unhandled rejection", async (_, statement) => {
  const source = `import { CaptureEmitter } from ${eventsModule};
    process.on("unhandledRejection", (error) => console.log("unhandled", error.message));
    const emitter = new CaptureEmitter();
    ${statement};`;
  const { stdout, exitCode } = await runCommand([process.execPath, "-e", source]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("unhandled lost?");
  if (statement.includes("second")) expect(stdout).toContain("second");
});
