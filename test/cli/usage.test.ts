// SPDX-License-Identifier: MPL-2.0
// What every command has in common: help, version, exit codes, and where its words go.
import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { rootPath, runCommand } from "../support/process.ts";
import { MAIN, runCli, SYNTHETIC } from "./cli.ts";

const COMMANDS = ["serve", "shot", "record", "list", "doctor", "bench"];

async function expectUsageError(args: string[], words: RegExp | string): Promise<void> {
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toMatch(words);
  expect(stderr).toMatch(/^See: pixelflux-ffi .*--help$/m);
  expect(stderr.trim().split("\n")).toHaveLength(2);
}

test("the package's bin is the program, and starts by its first line", async () => {
  expect(manifest.bin["pixelflux-ffi"]).toBe("./src/cli/main.ts");
  const { PATH } = process.env;
  const { exitCode, stdout } = await runCommand([MAIN, "--version"], {
    env: { PATH: `${rootPath}/.tools/bin:${PATH}` },
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${manifest.version}\n` });
});

describe("--help", () => {
  test.each(["--help", "-h", "help"])("%s lists the commands", async (flag) => {
    const { exitCode, stdout, stderr } = await runCli([flag]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  test.each(COMMANDS)("%s --help names its options", async (name) => {
    const { exitCode, stdout, stderr } = await runCli([name, "--json", "--help"]);
    expect((await runCli(["help", name])).stdout).toBe(stdout);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain(`usage: pixelflux-ffi ${name} `);
    expect(stdout).toMatch(/^ {2}--json /m);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe("a wrong command line is refused by name", () => {
  test.each([
    [[], /a command is missing: serve, shot, record, list, doctor, bench/],
    [["nonsense"], /no command "nonsense"/],
    [["--json", "list"], /the command comes first/],
    [["constructor"], /no command "constructor"/],
    [["help", "nonsense"], /no command "nonsense"/],
    [["list", "--nonsense"], /list: there is no option "--nonsense"\n/],
    [["list", "-x"], /there is no option "-x"\n/],
    [["list", "--__proto__"], /there is no option "--__proto__"\n/],
    [["list", "stray"], /"stray"/],
    [["list", "--json=yes"], /--json takes no value, but is given "yes"\n/],
    [["serve", "--port"], /--port needs a value\n/],
    [["serve", "--port", "--json"], /--port needs a value; .* a "=": "--port=--json"\n/],
    [["serve", "--port", "65536"], /--port has to be an integer from 0 to 65535, but is "65536"/],
    [["serve", "--port", "1.5"], /--port has to be an integer/],
    [["serve", "--port", "0x10"], /--port/],
    [["serve", "--port="], /--port has to be/],
    [["serve", "--hostname="], /--hostname needs a value/],
    [["serve", "--token", "short"], /--token has to be a string of at least 16/],
    [["serve", "--token", "x".repeat(16), "--no-token"], /exclude each other/],
    [["serve", "--no-token", "--hostname", "0.0.0.0"], /--no-token .*loopback.*"0\.0\.0\.0"/],
    [["serve", "--origins", "nonsense"], /--origins has to be a list of origins/],
    [["serve", "--origins", "https://a.example,"], /--origins needs a value/],
    [["serve", "--viewers-max", "0"], /--viewers-max has to be an integer from 1 to 10000/],
    [["serve", "--stall-ms", "1"], /--stall-ms has to be/],
    [["serve", "--stripe-header", "none"], /--stripe-header has to be "pixelflux" or "extended"/],
    [["shot"], /FILE is missing/],
    [["shot", "a.bmp"], /FILE has to end in .png, .jpg or .jpeg, or be "-", but is "a.bmp"/],
    [["shot", "a.png", "--format", "gif"], /--format has to be one of "png", "jpeg", but is "gif"/],
    [["shot", "a.jpg", "--quality", "101"], /--quality has to be an integer from 0 to 100/],
    [["shot", "-", "--json"], /--json .*standard output/],
    [["shot", "a.png", "--target-fps", "5"], /--target-fps/],
    [["record"], /FILE is missing/],
    [["record", ""], /FILE is missing/],
    [["record", "a.mp4", "b.mp4"], /one argument too many: "b.mp4"/],
    [["record", "a.webm"], /FILE has to end in .mp4 or .h264, but is "a.webm"/],
    [
      ["record", "a.mp4", "--size-bytes-max", "1"],
      /--size-bytes-max has to be an integer from 65536/,
    ],
    [["record", "a.mp4", "--codec", "jpeg"], /--codec/],
    [["bench", "--seconds", "0"], /--seconds has to be a number of seconds above 0/],
    [["bench", "--seconds", "1e9"], /--seconds/],
    [["bench", "--codec", "vp9"], /--codec has to be one of "jpeg", "h264", but is "vp9"/],
    [["bench", "--jpeg-quality", "101"], /--jpeg-quality has to be an integer from 0 to 100/],
    [["bench", "--stripe-height", "17"], /--stripe-height has to be "auto" or a multiple of 16/],
    [["bench", "--display="], /--display has to be/],
    [["bench", "--capture-cursor=1"], /--capture-cursor/],
    [["doctor", "--codec", "jpeg"], /--codec/],
  ])("%j", (args, words) => expectUsageError(args, words));

  test("a value is cut where it is long, and cannot write to the terminal", async () => {
    const value = `\x1b[2J${"x".repeat(5000)}`;
    const { exitCode, stderr } = await runCli(["serve", "--port", value]);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain("\x1b");
    expect(stderr.length).toBeLessThan(300);
  });

  test("so is a DISPLAY that cannot be one", async () => {
    const { exitCode, stderr } = await runCli(["bench"], {
      env: { DISPLAY: `:${"1".repeat(300)}` },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("$DISPLAY");
  });
});

describe("a failure is told in the words of the command line", () => {
  test.each([
    [["--capture-width", "641"], /^--capture-width: the region 641x/],
    [["--capture-x", "640"], /^--capture-x: the place 640,0 lies outside/],
    [["--watermark-path", "/none.png"], /^--watermark-path: cannot open "\/none.png"/],
    [["--display", ":59000"], /^--display: cannot open ":59000".* or --authority-path\n/],
  ])("%j", async (args, words) => {
    const watermark = ["--watermark-location", "middle"];
    const target = ["--format", "png", "/dev/null"];
    const result = await runCli(["shot", "--display", SYNTHETIC, ...watermark, ...args, ...target]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr.replace("pixelflux-ffi shot: ", "")).toMatch(words);
  });

  test.each(["shot", "record", "serve", "bench"])("%s: no library", async (name) => {
    const env = { PIXELFLUX_FFI_LIBRARY: "/nowhere/libpixelflux.so" };
    const files: Record<string, string[]> = {
      shot: ["/nowhere/a.png"],
      record: ["/nowhere/a.mp4"],
    };
    const result = await runCli([name, ...(files[name] ?? []), "--display", SYNTHETIC], { env });
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toStartWith(
      `pixelflux-ffi ${name}: the native library of pixelflux-ffi `,
    );
    expect(result.stderr).toContain("PIXELFLUX_FFI_LIBRARY is set: unset it");
  });
});

describe("the standard output", () => {
  /** A shell's exit code of the command line, with something done to its output. */
  async function inShell(line: string) {
    const program = `${process.execPath} ${MAIN}`;
    const script = line.replace("CLI", program);
    return runCommand(["bash", "-c", `set -o pipefail; ${script}`], {
      env: { DISPLAY: undefined },
    });
  }

  test.each([
    "CLI serve --help | true",
    `CLI serve --json --port 0 --display ${SYNTHETIC} | head -n 1 >&2`,
    `CLI bench --seconds 0.1 --display ${SYNTHETIC} | true`,
    "CLI list --json >&-",
  ])("closed, ends it quietly: %s", async (line) => {
    const { exitCode, stderr } = await inShell(line);
    expect(stderr).not.toMatch(/EPIPE|EBADF|error|at .*:\d+/i);
    expect(exitCode).toBe(0);
  });

  test("full, is a failure with words", async () => {
    const { exitCode, stderr } = await inShell("CLI list --json >/dev/full");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^pixelflux-ffi list: .*no space left/);
  });

  test("nothing is said on a closed standard error, and nothing fails", async () => {
    const { exitCode, stdout } = await inShell(
      `CLI bench --seconds 1.1 --json --display ${SYNTHETIC} 2>&-`,
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).runs).toHaveLength(2);
  });
});
