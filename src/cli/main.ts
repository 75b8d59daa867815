#!/usr/bin/env bun
// SPDX-License-Identifier: MPL-2.0
/** The command line: `bunx pixelflux-ffi COMMAND [options]`. */
import manifest from "../../package.json" with { type: "json" };
import { PixelfluxError } from "../index.ts";
import { SETTING_FIELDS } from "../settings.ts";
import { printable } from "../x11/printable.ts";
import { bench } from "./bench.ts";
import { type Command, optionsOf } from "./command.ts";
import { doctor } from "./doctor.ts";
import { commandHelp, programHelp } from "./help.ts";
import { list } from "./list.ts";
import { shown, UsageError } from "./option.ts";
import { OutputClosed, takeStreamErrors, tell, writeResult } from "./output.ts";
import { record } from "./record.ts";
import { serve } from "./serve.ts";
import { optionName } from "./setting-options.ts";
import { shot } from "./shot.ts";

const COMMANDS = [serve, shot, record, list, doctor, bench];

/** Does what the command line says; gives the exit code. */
async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === "--help" || name === "-h") return show(programHelp(COMMANDS));
  if (name === "--version" || name === "-v") return show(`${manifest.version}\n`);
  if (name === "help") return args.length === 0 ? run(["--help"]) : run([...args, "--help"]);
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) throw new UsageError(noCommand(name));
  const code = await command.run(args);
  return code === "help" ? show(commandHelp(command)) : code;
}

async function show(text: string): Promise<number> {
  await writeResult(text);
  return 0;
}

function noCommand(name: string | undefined): string {
  const names = COMMANDS.map((command) => command.name).join(", ");
  if (name === undefined) return `a command is missing: ${names}`;
  if (name.startsWith("-")) return `the command comes first, and then ${shown(name)}: ${names}`;
  return `there is no command ${shown(name)}: ${names}`;
}

/** Tells of a failure; gives the exit code. */
function failed(error: unknown, name: string | undefined): number {
  if (error instanceof OutputClosed) return 0;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  const program = command === undefined ? "pixelflux-ffi" : `pixelflux-ffi ${command.name}`;
  const usage = usageWords(error, command);
  const words = usage ?? failureWords(error);
  // They may repeat what was given, or what a server has said.
  tell(`${program}: ${printable(words)}`);
  if (usage !== undefined) {
    tell(`See: ${program} --help`);
    return 2;
  }
  if (isForList(error)) tell("To see what there is: pixelflux-ffi list --windows");
  if (isForDoctor(error)) tell("To find out why: pixelflux-ffi doctor");
  return 1;
}

/** What is wrong with the command line; `undefined` for another failure. */
function usageWords(error: unknown, command: Command | undefined): string | undefined {
  if (error instanceof UsageError) return error.message;
  if (!(error instanceof PixelfluxError) || error.field === undefined) return undefined;
  // What is not there now may have been when the line was written, or be another machine's.
  if (!/^ERR_(INVALID_SETTING|UNKNOWN_SETTING|CODEC_MISSING)$/.test(error.code)) return undefined;
  // "fanout: viewersMax has to be …" is "--viewers-max has to be …" here.
  const [, words = error.message] = /^[^:]+: (.*)$/s.exec(error.message) ?? [];
  const name = optionName(error.field);
  const options = command === undefined ? [] : optionsOf(command).map(([option]) => `--${option}`);
  if (!options.includes(name)) return undefined; // what it decides itself, as record does the codec
  return words.includes(error.field) ? words.replace(error.field, name) : `${name}: ${words}`;
}

/** What has failed: without the name of the call, and with options in the place of settings. */
function failureWords(error: unknown): string {
  if (!(error instanceof PixelfluxError))
    return error instanceof Error ? error.message : `${error}`;
  const { message, operation, field = operation } = error;
  // A field that is no setting is a parameter of the call, which has no name here.
  const unnamed = Object.hasOwn(SETTING_FIELDS, field) ? [operation] : [operation, field];
  const words = unnamed.reduce(
    (text, name) => (text.startsWith(`${name}: `) ? text.slice(name.length + ": ".length) : text),
    message,
  );
  const named = (name: string) => (Object.hasOwn(SETTING_FIELDS, name) ? optionName(name) : name);
  return words
    .replace(/^\w+(?:, \w+)*(?=: )/, (names) => names.replace(/\w+/g, named))
    .replace(/the setting (\w+)/g, (_, name: string) => named(name));
}

/** Whether what was to be captured is not there, or not so large. */
function isForList(error: unknown): boolean {
  return error instanceof PixelfluxError && /^ERR_(WINDOW|MONITOR|REGION)_/.test(error.code);
}

/** Whether the way to the display, or to the library, is what has failed. */
function isForDoctor(error: unknown): boolean {
  if (!(error instanceof PixelfluxError)) return false;
  return /^ERR_(DISPLAY|LIBRARY|ABI)_/.test(error.code);
}

takeStreamErrors();
const args = process.argv.slice(2);
const code = await run(args).catch((error: unknown) => failed(error, args[0]));
process.exit(code);
