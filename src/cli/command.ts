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
  const types = new Map(Object.entries(options).map(([name, { type }]) => [name, type]));
  // Not strict: what it would refuse is refused below, in words that name the remedy.
  const { tokens, positionals } = parseArgs({
    ...{ args: withValues(args, all), options, allowPositionals: true },
    ...{ strict: false, tokens: true },
  });
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    checkToken(token, types.get(token.name));
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ""]);
  }
  return { given: (name) => values.get(name) ?? [], positionals };
}

/** An option as parseArgs has found it. */
interface OptionToken {
  /** As it was written, with its dashes. */
  readonly rawName: string;
  readonly value?: string | undefined;
  /** Whether the value stood behind a `=`. */
  readonly inlineValue?: boolean | undefined;
}

/** @param type - `undefined` where there is no such option. @throws {UsageError} */
function checkToken({ rawName, value, inlineValue }: OptionToken, type?: "boolean" | "string") {
  if (type === undefined) throw new UsageError(`there is no option ${shown(rawName)}`);
  if (type === "boolean") {
    if (value === undefined) return;
    throw new UsageError(`${rawName} takes no value, but is given ${shown(value)}`);
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value`);
  if (inlineValue || !/^-./.test(value)) return;
  throw new UsageError(
    `${rawName} needs a value; one that begins with a dash goes behind a "=": ${shown(`${rawName}=${value}`)}`,
  );
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

function argumentOf(name: string | undefined, positionals: readonly string[]): string {
  const [argument, ...rest] = positionals;
  const stray = name === undefined ? argument : rest[0];
  if (stray !== undefined) throw new UsageError(`there is one argument too many: ${shown(stray)}`);
  if (name === undefined) return "";
  if (argument === undefined || argument === "") throw new UsageError(`${name} is missing`);
  return argument;
}
