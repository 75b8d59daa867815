// SPDX-License-Identifier: MPL-2.0
// The README's code, pasted into files of the checkout and run as a user would.
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { codeBlocks } from "../docs/blocks.ts";
import { compare, isWithin } from "../support/canvas.ts";
import { Painter } from "../support/painter.ts";
import { rootPath, runCommand, waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { Browser, readCanvas } from "./browser.ts";

/** The README's TypeScript blocks, in order. */
async function readmeBlocks(): Promise<string[]> {
  const blocks = await codeBlocks(["README.md"]);
  return blocks.filter(({ language }) => language === "ts").map(({ code }) => code);
}

/** Saves a block beside the README, runs `use` with its path, and removes it. */
async function withFile(name: string, code: string, use: (path: string) => Promise<void>) {
  const path = join(rootPath, name);
  await Bun.write(path, code);
  try {
    await use(path);
  } finally {
    rmSync(path);
  }
}

test("the ten lines show the screen in a browser", async () => {
  const [live] = await readmeBlocks();
  await using screen = await Xvfb.start({ width: 400, height: 300 });
  await using painter = await Painter.start(screen.display);
  await painter.pattern("photo", 5);
  await using browser = await Browser.launch();
  await withFile("readme-live.tmp.ts", live ?? "", async (path) => {
    await using child = Bun.spawn([process.execPath, path], {
      env: { ...process.env, DISPLAY: screen.display },
      stdout: "pipe",
      stderr: "inherit",
    });
    const { value } = await child.stdout.getReader().read();
    const address = /http:\S+/.exec(new TextDecoder().decode(value))?.[0];
    expect(address).toBeString();
    const page = await browser.open(address ?? "");
    const truth = await painter.grab();
    await waitFor("the page shows the screen", async () => {
      const shown = await readCanvas(page);
      return (
        shown.width === 400 && shown.height === 300 && isWithin(compare(truth, shown), { mean: 6 })
      );
    });
    child.kill();
    await child.exited;
  });
});

test("the README's tour of the API runs to its end", async () => {
  const [, tour] = await readmeBlocks();
  await using screen = await Xvfb.start({ width: 400, height: 300 });
  const sized = (tour ?? "").replace("captureWidth: 1280, captureHeight: 720, ", "");
  await withFile("readme-tour.tmp.ts", sized, async (path) => {
    const result = await runCommand([process.execPath, path], {
      env: { DISPLAY: screen.display },
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toContain("avc1.");
    rmSync(join(rootPath, "stripe.jpg"));
  });
});
