// SPDX-License-Identifier: MPL-2.0
/** The kinds of settings there are: what each accepts, and how it travels to the native side. */

/** One row of the table in settings-table.ts. */
export interface SettingField<T> {
  /** Name of the field of `pf_settings`. */
  readonly native: string;
  /** May change while the capture runs. */
  readonly live: boolean;
  /** The legal values in words, to follow "has to be". */
  readonly expected: string;
  /** The default in words. */
  readonly fallbackText: string;
  /** The value where none is given. */
  fallback(): T;
  /** Further legal values, and what they stand for. */
  readonly synonyms?: ReadonlyMap<unknown, T>;
  accepts(value: unknown): value is T;
  /** The value as `pf_settings` holds it. */
  toNative(value: T): number | string;
}

/** Whether a field may change while the capture runs; the default is that it may. */
export interface FieldOptions {
  readonly live?: boolean;
}

/** An integer from `min` to `max`, both legal. */
export function integer(
  native: string,
  min: number,
  max: number,
  fallback: number,
  { live = true }: FieldOptions = {},
): SettingField<number> {
  return {
    native,
    live,
    expected: `an integer from ${min} to ${max}`,
    fallbackText: String(fallback),
    fallback: () => fallback,
    accepts: (value): value is number => isIntegerWithin(value, min, max),
    toNative: (value) => value,
  };
}

/** A region's edge length in px: an integer, or `undefined` for the rest of the screen. */
export function extent(native: string, max: number): SettingField<number | undefined> {
  return {
    native,
    live: true,
    expected: `an integer from 1 to ${max}`,
    fallbackText: "the rest of the screen",
    fallback: () => undefined,
    accepts: (value): value is number => isIntegerWithin(value, 1, max),
    toNative: (value) => value ?? 0,
  };
}

/** A number from `min` to `max`, both legal, fractions too. */
export function decimal(
  native: string,
  min: number,
  max: number,
  fallback: number,
): SettingField<number> {
  return {
    native,
    live: true,
    expected: `a number from ${min} to ${max}`,
    fallbackText: String(fallback),
    fallback: () => fallback,
    accepts: (value): value is number => typeof value === "number" && value >= min && value <= max,
    toNative: (value) => value,
  };
}

/** `true` or `false`, nothing that merely counts as one of them. */
export function flag(native: string, fallback: boolean): SettingField<boolean> {
  return {
    native,
    live: true,
    expected: "true or false",
    fallbackText: String(fallback),
    fallback: () => fallback,
    accepts: (value): value is boolean => typeof value === "boolean",
    toNative: Number,
  };
}

/** One of some words, of which the first is the default; its index is the native value. */
export function choice<const Words extends readonly [string, ...string[]]>(
  native: string,
  words: Words,
  { live = true }: FieldOptions = {},
): SettingField<Words[number]> {
  return {
    native,
    live,
    expected: `one of ${words.map((word) => `"${word}"`).join(", ")}`,
    fallbackText: `"${words[0]}"`,
    fallback: () => words[0],
    accepts: (value): value is Words[number] => typeof value === "string" && words.includes(value),
    toNative: (value) => words.indexOf(value),
  };
}

/** What {@link choice} takes, and instead of two of the words also `true` and `false`. */
export function switchable<const Words extends readonly [string, ...string[]]>(
  native: string,
  words: Words,
  on: Words[number],
  off: Words[number],
): SettingField<Words[number]> {
  const field = choice(native, words);
  const synonyms = new Map<unknown, Words[number]>([
    [true, on],
    [false, off],
  ]);
  return { ...field, synonyms, expected: `${field.expected}, true or false` };
}

/** Rows a stripe: `"auto"`, natively 0, or a multiple of `step`. */
export function rows(native: string, step: number, max: number): SettingField<"auto" | number> {
  return {
    native,
    live: true,
    expected: `"auto" or a multiple of ${step} from ${step} to ${max}`,
    fallbackText: '"auto"',
    fallback: () => "auto",
    accepts: (value): value is "auto" | number =>
      value === "auto" || (isIntegerWithin(value, step, max) && Number(value) % step === 0),
    toNative: (value) => (value === "auto" ? 0 : value),
  };
}

/** A name that is never empty. `bytesMax` counts UTF-8 without the closing NUL. */
export function name(
  native: string,
  bytesMax: number,
  fallback: () => string,
  fallbackText: string,
): SettingField<string> {
  return {
    native,
    live: false,
    expected: `a string of 1 to ${bytesMax} bytes without NUL`,
    fallbackText,
    fallback,
    accepts: (value): value is string => value !== "" && isText(value, bytesMax),
    toNative: (value) => value,
  };
}

/** An id of 32 bits, natively 0 for none. */
export function id(native: string): SettingField<number | undefined> {
  return {
    native,
    live: false,
    expected: `an integer from 1 to ${ID_MAX}`,
    fallbackText: "none",
    fallback: () => undefined,
    accepts: (value): value is number => isIntegerWithin(value, 1, ID_MAX),
    toNative: (value) => value ?? 0,
  };
}

const ID_MAX = 0xffffffff;

/** A name that may be left out, but is never empty. `bytesMax` as in {@link name}. */
export function optionalName(native: string, bytesMax: number): SettingField<string | undefined> {
  return {
    native,
    live: false,
    expected: `a string of 1 to ${bytesMax} bytes without NUL`,
    fallbackText: "none",
    fallback: () => undefined,
    accepts: (value): value is string => value !== "" && isText(value, bytesMax),
    toNative: (value) => value ?? "",
  };
}

/** A file's path; `undefined` and `""` mean none. `bytesMax` as in {@link name}. */
export function path(
  native: string,
  bytesMax: number,
  { live = true, fallbackText = "none" }: FieldOptions & { readonly fallbackText?: string } = {},
): SettingField<string | undefined> {
  return {
    native,
    live,
    expected: `a string of at most ${bytesMax} bytes without NUL`,
    fallbackText,
    fallback: () => undefined,
    accepts: (value): value is string => isText(value, bytesMax),
    toNative: (value) => value ?? "",
  };
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}

/** Lone surrogates are refused because UTF-8 would silently turn them into U+FFFD. */
function isText(value: unknown, bytesMax: number): value is string {
  return (
    typeof value === "string" &&
    value.isWellFormed() &&
    !value.includes("\0") &&
    Buffer.byteLength(value) <= bytesMax
  );
}
