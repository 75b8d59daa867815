// SPDX-License-Identifier: MPL-2.0
// The commands that the pages name are there, and so is each option of theirs.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { MAIN } from "../cli/cli.ts";
import { rootPath, runCommand } from "../support/process.ts";
import { PAGES, readPage } from "./blocks.ts";

/** A command with its options, as a page has it. */
interface Named {
  readonly place: string;
  /** That whose `--help` lists the options. */
  readonly command: readonly string[];
  readonly options: readonly string[];
}

/** Ends a command within a line: another one, a comment, the end of inline code. */
const REST = "([^`|;&#\\n]*)";
const CLI = new RegExp(`\\b(?:bunx|bun x) pixelflux-ffi ([a-z]+)\\b${REST}`, "g");
const SCRIPT = new RegExp(`(?<![\\w/-])(?:\\./)?scripts/([a-z-]+)(?![\\w./-])${REST}`, "g");
const RUN = new RegExp(`\\bbun run ([a-z][a-z:-]*)(?![\\w./-])${REST}`, "g");

async function namedIn(page: string): Promise<readonly Named[]> {
  const text = (await readPage(page))
    .replaceAll(/^```text\n.*?^```$/gms, (block) => block.replaceAll(/[^\n]/g, "")) // output
    .replaceAll(/\\\n */g, " ");
  const find = (pattern: RegExp, commandOf: (name: string) => readonly string[]): Named[] =>
    [...text.matchAll(pattern)].map((match) => {
      const [, name = "", rest = ""] = match;
      const line = text.slice(0, match.index).split("\n").length;
      const options = [...rest.matchAll(/(?<=^|\s)--[a-z][a-z0-9-]*/g)].map(([option]) => option);
      return { place: `${page}:${line}`, command: commandOf(name), options };
    });
  return [
    ...find(CLI, (name) => ["bun", MAIN, name]),
    ...find(SCRIPT, (name) => [join(rootPath, "scripts", name)]),
    ...find(RUN, (name) => ["bun", "run", name]),
  ];
}

const named = (await Promise.all(PAGES.map(namedIn))).flat();

/** Without the paths of this machine. */
function nameOf(command: readonly string[]): string {
  return command.map((word) => (word.startsWith("/") ? relative(rootPath, word) : word)).join(" ");
}

test("each script of a page is there", () => {
  const missing = named.filter(({ command: [program = "", verb, name = ""] }) =>
    verb === "run" ? !(name in manifest.scripts) : program !== "bun" && !existsSync(program),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(missing.map(({ place, command }) => `${place}: ${nameOf(command)}`)).toEqual([]);
});

/** Scripts without options need no help; commands of the command line have one all. */
const asked = named.filter(({ command, options }) => command[1] === MAIN || options.length > 0);
const commands = new Map(asked.map(({ command }) => [nameOf(command), command]));

test.each([...commands])("each option is listed by %s --help", async (name, command) => {
  const { exitCode, stdout, stderr } = await runCommand(
    command.map((word) => (word === "bun" ? process.execPath : word)).concat("--help"),
    { timeoutMs: 110_000 }, // scripts/demo builds what is stale before it answers
  );
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  const listed = new Set(`${stdout}${stderr}`.match(/--[a-z][a-z0-9-]*/g));
  const unknown = asked
    .filter((one) => nameOf(one.command) === name)
    .flatMap(({ place, options }) => options.map((option) => ({ place, option })))
    .filter(({ option }) => !listed.has(option));
  expect(unknown).toEqual([]);
});
