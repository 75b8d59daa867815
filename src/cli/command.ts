// SPDX-License-Identifier: MPL-2.0
/** What a command is, and how it gets its part of the command line. */
import { parseArgs } from "node:util";
import type { CaptureSettings } from "../index.ts";
import { type Option, type Options, shown, UsageError, type ValuesOf } from "./option.ts";
import { type SettingChoice, settingOptions, settingsFrom } from "./setting-options.ts";

/** What a command runs on. */
export interface CommandInput<O extends Options> {
  readonly values: ValuesOf<O>;
  /** Those that were given, and the command's defaults. */
  readonly settings: CaptureSettings;
  /** The command's one argument; empty where it takes none. */
  readonly argument: string;
}

/** How a command is described to {@link defineCommand}. */
export interface CommandDefinition<O extends Options> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What else there is to say, behind the options; whole lines. */
  readonly notes: string;
  /** What its one argument is called, where it takes one. */
  readonly argumentName?: string;
  readonly options: O;
  readonly settings: SettingChoice;
  /** Does it; gives the exit code. Failures are thrown. */
  run(input: CommandInput<O>): Promise<number>;
}

/** A command, whatever its options are. */
export interface Command extends Omit<CommandDefinition<Options>, "run"> {
  /**
   * @param args - what follows the command's name.
   * @returns the exit code; `"help"` where that is asked for.
   * @throws {UsageError}
   */
  run(args: readonly string[]): Promise<number | "help">;
}

/** Makes a command of its description. */
export function defineCommand<const O extends Options>(definition: CommandDefinition<O>): Command {
  const run = async (args: readonly string[]) => {
    const { given, positionals } = parse(definition, args);
    if (given("help").length > 0) return "help" as const;
    const argument = argumentOf(definition.argumentName, positionals);
    const read = (name: string, option: Option<unknown>) => option.read(`--${name}`, given(name));
    const values = Object.entries(definition.options).map(([name, option]) => [
      name,
      read(name, option),
    ]);
    const settings = settingsFrom(definition.settings, read);
    return definition.run({ values: Object.fromEntries(values), settings, argument });
  };
  return { ...definition, run };
}

/** Every option of a command by its name, the settings' behind its own. */
export function optionsOf(
  command: Pick<Command, "options" | "settings">,
): [string, Option<unknown>][] {
  const settings = settingOptions(command.settings);
  return [
    ...Object.entries(command.options),
    ...settings.map(({ name, option }): [string, Option<unknown>] => [name, option]),
  ];
}

interface Parsed {
  /** Every value of an option in order; an empty text for one that takes none. */
  given(name: string): readonly string[];
  readonly positionals: readonly string[];
}

function parse(command: Pick<Command, "options" | "settings">, args: readonly string[]): Parsed {
  const all = optionsOf(command);
  const kinds = all.map(([name, { placeholder }]) => {
    const type = placeholder === undefined ? ("boolean" as const) : ("string" as const);
    return [name, { type, multiple: true as const }] as const;
  });
  const help = { type: "boolean", multiple: true, short: "h" } as const;
  const options = { ...Object.fromEntries(kinds), help };
  try {
    const filled = withValues(args, all);
    const { values, positionals } = parseArgs({ args: filled, options, allowPositionals: true });
    const given = (name: string) =>
      (values[name as keyof typeof values] ?? []).map((value) =>
        value === true ? "" : `${value}`,
      );
    return { given, positionals };
  } catch (error) {
    throw usageErrorOf(error);
  }
}

/** The arguments, where parseArgs knows no option that may do without its value. */
function withValues(
  args: readonly string[],
  options: readonly [string, Option<unknown>][],
): string[] {
  const end = args.indexOf("--");
  const bare = new Map(options.map(([name, option]) => [`--${name}`, option.bare]));
  return args.map((arg, index) => {
    const value = end >= 0 && index > end ? undefined : bare.get(arg);
    return value === undefined ? arg : `${arg}=${value}`;
  });
}

/** parseArgs's words are good; what else it throws is a defect of ours. */
function usageErrorOf(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!code.startsWith("ERR_PARSE_ARGS_")) return error;
  const [words = ""] = (error as Error).message.split("\n");
  return new UsageError(words);
}

function argumentOf(name: string | undefined, positionals: readonly string[]): string {
  const [argument, ...rest] = positionals;
  const stray = name === undefined ? argument : rest[0];
  if (stray !== undefined) throw new UsageError(`there is one argument too many: ${shown(stray)}`);
  if (name === undefined) return "";
  if (argument === undefined || argument === "") throw new UsageError(`${name} is missing`);
  return argument;
}
