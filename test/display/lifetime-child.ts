// SPDX-License-Identifier: MPL-2.0
/** Starts a display, says where it is, and does what its argument says. */
import { isMainThread } from "node:worker_threads";
import { VirtualDisplay } from "../../src/display/index.ts";

const [, , what] = process.argv;

/** Keeps nothing of the display but what is printed. */
async function announce(): Promise<void> {
  const { pid, environment } = await VirtualDisplay.start({ width: 64, height: 64 });
  console.log(JSON.stringify({ pid, environment }));
}

if (!isMainThread) {
  await announce();
  postMessage("started");
  setInterval(() => undefined, 1000);
} else if (what === "thread") {
  const worker = new Worker(import.meta.url);
  await new Promise((resolve) => worker.addEventListener("message", resolve));
  worker.terminate();
  setInterval(() => undefined, 1000);
} else {
  await announce();
  // A later child has copies of whatever is not closed for it.
  const sleeper = Bun.spawn(["sleep", "3600"], { stdio: ["inherit", "ignore", "ignore"] });
  console.log(JSON.stringify({ sleeper: sleeper.pid }));
  sleeper.unref();
  if (what === "throw") throw new Error("on purpose");
  if (what === "exit") process.exit(0);
  if (what === "collect") {
    for (let round = 0; round < 50; round++) {
      Bun.gc(true);
      await Bun.sleep(1);
    }
    console.log(JSON.stringify({ collected: true }));
  }
  if (what !== "end") setInterval(() => undefined, 1000);
}
