// SPDX-License-Identifier: MPL-2.0
// docs/cli.md says what --help says, to the letter.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { SETTINGS_HEADING } from "../../src/cli/help.ts";
import { SETTING_FIELDS } from "../../src/settings.ts";
import { rootPath } from "../support/process.ts";
import { runCli } from "./cli.ts";

const document = await Bun.file(join(rootPath, "docs", "cli.md")).text();

/** A help's own part, and that of the settings, empty where there is none. */
async function helpOf(...command: string[]): Promise<[own: string, settings: string]> {
  const { stdout } = await runCli([...command, "--help"]);
  const [own = "", settings = ""] = stdout.split(`\n${SETTINGS_HEADING}\n\n`);
  return [own, settings];
}

const [overview] = await helpOf();
const names = [...overview.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = ""]) => name);

/** The help that the document has behind a mark. */
function documented(name: string): string | undefined {
  const [, block] = document.split(`<!-- help ${name} -->\n\`\`\`text\n`);
  return block?.split("```")[0];
}

test("the list of commands", () => {
  expect(names.length).toBeGreaterThan(3);
  expect(documented("all")).toBe(overview);
});

test.each(names)("%s", async (name) => {
  const [own, settings] = await helpOf(name);
  expect(documented(name)).toBe(own);
  expect(document).toContain(`\n## ${name}\n`);
  for (const [option] of settings.matchAll(/^ {2}--[a-z0-9-]+/gm)) {
    expect(documented("settings")).toMatch(new RegExp(`${option}[ [].*`));
  }
});

test("the settings, all there are", async () => {
  const [, settings] = await helpOf("serve");
  expect(documented("settings")).toBe(settings);
  const options = settings.match(/^ {2}--/gm) ?? [];
  expect(options).toHaveLength(Object.keys(SETTING_FIELDS).length);
});
