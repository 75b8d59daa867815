// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { Input } from "../../src/input/index.ts";
import { parseStripe } from "../../src/wire.ts";
import { watch } from "../server/serve.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { CliProcess, runCli, SYNTHETIC } from "./cli.ts";

/** A `serve` on a free port, of the test picture. */
function serve(args: string[] = [], env: Record<string, string> = {}): CliProcess {
  return new CliProcess(["serve", "--port", "0", "--display", SYNTHETIC, ...args], env);
}

/** The stream of a page, as the page asks for it. */
function streamOf(page: URL): URL {
  return new URL(`stream${page.search}`, page);
}

/** The status of an answer to a request that is no WebSocket. */
async function statusOf(url: URL): Promise<number> {
  return (await fetch(url)).status;
}

describe("a viewer", () => {
  test("gets the page, and with its token a picture; its figures are told", async () => {
    await using running = serve();
    const page = await running.address();
    expect(page.hostname).toBe("127.0.0.1");
    expect(page.searchParams.get("token")).toMatch(/^[0-9a-f]{32}$/);
    expect(running.stdout).toBe(`Watch ${SYNTHETIC} at ${page}\n`);
    const html = await fetch(page);
    expect(html.headers.get("content-type")).toContain("text/html");
    expect(await html.text()).toContain("<canvas");

    const { viewer, stripes, screen } = await watch(streamOf(page));
    await waitFor("stripes", () => stripes.length > 20);
    expect(screen()).toMatchObject({ width: 320, height: 240, mode: "h264" });
    expect(parseStripe(stripes[0] as Uint8Array, "pixelflux")).toMatchObject({
      ...{ type: "h264", width: 320 },
    });
    await running.said(/[1-9]\d* fps +[1-9]\d* stripes +\d+ kB\/s +1 viewer +latency – ms/);
    viewer.vanish();
    await running.said(/0 viewers/);
    running.kill("SIGINT");
    expect(await running.ended()).toBe(130);
  });

  test("is kept out without the token, of the figures too", async () => {
    await using running = serve(["--token", "a token of mine!"]);
    const page = await running.address();
    expect(page.searchParams.get("token")).toBe("a token of mine!");
    await expect(watch(new URL("stream", page))).rejects.toThrow("401");
    await expect(watch(new URL("stream?token=wrong", page))).rejects.toThrow("401");
    expect(await statusOf(new URL("metrics", page))).toBe(401);
    expect(await statusOf(new URL(`metrics${page.search}`, page))).toBe(200);
    expect(await statusOf(new URL("nonsense", page))).toBe(404);
  });

  test("needs none where that is asked for", async () => {
    await using running = serve(["--no-token"]);
    const page = await running.address();
    expect(page.search).toBe("");
    const { stripes, viewer } = await watch(streamOf(page));
    await waitFor("a stripe", () => stripes.length > 0);
    viewer.vanish();
  });

  test("brings the token of the environment, on an address for all as well", async () => {
    const token = "0123456789abcdef";
    await using running = serve(["--hostname", "0.0.0.0"], { PIXELFLUX_TOKEN: token });
    const page = await running.address();
    expect(page.hostname).not.toBe("0.0.0.0");
    const { viewer } = await watch(new URL(`http://127.0.0.1:${page.port}/stream?token=${token}`));
    viewer.vanish();
    await expect(watch(new URL(`http://127.0.0.1:${page.port}/stream`))).rejects.toThrow("401");
  });

  test("comes from the server's own page, or one of --origins", async () => {
    await using running = serve(["--no-token", "--origins", "https://a.example,https://b.example"]);
    const stream = streamOf(await running.address());
    const { viewer } = await watch(stream, "", { Origin: "https://b.example" });
    viewer.vanish();
    await expect(watch(stream, "", { Origin: "https://c.example" })).rejects.toThrow("403");
  });

  test("is one of --viewers-max, and gets the settings that were given", async () => {
    const settings = ["--mode", "jpeg", "--capture-width", "101", "--stripe-header", "extended"];
    await using running = serve([
      "--no-token",
      "--viewers-max",
      "1",
      "--viewer-quality",
      ...settings,
    ]);
    const stream = streamOf(await running.address());
    const { viewer, stripes, screen } = await watch(stream);
    await waitFor("a stripe", () => stripes.length > 0);
    expect(screen()).toMatchObject({ width: 101, mode: "jpeg", quality: "normal" });
    expect(parseStripe(stripes[0] as Uint8Array, "extended").type).toBe("jpeg");
    await expect(watch(stream)).rejects.toThrow("503");
    viewer.vanish();
  });
});

test("--input lets viewers point and type, and says so in the address", async () => {
  await using xvfb = await Xvfb.start();
  const { display } = xvfb;
  for (const args of [["--input"], []]) {
    await using running = new CliProcess(["serve", "--port", "0", "--display", display, ...args]);
    const page = await running.address();
    expect(page.searchParams.get("input")).toBe(args.length > 0 ? "1" : null);
    const { viewer, told, screen } = await watch(streamOf(page));
    await waitFor("the screen", screen);
    const place = { x: 123, y: 45, type: "pointer" };
    viewer.send(JSON.stringify(place));
    if (args.length > 0) {
      await using input = await Input.open({ display });
      await waitFor("the pointer", async () => (await input.position()).x === 123);
    }
    expect(told.some(({ type }) => type === "input")).toBe(args.length > 0);
    viewer.vanish();
  }
  const { exitCode, stderr } = await runCli(["serve", "--input", "--no-token"]);
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining("--input goes with a token only"),
  ]);
});

test("--json says what is served, each second, and at the end", async () => {
  await using running = serve(["--json"]);
  const page = await running.address();
  const { viewer, told, stripes } = await watch(streamOf(page));
  // Like the page, it tells which frame it has shown.
  await waitFor("a status with its latency", () => {
    for (const message of told.splice(0)) {
      if (message.type !== "end" || !("frameId" in message)) continue;
      viewer.send(JSON.stringify({ type: "ack", frameId: message.frameId }));
    }
    return running.objects().some((status) => typeof status.latencyMs === "number");
  });
  expect(stripes.length).toBeGreaterThan(0);
  running.kill("SIGTERM");
  expect(await running.ended()).toBe(143);
  const [serving, ...statuses] = running.objects();
  const end = statuses.pop();
  expect(serving).toEqual({ type: "serving", display: SYNTHETIC, url: page.href });
  const numbers = { frames: expect.any(Number), stripes: expect.any(Number) };
  const both = { ...numbers, seconds: expect.any(Number), bytes: expect.any(Number) };
  const latencyMs = expect.any(Number);
  expect(statuses.at(-1)).toEqual({
    type: "status",
    ...both,
    viewers: 1,
    framesHeld: 0,
    latencyMs,
  });
  expect(end).toEqual({ type: "end", ...both, viewersMax: 1 });
  expect(end?.bytes).toBeGreaterThan(1000);
  expect(running.stderr).toBe("");
});

describe("it ends", () => {
  test("after --seconds", async () => {
    const { exitCode, stdout } = await runCli([
      ...["serve", "--port", "0", "--display", SYNTHETIC, "--seconds", "0.2", "--json"],
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\{"type":"serving".*\}\n\{"type":"end".*\}\n$/);
  });

  test("with the terminal, while somebody watches", async () => {
    await using running = serve(["--no-token"]);
    const { stripes, state } = await watch(streamOf(await running.address()));
    await waitFor("a stripe", () => stripes.length > 0);
    running.kill("SIGHUP");
    expect(await running.ended()).toBe(129);
    await waitFor("the viewer to be told", () => state.closed === 1001);
  });

  test("where there is no display, before it serves", async () => {
    const { exitCode, stdout, stderr } = await runCli(["serve", "--port", "0"], {
      env: { DISPLAY: ":59000" },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^pixelflux-ffi serve: .*":59000".*\nTo find out why: .* doctor\n$/);
  });

  test("where the display is lost", async () => {
    await using server = await Xvfb.start();
    await using running = new CliProcess(["serve", "--port", "0"], { DISPLAY: server.display });
    const { stripes, state } = await watch(streamOf(await running.address()));
    await waitFor("a stripe", () => stripes.length > 0);
    await server.kill();
    expect(await running.ended()).toBe(1);
    expect(running.stderr).toMatch(/^pixelflux-ffi serve: .*connection to the X server broke/m);
    expect(state.closed).toBeDefined();
  });

  test.each(["name..invalid", "203.0.113.77"])(
    "where %s is no address of this machine",
    async (name) => {
      const args = ["serve", "--port", "0", "--hostname", name, "--display", SYNTHETIC];
      const { exitCode, stderr } = await runCli(args);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/--hostname has to be an address of this machine/);
      expect(stderr).toEndWith(`but is "${name}"\n`);
    },
  );

  test("where the port is taken", async () => {
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const args = ["serve", "--port", `${other.port}`, "--display", SYNTHETIC];
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      `pixelflux-ffi serve: port ${other.port} is taken: choose another by --port\n`,
    );
  });
});
