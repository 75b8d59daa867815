// SPDX-License-Identifier: MPL-2.0
// The code in README.md, in docs/ and beside the examples is code: it compiles, and the commands in
// it are there. What is marked runs in programs.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rootPath, runCommand } from "../support/process.ts";
import { type CodeBlock, codeBlocks, placeOf } from "./blocks.ts";

/** How a block of each language is checked, here or elsewhere. A language that is new needs a check. */
const LANGUAGES = {
  here: ["ts", "js", "sh", "json", "jsonc", "dockerfile"],
  /** Of docs/deploying.md alone: by deploying.test.ts. */
  deploying: ["nginx", "caddy", "systemd"],
  /** Output; cli/docs.test.ts compares that of --help. */
  none: ["text"],
};
const MODES = ["", "run", "serve"];

const blocks = await codeBlocks();
let folder = "";

function blocksIn(...languages: string[]): readonly CodeBlock[] {
  return blocks.filter(({ language }) => languages.includes(language));
}

beforeAll(() => {
  // Within the package, so that its own name leads to it.
  mkdirSync(join(rootPath, ".tools"), { recursive: true });
  folder = mkdtempSync(join(rootPath, ".tools", "docs-code-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

test("each block is of a language and a mode that are checked", () => {
  expect(blocks.length).toBeGreaterThan(20);
  const known = Object.values(LANGUAGES).flat();
  const unknown = blocks.filter((b) => !known.includes(b.language) || !MODES.includes(b.mode));
  expect(unknown.map(placeOf)).toEqual([]);
  const elsewhere = blocksIn(...LANGUAGES.deploying).filter((b) => b.page !== "docs/deploying.md");
  expect(elsewhere.map(placeOf)).toEqual([]);
});

test("TypeScript compiles, strictly, each block as a module of its own", async () => {
  for (const block of blocksIn("ts")) {
    // Errors name the line of the page, since as many lines are in front.
    const name = `${block.page.replaceAll("/", "~")}.${block.line}.ts`;
    await Bun.write(join(folder, name), "\n".repeat(block.line - 1) + block.code);
  }
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
  const config = { extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"] };
  await Bun.write(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(rootPath, "node_modules/.bin/tsc");
  const { stdout } = await runCommand([tsc, "--noEmit", "--pretty", "false", "-p", folder]);
  // Of the path in the folder makes the page and its line.
  const errors = stdout.trim().replaceAll(/^.*docs-code-\w+\/(.*)\.\d+\.ts\(/gm, "$1(");
  expect(errors.replaceAll("~", "/")).toBe("");
});

test.each(blocksIn("js").map((block) => [placeOf(block), block] as const))(
  "JavaScript is bundled: %s",
  async (_place, { code, line }) => {
    const path = join(folder, `page-${line}.js`);
    await Bun.write(path, code);
    const { success } = await Bun.build({ entrypoints: [path], target: "browser" });
    expect(success).toBeTrue();
  },
);

test("JSON is read", () => {
  for (const block of blocksIn("json", "jsonc")) {
    const read = block.language === "json" ? JSON.parse : Bun.JSONC.parse;
    expect(() => read(block.code), placeOf(block)).not.toThrow();
  }
});

describe("shell", () => {
  test.each(blocksIn("sh").map((block) => [placeOf(block), block] as const))(
    "is read by bash: %s",
    async (_place, { code }) => {
      expect(await runCommand(["bash", "-n", "-c", code])).toMatchObject({
        exitCode: 0,
        stderr: "",
      });
    },
  );
});

/** What may begin a line of a Dockerfile. */
const INSTRUCTIONS =
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN SHELL STOPSIGNAL USER VOLUME WORKDIR";

test.each(blocksIn("dockerfile").map((block) => [placeOf(block), block] as const))(
  "a Dockerfile of instructions, and commands that bash reads: %s",
  async (_place, { code }) => {
    const lines = code.trim().replaceAll(/\\\n/g, "").split("\n");
    expect(lines[0]).toStartWith("FROM ");
    for (const line of lines) {
      const [, instruction = "", rest = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
      expect(INSTRUCTIONS.split(" ")).toContain(instruction);
      if (rest.startsWith("[")) expect(() => JSON.parse(rest)).not.toThrow();
      if (instruction !== "RUN") continue;
      expect(await runCommand(["bash", "-n", "-c", rest])).toMatchObject({ exitCode: 0 });
    }
  },
);
