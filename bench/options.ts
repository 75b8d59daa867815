// SPDX-License-Identifier: MPL-2.0
// The command line of a benchmark: its options by their defaults, and what they hold.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { tellFailure } from "../prebuild/command.ts";

/** A text or a number as text; false for a flag; undefined where there is no default. */
type Default = string | false | undefined;

type Options<Defaults extends Record<string, Default>> = {
  [Name in keyof Defaults]: Defaults[Name] extends false
    ? boolean
    : Defaults[Name] extends string
      ? string
      : string | undefined;
};

/**
 * Reads the command line. Prints the help and ends the process where that is asked for, and
 * ends it with 2 for an option that is not among the defaults, or lacks its value.
 */
export function readOptions<Defaults extends Record<string, Default>>(
  help: string,
  defaults: Defaults,
): Options<Defaults> {
  const options: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean" } };
  for (const [name, value] of Object.entries(defaults)) {
    const type = value === false ? "boolean" : "string";
    options[name] = value === undefined ? { type } : { type, default: value };
  }
  const { help: isHelpWanted, ...values } = parsed(options);
  if (isHelpWanted === true) {
    console.log(help);
    process.exit(0);
  }
  return values as Options<Defaults>;
}

function parsed(options: NonNullable<ParseArgsConfig["options"]>) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.exit(tellFailure("bench", error));
  }
}

/** `1280x720` as its two numbers. */
export function sizeOf(text: string): number[] {
  return text.split("x").map(Number);
}

/** `1,10,100` as its numbers. */
export function numbersOf(text: string): number[] {
  return text.split(",").map(Number);
}
