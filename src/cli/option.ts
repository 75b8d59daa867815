// SPDX-License-Identifier: MPL-2.0
/** The kinds of options there are: what each accepts, and what the help says of it. */

/** The command line is wrong: told with a pointer to the help, and exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One option of a command. */
export interface Option<T> {
  /** What stands for the value in the help; `undefined` for one without a value. */
  readonly placeholder: string | undefined;
  /** What it stands for where it has no value: that is then given behind a `=` only. */
  readonly bare?: string;
  /** What it does, its legal values and its default, for the help. */
  readonly words: string;
  /**
   * The value to use.
   *
   * @param name - as it is written, such as `--port`.
   * @param given - every value in order; empty where the option was left out, and
   *   of empty texts for an option without a value.
   * @throws {UsageError}
   */
  read(name: string, given: readonly string[]): T;
}

/** Options by their names without the dashes. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** What a command gets for its options. */
export type ValuesOf<O extends Options> = { readonly [K in keyof O]: ReturnType<O[K]["read"]> };

/** An option without a value: whether it was given. */
export function flagOption(words: string): Option<boolean> {
  return { placeholder: undefined, words, read: (_, given) => given.length > 0 };
}

/** Any text but an empty one. */
export function textOption(placeholder: string, words: string): Option<string | undefined> {
  return {
    placeholder,
    words,
    read: (name, given) => given.map((text) => filled(name, text)).at(-1),
  };
}

/** Texts with commas between them; given several times, they add up. */
export function listOption(placeholder: string, words: string): Option<readonly string[]> {
  return {
    placeholder,
    words,
    read: (name, given) =>
      given.flatMap((texts) => texts.split(",").map((text) => filled(name, text.trim()))),
  };
}

/** One of some words. */
export function choiceOption<const Words extends readonly string[]>(
  choices: Words,
  words: string,
): Option<Words[number] | undefined> {
  const expected = `one of ${choices.map((word) => JSON.stringify(word)).join(", ")}`;
  const check = (name: string, text: string): Words[number] => {
    if (choices.includes(text)) return text;
    throw refused(name, expected, text);
  };
  return {
    placeholder: "WORD",
    words: `${words}; ${expected}`,
    read: (name, given) => given.map((text) => check(name, text)).at(-1),
  };
}

/** What a number may be. */
interface NumberRange {
  /** The smallest legal value. */
  readonly min: number;
  /** The largest legal value. */
  readonly max: number;
  /** The legal values in words, to follow "has to be". */
  readonly expected: string;
}

/** A number, `undefined` where none is given. */
export function numberOption(words: string, range: NumberRange): Option<number | undefined> {
  const check = (name: string, text: string) => {
    const value = numberOf(text);
    if (value !== undefined && value >= range.min && value <= range.max) return value;
    throw refused(name, range.expected, text);
  };
  return {
    placeholder: "N",
    words,
    read: (name, given) => given.map((text) => check(name, text)).at(-1),
  };
}

/** A whole number, `undefined` where none is given. */
export function integerOption(words: string, min: number, max: number): Option<number | undefined> {
  const option = numberOption(words, { min, max, expected: `an integer from ${min} to ${max}` });
  const read = (name: string, given: readonly string[]) => {
    const value = option.read(name, given);
    if (value === undefined || Number.isInteger(value)) return value;
    throw refused(name, `an integer from ${min} to ${max}`, given.at(-1) ?? "");
  };
  return { ...option, read };
}

/** A time in seconds; more than a week is as good as for ever. */
export function secondsOption(words: string): Option<number | undefined> {
  const expected = `a number of seconds above 0, at most ${SECONDS_MAX}`;
  return numberOption(words, { min: Number.MIN_VALUE, max: SECONDS_MAX, expected });
}

/** A timer's longest time is 2^31 − 1 ms. */
const SECONDS_MAX = 604_800;

/** A decimal number as people write one; what `Number` takes beyond that is refused. */
export function numberOf(text: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** @param expected - the legal values in words, to follow "has to be". */
export function refused(name: string, expected: string, text: string): UsageError {
  return new UsageError(`${name} has to be ${expected}, but is ${shown(text)}`);
}

/** A text from the command line as a message shows it. */
export function shown(text: string): string {
  const cut = text.length > SHOWN_LENGTH_MAX;
  return cut ? `${JSON.stringify(text.slice(0, SHOWN_LENGTH_MAX))}…` : JSON.stringify(text);
}

const SHOWN_LENGTH_MAX = 80;

function filled(name: string, text: string): string {
  if (text !== "") return text;
  throw new UsageError(`${name} needs a value that is not empty`);
}
