// SPDX-License-Identifier: MPL-2.0
// Holds keys and a button, has a key lent, and then ends in one way or another.
import { Input } from "../../src/input/index.ts";

const [display, way] = process.argv.slice(2);
const input = await Input.open({ display });
await input.down("shift");
await input.down("a");
await input.down({ button: "left" });
await input.down("✓"); // a lent key
if (way === "worker") {
  postMessage("holds");
  await new Promise(() => undefined); // until it is terminated
}
console.log("holds");
for await (const _ of Bun.stdin.stream()) break; // until the test has looked
switch (way) {
  case "close":
    await input.close();
    break;
  case "exit":
    process.exit(0);
    break;
  case "throw":
    throw new Error("thrown on purpose");
  case "end":
    break;
}
