// SPDX-License-Identifier: MPL-2.0
/** How those of the examples that are programs begin and end. */
import { constants } from "node:os";

/** A program with options. */
export interface Program<Options> {
  /** In front of what it complains of. */
  readonly name: string;
  /** What `--help` prints. */
  readonly help: string;
  /** @throws {Error} what is wrong with the arguments. */
  readonly readOptions: (args: string[]) => Options | "help";
  /** Gives the exit code. */
  readonly run: (options: Options) => Promise<number>;
}

/** Runs it, and ends the process: with 1 where it fails, with 2 where its command line is wrong. */
export async function runProgram<Options>(program: Program<Options>): Promise<never> {
  let options: Options | "help";
  try {
    options = program.readOptions(process.argv.slice(2));
  } catch (error) {
    complain(program.name, error);
    console.error("For the options: --help");
    process.exit(2);
  }
  if (options === "help") {
    console.log(program.help);
    process.exit(0);
  }
  try {
    process.exit(await program.run(options));
  } catch (error) {
    complain(program.name, error);
    process.exit(1);
  }
}

/** Says on stderr what went wrong. */
export function complain(name: string, error: unknown): void {
  const words = error instanceof Error ? error.message : String(error);
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  console.error(`${name}: ${words}${isTaken ? " Choose another by --port." : ""}`);
}

/** How the program ends: a promise of its exit code, which a signal resolves, too. */
export function ending(): PromiseWithResolvers<number> {
  const ended = Promise.withResolvers<number>();
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => ended.resolve(128 + constants.signals[signal]));
  }
  return ended;
}

/** An option that is a whole number. @throws {Error} that names it. */
export function integerOption(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`--${name}: ${min} to ${max} expected, received "${text}"`);
}
