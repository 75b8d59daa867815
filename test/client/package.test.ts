// SPDX-License-Identifier: MPL-2.0
// How a page comes by the player: through Bun's bundler in this checkout (every other browser test
// does that), from an installed package through a bundler, and as a file without any bundler.
import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser, type BrowserName } from "../e2e/browser.ts";
import { rootPath, runCommand, waitFor } from "../support/process.ts";

/** A page without a bundler: the module is a file next to it. */
const PAGE = `<!doctype html>
<canvas></canvas>
<script type="module">
  import { StripePlayer } from "/client.js";
  window.player = new StripePlayer(document.querySelector("canvas"), "/stream");
</script>`;

/** Serves a page and a module as files are, and takes a WebSocket. */
function serve(modulePath: string) {
  return Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0, development: false },
    routes: {
      "/": new Response(PAGE, { headers: { "content-type": "text/html" } }),
      "/client.js": new Response(Bun.file(modulePath)),
    },
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response(null, { status: 404 }),
    websocket: {
      open: (socket) => {
        socket.send(JSON.stringify({ type: "screen", width: 16, height: 16, mode: "jpeg" }));
      },
      message: () => undefined,
    },
  });
}

describe.each(["chromium", "firefox"] as BrowserName[])("%s", (name) => {
  test("runs the module as a file, without a bundler", async () => {
    await using browser = await Browser.launch(name);
    await using server = serve(Bun.resolveSync("pixelflux-ffi/client.js", import.meta.dir));
    const page = await browser.open(server.url);
    const screen = await waitFor("the screen", () => page.evaluate(() => window.player?.screen));
    expect(screen).toEqual({ type: "screen", width: 16, height: 16, mode: "jpeg" });
    expect(page.workers().length).toBe(1);
    await page.close();
  });
});

/** Packs this checkout and unpacks it where an installer would put it. */
async function installInto(folder: string): Promise<string> {
  const packed = await runCommand([process.execPath, "pm", "pack", "--destination", folder]);
  expect(packed.exitCode).toBe(0);
  const archive = [...new Bun.Glob("*.tgz").scanSync(folder)][0] ?? "";
  const path = join(folder, "node_modules", "pixelflux-ffi");
  mkdirSync(path, { recursive: true });
  const unpacked = await runCommand([
    "tar",
    "-xzf",
    join(folder, archive),
    "-C",
    path,
    "--strip-components=1",
  ]);
  expect(unpacked.exitCode).toBe(0);
  return path;
}

test("an installed package has what a bundler, Bun and a type checker need", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pf-package-"));
  try {
    const path = await installInto(folder);
    const entry = join(folder, "page.ts");
    await Bun.write(
      entry,
      'import { StripePlayer } from "pixelflux-ffi/client"; console.log(StripePlayer);',
    );
    const { outputs } = await Bun.build({ entrypoints: [entry], target: "browser" });
    const code = (await outputs[0]?.text()) ?? "";
    expect(code).toContain("transferControlToOffscreen");
    expect(code).not.toMatch(/^\s*import /m);
    const [packed, built] = await Promise.all(
      [path, rootPath].map((root) => Bun.file(join(root, "dist", "client.js")).text()),
    );
    expect(packed).toBe(built ?? "");
    const program = join(folder, "program.ts");
    await Bun.write(
      program,
      'import { CLOSE_CODES } from "pixelflux-ffi/client"; console.log(CLOSE_CODES.tooSlow);',
    );
    const run = await runCommand([process.execPath, program]);
    expect(run).toMatchObject({ exitCode: 0, stdout: "4000\n" });
    await checkTypes(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** As a page's own project does: without Bun's types. */
async function checkTypes(folder: string): Promise<void> {
  const compilerOptions = {
    ...{ lib: ["ESNext", "DOM", "DOM.Iterable"], target: "ESNext", module: "Preserve" },
    ...{ moduleResolution: "bundler", allowImportingTsExtensions: true, noEmit: true },
    ...{ strict: true, types: [] },
  };
  const config = join(folder, "tsconfig.json");
  await Bun.write(config, JSON.stringify({ compilerOptions, files: ["page.ts"] }));
  const tsc = join(rootPath, "node_modules", ".bin", "tsc");
  const { stdout, exitCode } = await runCommand([tsc, "-p", config]);
  expect(stdout).toBe("");
  expect(exitCode).toBe(0);
}
