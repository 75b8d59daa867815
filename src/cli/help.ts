// SPDX-License-Identifier: MPL-2.0
/** The texts of `--help`. Pure. */
import type { Command } from "./command.ts";
import type { Option } from "./option.ts";
import { settingOptions } from "./setting-options.ts";

/** Where the words behind the options begin, and where they end. */
const WORDS_COLUMN = 38;
const LINE_LENGTH_MAX = 100;

/** What stands between a command's own options and the settings'. */
export const SETTINGS_HEADING = "Settings of the capture:";

/** The help of the whole program. */
export function programHelp(commands: readonly Command[]): string {
  const list = commands.map((command) => entry(usageOf(command), command.summary)).join("");
  return `Captures X11 screens, and shows them in browsers.

usage: pixelflux-ffi COMMAND [options]

${list}
${entry("--help", "this text; behind a command, its options")}${entry("--version", "the version")}
Exit codes: 0 done, 1 it failed, 2 the command line is wrong; 128 and the signal's number
where one ended it.
`;
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const own = Object.entries(command.options).map(([name, option]) => optionEntry(name, option));
  const settings = settingOptions(command.settings).map(({ name, option }) =>
    optionEntry(name, option),
  );
  return [
    `${command.summary}\n\nusage: pixelflux-ffi ${usageOf(command)} [options]\n\n`,
    ...own,
    entry("--help", "this text"),
    `\n${command.notes}`,
    ...(settings.length > 0 ? [`\n${SETTINGS_HEADING}\n\n`, ...settings] : []),
  ].join("");
}

function usageOf({ name, argumentName }: Command): string {
  return argumentName === undefined ? name : `${name} ${argumentName}`;
}

function optionEntry(name: string, { placeholder, bare, words }: Option<unknown>): string {
  const value = bare === undefined ? ` ${placeholder}` : `[=${placeholder}]`;
  return entry(`--${name}${placeholder === undefined ? "" : value}`, words);
}

/** A term and its words beside it, which go on below where they are long. */
function entry(term: string, words: string): string {
  const indent = " ".repeat(WORDS_COLUMN);
  const [first = "", ...rest] = wrapped(words, LINE_LENGTH_MAX - WORDS_COLUMN);
  const lines = [`  ${term}`.padEnd(WORDS_COLUMN) + first, ...rest.map((line) => indent + line)];
  return lines.map((line) => `${line}\n`).join("");
}

function wrapped(words: string, lengthMax: number): string[] {
  const lines: string[] = [];
  for (const word of words.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > lengthMax) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
