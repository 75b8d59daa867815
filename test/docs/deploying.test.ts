// SPDX-License-Identifier: MPL-2.0
// What docs/deploying.md says to write into files does what it says.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseStripe } from "../../src/wire.ts";
import { CliProcess, SYNTHETIC } from "../cli/cli.ts";
import { Browser } from "../e2e/browser.ts";
import { live } from "../e2e/viewer-stage.ts";
import { requireTool, runCommand, waitFor } from "../support/process.ts";
import { codeBlocks, placeOf } from "./blocks.ts";
import { freePort, nginxComplaints, ReverseProxy, replaceOnce } from "./proxy.ts";

const TOKEN = "0123456789abcdef";
const ORIGIN = "https://desk.example.com";
/** Enough that a proxy which collects messages would not have let them all pass. */
const FRAMES = 30;

let browser: Browser;

beforeAll(async () => {
  browser = await Browser.launch();
}, 60_000);

afterAll(() => browser?.[Symbol.asyncDispose]());

const blocks = await codeBlocks(["docs/deploying.md"]);
const blocksIn = (language: string) => blocks.filter((block) => block.language === language);
const firstIn = (language: string) => blocksIn(language)[0]?.code ?? "";

/** Bun's, beyond the type of browsers. */
function connect(url: URL, origin: string): WebSocket {
  const options = { headers: { origin }, tls: { rejectUnauthorized: false } };
  const socket = new WebSocket(url, options as unknown as string[]);
  socket.binaryType = "arraybuffer";
  return socket;
}

function get(url: URL): Promise<Response> {
  return fetch(url, { redirect: "manual", tls: { rejectUnauthorized: false } });
}

/** Resolves with the frames' numbers when so many have come; rejects when it is closed before. */
async function readFrames(url: URL, origin: string): Promise<ReadonlySet<number>> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlySet<number>>();
  const frames = new Set<number>();
  const socket = connect(url, origin);
  socket.onclose = ({ code }) => reject(new Error(`closed: ${code}`));
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") return;
    const { frameId, payload } = parseStripe(new Uint8Array(data), "pixelflux");
    expect(payload.length).toBeGreaterThan(0);
    frames.add(frameId ?? -1);
    if (frames.size === FRAMES) resolve(frames);
  };
  try {
    return await promise;
  } finally {
    socket.close();
  }
}

describe.each(["nginx", "caddy"] as const)("behind %s", (name) => {
  const ports = { proxy: freePort(), server: freePort() };
  let server: CliProcess;
  let proxy: ReverseProxy;

  beforeAll(async () => {
    const origins = `${ORIGIN},https://127.0.0.1:${ports.proxy}`;
    const args = ["serve", "--display", SYNTHETIC, "--port", String(ports.server)];
    server = new CliProcess([...args, "--origins", origins], { PIXELFLUX_TOKEN: TOKEN });
    await server.address();
    proxy = await ReverseProxy[name](firstIn(name), ports);
  });

  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const at = (path: string) => new URL(path, proxy.url);
  const stream = (token: string) => {
    const url = at(`/desk/stream?token=${token}`);
    url.protocol = "wss:";
    return url;
  };

  test("a viewer gets each frame", async () => {
    expect((await readFrames(stream(TOKEN), ORIGIN)).size).toBe(FRAMES);
  });

  test("strangers are kept out, as without it", async () => {
    const wrong = "fedcba9876543210";
    expect((await get(at(`/desk/stream?token=${wrong}`))).status).toBe(401);
    await expect(readFrames(stream(wrong), ORIGIN)).rejects.toThrow("closed");
    const foreign = "https://other.example.com";
    await expect(readFrames(stream(TOKEN), foreign)).rejects.toThrow("closed");
  });

  test("the path without its slash leads to the page, with the token", async () => {
    const { status, headers } = await get(at("/desk?token=x"));
    expect(status).toBeWithin(301, 303);
    expect(headers.get("location")).toEndWith("/desk/?token=x");
  });

  test("the page shows the screen in a browser, in H.264", async () => {
    const page = await browser.open(at(`/desk/?token=${TOKEN}`));
    await live(page);
    await waitFor("a decoder for video", async () => {
      const decoder = await page.evaluate(
        () =>
          new Promise((resolve) => {
            window.player?.on("stats", ({ decoder }) => resolve(decoder));
          }),
      );
      return decoder === "software" || decoder === "hardware";
    });
  });
});

test.each(blocksIn("nginx").map((block) => [placeOf(block), block.code] as const))(
  "nginx reads %s",
  async (_place, code) => {
    expect(await nginxComplaints(code)).toBe("");
  },
);

describe("the services", () => {
  const units = new Map(
    blocksIn("systemd").map(({ code }) => [code.includes("Xvfb") ? "xvfb" : "pixelflux", code]),
  );
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pf-units-"));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("systemd reads them", async () => {
    for (const [name, code] of units) {
      const unit = code.replaceAll("/usr/local/bin/bun", process.execPath);
      await Bun.write(join(folder, `${name}@.service`), unit);
    }
    const paths = [...units.keys()].map((name) => join(folder, `${name}@7.service`));
    for (const path of paths) await runCommand(["ln", "-sf", path.replace("@7", "@"), path]);
    const analyze = requireTool("systemd-analyze", "systemd");
    const env = { SYSTEMD_UNIT_PATH: `${folder}:` };
    const { exitCode, stderr } = await runCommand([analyze, "verify", ...paths], { env });
    const complaints = stderr.split("\n").filter((line) => line.includes(folder));
    expect({ exitCode, complaints }).toEqual({ exitCode: 0, complaints: [] });
  });

  test("their commands start a display that asks for its cookie, and serve it", async () => {
    const number = String(500 + (process.pid % 400));
    const line = (name: string, key: string) => {
      const [, value = ""] = new RegExp(`^${key}=(.*)$`, "m").exec(units.get(name) ?? "") ?? [];
      return value.replaceAll("%i", number).replaceAll("%t", folder).replaceAll("$$", "$");
    };
    await runCommand(["mkdir", join(folder, `xvfb-${number}`)]);
    const pre = await runCommand(["sh", "-c", line("xvfb", "ExecStartPre")]);
    expect(pre).toMatchObject({ exitCode: 0 }); // xauth tells that the file is new

    const tied = [requireTool("setpriv", "util-linux"), "--pdeathsig", "TERM"];
    const display = [...tied, ...line("xvfb", "ExecStart").split(" ")];
    const xvfb = Bun.spawn(display, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    try {
      const socket = `/tmp/.X11-unix/X${number}`;
      await waitFor("the display", () =>
        runCommand(["test", "-S", socket]).then((r) => r.exitCode === 0),
      );
      const env = Object.fromEntries(
        line("pixelflux", "Environment")
          .split(" ")
          .map((pair) => pair.split("=") as [string, string]),
      );
      const command = line("pixelflux", "ExecStart").replace(/^.* pixelflux-ffi /, "");
      const args = replaceOnce(command, `--port 900${number}`, "--port 0").split(" ");
      await using served = new CliProcess(args, { ...env, PIXELFLUX_TOKEN: TOKEN });
      const address = await served.address();
      expect((await fetch(address)).status).toBe(200);
      await using strangers = new CliProcess(args, { ...env, XAUTHORITY: "/dev/null" });
      expect(await strangers.ended()).toBe(1);
      served.kill("SIGTERM");
      const [, code] = /^SuccessExitStatus=(.*)$/m.exec(units.get("pixelflux") ?? "") ?? [];
      expect(String(await served.ended())).toBe(code ?? "");
    } finally {
      xvfb.kill();
      await xvfb.exited;
    }
  });
});
