// SPDX-License-Identifier: MPL-2.0
// Who can get at the pixels, and what the library touches that nobody named. See SECURITY.md.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CanvasServer } from "../../examples/canvas-stream/server.ts";
import { ScreenServer } from "../../examples/screen-to-browser/server.ts";
import { PlaygroundServer } from "../../examples/settings-playground/server.ts";
import { nativeLibrary } from "../../src/native/library.ts";
import { LIBRARY_VARIABLE } from "../../src/native/library-places.ts";
import { descriptors, memoryFiles, systemVSegments } from "../support/proc.ts";
import { requireTool, rootPath, runCommand } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const REFUSED = /Permission denied|Operation not permitted/;
/** "nobody", on every Linux. */
const OTHER_USER = "65534";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pf-security-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a byte of a file as another user; gives what the system says to that, "" for a success. */
async function readAsOther(path: string): Promise<string> {
  const user = ["--reuid", OTHER_USER, "--regid", OTHER_USER, "--clear-groups"];
  const read = ["sh", "-c", 'head -c 1 "$1" >/dev/null', "sh", path];
  const { exitCode, stderr } = await runCommand([
    ...[requireTool("setpriv", "util-linux"), ...user],
    ...read,
  ]);
  return exitCode === 0 ? "" : stderr;
}

interface Mapping {
  /** As in map_files, whose names have no leading zeros. */
  range: string;
  /** Such as "rw-s", of which the last tells shared from private. */
  flags: string;
  /** Of the file behind it, or empty. */
  name: string;
}

function mappings(pid: number): Mapping[] {
  const lines = readFileSync(`/proc/${pid}/maps`, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [range = "", flags = "", , , , ...name] = line.split(/ +/);
    const ends = range.split("-").map((end) => end.replace(/^0+/, ""));
    return { range: ends.join("-"), flags, name: name.join(" ") };
  });
}

/** Every path under which the memory that a process shares for us can be named. */
function waysInto(pid: number): string[] {
  const ours = mappings(pid).filter(({ name }) => name.startsWith("/memfd:pixelflux"));
  return ours.map(({ range }) => `/proc/${pid}/map_files/${range}`);
}

describe("the picture's memory", () => {
  test("is out of another user's reach", async () => {
    await using server = await Xvfb.start();
    await using recorder = await Recorder.start({ display: server.display });
    await recorder.quiet(100);
    if (process.getuid?.() !== 0) {
      console.log("security: not root, so there is no second user to try it with");
      const files = memoryFiles();
      expect(files).not.toEqual([]);
      // Without privilege not even this user may open it again.
      for (const { path } of files) expect(() => openSync(path, "r")).toThrow(/EPERM|EACCES/);
      return;
    }
    const open = memoryFiles().map(({ path }) => path.replace("self", String(process.pid)));
    const ways = [...new Set([...open, ...waysInto(process.pid), ...waysInto(server.pid)])];
    // Ours and the server's mapping, at least; they are files that can be read, for us.
    expect(ways.length).toBeGreaterThanOrEqual(2);
    for (const path of ways) {
      expect([path, (await runCommand(["head", "-c", "1", path])).exitCode]).toEqual([path, 0]);
      expect([path, await readAsOther(path)]).toEqual([path, expect.stringMatching(REFUSED)]);
    }
    for (const pid of [process.pid, server.pid]) {
      expect(await readAsOther(`/proc/${pid}/mem`)).toMatch(REFUSED);
    }
    // What is open to all can be read that way: the refusals above are no accident.
    const control = join("/dev/shm", `pf-control-${process.pid}`);
    writeFileSync(control, "open to all", { mode: 0o644 });
    try {
      expect(await readAsOther(control)).toBe("");
    } finally {
      rmSync(control);
    }
  });

  test("has no name", async () => {
    await using server = await Xvfb.start();
    await using recorder = await Recorder.start({ display: server.display });
    await recorder.quiet(100);
    expect(systemVSegments()).toEqual([]);
    for (const pid of [process.pid, server.pid]) {
      const shared = mappings(pid).filter(({ flags }) => flags.endsWith("s"));
      expect(shared.filter(({ name }) => name.startsWith("/memfd:pixelflux"))).not.toEqual([]);
      // What has no name now and never had one that could be opened is told as deleted.
      const named = shared.filter(({ name }) => name !== "" && !name.endsWith(" (deleted)"));
      expect(named).toEqual([]);
    }
  });

  test("is not needed: where the system refuses it, the picture comes another way", async () => {
    await using server = await Xvfb.start();
    const source = `
      import { ScreenCapture } from "${rootPath}/src/index.ts";
      import { memoryFiles } from "${rootPath}/test/support/proc.ts";
      const capture = new ScreenCapture({ display: "${server.display}" });
      await capture.start((stripe) => stripe.release());
      console.log(memoryFiles().length, capture.width);
      await capture.stop();`;
    const run = (command: string[]) => runCommand([...command, process.execPath, "-e", source]);
    expect(await run([])).toMatchObject({ exitCode: 0, stdout: "1 640\n" });
    const limit = [requireTool("prlimit", "util-linux"), "--fsize=1000"];
    expect(await run(limit)).toMatchObject({ exitCode: 0, stdout: "0 640\n" });
  });
});

/** Inodes of sockets that listen, of every family (proc_net(5), unix(7)). */
function listeningInodes(): Set<string> {
  const table = (name: string) => readFileSync(`/proc/self/net/${name}`, "utf8").split("\n");
  const tcp = ["tcp", "tcp6"].flatMap((name) =>
    existsSync(`/proc/self/net/${name}`) ? table(name) : [],
  );
  const fields = tcp.map((line) => line.trim().split(/\s+/));
  const unix = table("unix").map((line) => line.trim().split(/\s+/));
  const accepts = unix.filter((field) => (Number.parseInt(field[3] ?? "0", 16) & 0x10000) !== 0);
  return new Set([
    ...fields.filter((field) => field[3] === "0A").map((field) => field[9] ?? ""),
    ...accepts.map((field) => field[6] ?? ""),
  ]);
}

test("a capture opens no file, listens nowhere, and starts no process", async () => {
  await using server = await Xvfb.start();
  const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  const targets = () => descriptors().map(({ target }) => target);
  const [before, childrenBefore] = [new Set(targets()), children()];
  await using recorder = await Recorder.start({ display: server.display, outputMode: "h264" });
  await recorder.quiet(100);
  const opened = targets().filter((target) => !before.has(target));
  const [socket] = opened.filter((target) => target.startsWith("socket:"));
  expect(socket).toBeDefined(); // the display's
  for (const target of opened) expect(target).toMatch(/^(socket:|anon_inode:|pipe:|\/memfd:)/);
  const inodes = opened.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]);
  const listening = listeningInodes();
  expect(inodes.filter((inode) => inode !== undefined && listening.has(inode))).toEqual([]);
  expect(children()).toBe(childrenBefore);
});

describe("the library's file", () => {
  let there = "";
  beforeAll(() => {
    there = join(folder, "there");
  });

  /** Leaves a mark as soon as it is loaded. */
  async function writeDecoys(mark: string): Promise<string> {
    const source = join(folder, "decoy.c");
    mkdirSync(there, { recursive: true });
    writeFileSync(
      source,
      `#include <fcntl.h>
      __attribute__((constructor)) static void load(void) { creat(${JSON.stringify(mark)}, 0600); }`,
    );
    const decoy = join(there, "libpixelflux.so");
    const command = [requireTool("clang", "clang"), "-shared", "-fPIC", "-o", decoy, source];
    expect(await runCommand(command)).toMatchObject({ exitCode: 0 });
    const name = `node_modules/@pixelflux-ffi/linux-${process.arch}-gnu`;
    for (const place of ["lib", "zig-out/lib", "src/native", "node_modules/pixelflux-ffi", name]) {
      mkdirSync(join(there, place), { recursive: true });
      writeFileSync(join(there, place, "libpixelflux.so"), readFileSync(decoy));
    }
    return decoy;
  }

  /** Uses a checkout's sources with the decoys in the working directory. */
  function useFromThere(sources: string, library: string | undefined) {
    const module = JSON.stringify(join(sources, "index.ts"));
    const snippet = `import { memoryUsage } from ${module};
      try { console.log("captures", memoryUsage().captureCount); }
      catch (error) { console.log(error.code); }`;
    const fromThere = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", there];
    return runCommand([...fromThere, process.execPath, "-e", snippet], {
      env: { [LIBRARY_VARIABLE]: library },
    });
  }

  test("is never taken from the working directory", async () => {
    const mark = join(folder, "loaded");
    const decoy = await writeDecoys(mark);
    const unbuilt = join(folder, "elsewhere", "src");
    mkdirSync(unbuilt, { recursive: true });
    await runCommand(["cp", "-r", `${rootPath}/src/.`, unbuilt]);
    const missing = { exitCode: 0, signal: null, stdout: "ERR_LIBRARY_NOT_FOUND\n" };
    expect(await useFromThere(unbuilt, undefined)).toMatchObject(missing);
    expect(await useFromThere(unbuilt, "")).toMatchObject(missing);
    expect(await useFromThere(unbuilt, "libpixelflux.so")).toMatchObject(missing);
    expect(await useFromThere(unbuilt, "./libpixelflux.so")).toMatchObject(missing);
    const built = await useFromThere(join(rootPath, "src"), nativeLibrary().path);
    expect(built).toMatchObject({ exitCode: 0, stdout: "captures 0\n" });
    expect(existsSync(mark)).toBe(false);
    // Named by its absolute path the decoy is loaded: it would have left its mark.
    expect(await useFromThere(unbuilt, decoy)).toMatchObject(missing);
    expect(existsSync(mark)).toBe(true);
  }, 120_000);

  test("names no folder in which the libraries it needs are looked for", async () => {
    const readelf = requireTool("readelf", "binutils");
    const { stdout } = await runCommand([readelf, "--dynamic", nativeLibrary().path]);
    expect(stdout).toContain("NEEDED");
    expect(stdout).not.toMatch(/RPATH|RUNPATH/);
  });
});

describe("the environment", () => {
  const textOf = (path: string) => readFileSync(join(rootPath, path), "utf8");
  const files = (pattern: string) => [...new Bun.Glob(pattern).scanSync({ cwd: rootPath })].sort();
  /** Lines that are no comment, with their file. */
  const code = (pattern: string) =>
    files(pattern).flatMap((path) =>
      textOf(path)
        .split("\n")
        .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line))
        .map((line) => ({ path, line: line.trim() })),
    );

  test("is read by the package in few places, for what is documented", () => {
    const reads = code("src/**/*.ts").filter(({ line }) => /\bprocess\.env\b/.test(line));
    const isCommand = ({ path }: { path: string }) => path.startsWith("src/cli/");
    expect(reads.filter((read) => !isCommand(read))).toEqual([
      { path: "src/display/xvfb.ts", line: 'const { PATH = "" } = process.env;' },
      // Handed on to a process of our own program.
      { path: "src/input/guard.ts", line: 'env: { ...process.env, BUN_BE_BUN: "1" },' },
      {
        path: "src/native/library-places.ts",
        line: "const override = process.env[LIBRARY_VARIABLE];",
      },
      { path: "src/settings.ts", line: "const { XAUTHORITY } = process.env;" },
      { path: "src/settings.ts", line: "const { DISPLAY } = process.env;" },
      { path: "src/x11/authority.ts", line: "const { XAUTHORITY } = process.env;" },
    ]);
    const byCommands = reads.filter(isCommand).map(({ line }) => /\{ (\w+).*\}/.exec(line)?.[1]);
    expect([...new Set(byCommands)].sort()).toEqual(["DISPLAY", "PIXELFLUX_TOKEN", "XAUTHORITY"]);
    for (const name of [LIBRARY_VARIABLE, "DISPLAY", "PIXELFLUX_TOKEN", "XAUTHORITY", "PATH"]) {
      expect(textOf("SECURITY.md")).toContain(name);
    }
  });

  test("is not read by the native code, which runs and listens to nothing either", async () => {
    expect(code("native/src/**/*.[ch]").filter(({ line }) => /getenv|environ/.test(line))).toEqual(
      [],
    );
    const readelf = requireTool("readelf", "binutils");
    const command = [readelf, "--dyn-syms", "--wide", nativeLibrary().path];
    const lines = (await runCommand(command)).stdout.split("\n");
    const imports = lines
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[6] === "UND" && fields[7] !== undefined)
      .map((fields) => (fields[7] as string).replace(/@.*/, ""));
    expect(imports).toContain("memfd_create"); // so the list was read
    const forbidden =
      /^((secure_)?getenv|environ|system|popen|v?fork|posix_spawnp?|exec[lv].*|dlm?open|bind|listen|accept4?|shmget|shm_open|tmpfile|mk[sd]?temp)$/;
    expect(imports.filter((name) => forbidden.test(name))).toEqual([]);
  });
});

describe("the examples' servers", () => {
  const display = "synthetic://64x64@30";
  const servers: [string, () => AsyncDisposable & { readonly url: URL }][] = [
    ["screen-to-browser", () => new ScreenServer({ port: 0, settings: { display } })],
    ["settings-playground", () => new PlaygroundServer({ port: 0 })],
    ["canvas-stream", () => new CanvasServer({ port: 0 })],
  ];

  test.each(servers)("%s listens on this machine's loopback address alone", async (_, make) => {
    await using server = make();
    const port = Number(server.url.port).toString(16).toUpperCase().padStart(4, "0");
    const rows = ["tcp", "tcp6"]
      .map((name) => `/proc/self/net/${name}`)
      .filter((path) => existsSync(path))
      .flatMap((path) => readFileSync(path, "utf8").split("\n"))
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && fields[1]?.endsWith(`:${port}`));
    expect(rows.map((fields) => fields[1])).toEqual([`0100007F:${port}`]);
  });

  test.each(servers)("%s lets no page in whose origin only looks like its own", async (_, make) => {
    await using server = make();
    const own = `http://127.0.0.1:${server.url.port}`;
    const upgrade = {
      ...{ connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const near = [`${own}.evil.example`, `${own}@evil.example`, `${own}0`, `${own}/`, " ", "null"];
    for (const origin of [...near, "http://127.0.0.1", "http://[::1]", "file://"]) {
      const headers = { ...upgrade, origin };
      const { status } = await fetch(new URL("stream", server.url), { headers });
      expect([origin, status]).toEqual([origin, 403]);
    }
  });
});
