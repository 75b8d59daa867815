// SPDX-License-Identifier: MPL-2.0
// The workflows' check finds what is wrong with one, and scripts/publish asks npm for the right things.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChildResult, rootPath, runCommand } from "../support/process.ts";

let folder = "";
const path = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pixelflux-workflows-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("scripts/lint-workflows.ts", () => {
  const lint = (...files: string[]) =>
    runCommand([process.execPath, join(rootPath, "scripts/lint-workflows.ts"), ...files]);
  const workflow = (step: string, permissions = "permissions: {}") => `
on: push
${permissions}
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - ${step}
`;
  const commit = "de0fac2e4500dabe0009e67214ff5f5447ce83dd";

  test("has nothing to say of what is in here", async () => {
    expect(await lint()).toMatchObject({ exitCode: 0, stderr: "" });
  }, 60_000);

  const faults = [
    ["an unknown key", workflow("{ run: ls, when: always }"), 'unexpected key "when"'],
    ["an unknown name", workflow(`run: echo $\{{ matrx.a }}`), 'undefined variable "matrx"'],
    ["text of strangers in a command", workflow(`run: echo $\{{ github.head_ref }}`), "untrusted"],
    ["a command without quotes", workflow("run: rm $HOME/a"), "SC2086"],
    ["an action's tag", workflow("uses: actions/checkout@v6"), "is not fixed"],
    ["a commit without its version", workflow(`uses: actions/checkout@${commit}`), "is not fixed"],
    ["all permissions", workflow("run: ls", ""), "does not limit its permissions"],
    ["what is no YAML", "on: [", "could not parse"],
  ] as const;

  test("finds what is wrong", async () => {
    const files = faults.map(([name, text]) => {
      const file = path(`${name}.yml`);
      writeFileSync(file, text);
      return file;
    });
    const { exitCode, stderr } = await lint(...files);
    expect(exitCode).toBe(1);
    const lines = stderr.split("\n");
    for (const [i, [, , words]] of faults.entries()) {
      const found = lines.filter((line) => line.startsWith(files[i] ?? "")).join("\n");
      expect(found).toContain(words);
    }
  }, 60_000);
});

describe("scripts/publish", () => {
  const VERSION = "1.2.3";
  const names = ["pixelflux-ffi-linux-x64-gnu", "pixelflux-ffi-linux-arm64-gnu", "pixelflux-ffi"];

  /** In place of npm: knows the versions in `published`, writes down what it is to publish. */
  const NPM = `#!/bin/sh
    case $1 in
      view) grep -qxF "$2" "$0.published" && echo "\${2##*@}" ;;
      config) echo https://registry.example.org/ ;;
      publish) echo "$@" >>"$0.asked"; cat "$NPM_CONFIG_USERCONFIG" >"$0.settings" 2>/dev/null
        case $2 in *"$FAILING"*) exit 1 ;; esac ;;
    esac`;

  beforeEach(() => {
    rmSync(path("bin"), { recursive: true, force: true });
    mkdirSync(path("bin"));
    writeFileSync(path("bin/npm"), NPM, { mode: 0o755 });
    for (const file of ["published", "asked", "settings"])
      writeFileSync(path(`bin/npm.${file}`), "");
    for (const name of names) {
      for (const version of [VERSION, "1.3.0-rc.1"])
        writeFileSync(path(`${name}-${version}.tgz`), "");
    }
  });

  function publish(version: string, env: Record<string, string> = {}): Promise<ChildResult> {
    const { PATH } = process.env;
    const own = { PATH: `${path("bin")}:${PATH}`, FAILING: "nothing", ...env };
    return runCommand([join(rootPath, "scripts/publish"), version, folder], { env: own });
  }

  async function asked(): Promise<string[]> {
    return (await Bun.file(path("bin/npm.asked")).text()).split("\n").filter(Boolean);
  }

  test("publishes the platforms' packages first, with their provenance", async () => {
    expect(await publish(VERSION)).toMatchObject({ exitCode: 0 });
    const options = "--provenance --access public --tag latest";
    expect(await asked()).toEqual(
      names.map((name) => `publish ${path(name)}-${VERSION}.tgz ${options}`),
    );
  });

  test("one before a release by the tag next", async () => {
    expect(await publish("1.3.0-rc.1")).toMatchObject({ exitCode: 0 });
    expect(await asked()).toHaveLength(3);
    for (const line of await asked()) expect(line).toEndWith("--tag next");
  });

  test("never the main one where another has failed; and then goes on with what is missing", async () => {
    expect(await publish(VERSION, { FAILING: "arm64" })).not.toMatchObject({ exitCode: 0 });
    expect(await asked()).toHaveLength(2);
    writeFileSync(path("bin/npm.published"), `@pixelflux-ffi/linux-x64-gnu@${VERSION}\n`);
    writeFileSync(path("bin/npm.asked"), "");
    expect(await publish(VERSION)).toMatchObject({ exitCode: 0 });
    expect(await asked()).toHaveLength(2);
  });

  test("nothing where a tarball is missing", async () => {
    rmSync(path(`pixelflux-ffi-${VERSION}.tgz`));
    const { exitCode, stderr } = await publish(VERSION);
    expect(stderr).toContain(`there is no ${path("pixelflux-ffi")}-${VERSION}.tgz`);
    expect(exitCode).toBe(1);
    expect(await asked()).toEqual([]);
  });

  test("the token is for npm's registry, and written nowhere", async () => {
    expect(await publish(VERSION, { NPM_TOKEN: "npm_secret" })).toMatchObject({ exitCode: 0 });
    expect(await Bun.file(path("bin/npm.settings")).text()).toBe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: npm's own way to say it.
      "//registry.example.org/:_authToken=${NPM_TOKEN}\n",
    );
  });
});
