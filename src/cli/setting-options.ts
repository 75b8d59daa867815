// SPDX-License-Identifier: MPL-2.0
/**
 * The capture's settings as options: made from the table that validates them, so
 * that there is an option for each setting there is.
 */
import {
  type CaptureSettings,
  type ResolvedSettings,
  SETTING_FIELDS,
  type TableSetting,
} from "../settings.ts";
import { numberOf, type Option, refused } from "./option.ts";
import { SETTING_WORDS } from "./setting-words.ts";

/** The name of a setting that can be written down. */
export type SettingName = TableSetting;

/** The settings that a command has options for. */
export interface SettingChoice {
  /** Whether there is an option for this one. */
  includes(name: SettingName): boolean;
  /** Where a command's default is another than the capture's. */
  readonly defaults?: Partial<ResolvedSettings>;
}

/** Names that say more on a command line than the setting's own. */
const OPTION_NAMES: Partial<Record<SettingName, string>> = { outputMode: "codec" };

/** One setting's option. */
export interface SettingOption {
  readonly setting: SettingName;
  /** Without the dashes. */
  readonly name: string;
  readonly option: Option<unknown>;
}

/** The options of a choice of settings, in the table's order. */
export function settingOptions({ includes, defaults = {} }: SettingChoice): SettingOption[] {
  return (Object.keys(SETTING_FIELDS) as SettingName[])
    .filter(includes)
    .map((setting) => settingOption(setting, defaults[setting]));
}

/**
 * The settings that the command line names, and the command's defaults.
 *
 * @param read - gives what an option was given.
 */
export function settingsFrom(
  choice: SettingChoice,
  read: (name: string, option: Option<unknown>) => unknown,
): CaptureSettings {
  const given = settingOptions(choice)
    .map(({ setting, name, option }) => [setting, read(name, option)] as const)
    .filter(([, value]) => value !== undefined);
  return { ...choice.defaults, ...Object.fromEntries(given) };
}

/** The option for a setting or another option in camelCase, with its dashes. */
export function optionName(field: string): string {
  const name = OPTION_NAMES[field as SettingName] ?? kebabOf(field);
  return `--${isOnByDefault(field) ? "no-" : ""}${name}`;
}

/** `h264PaintOverCrf` is `h264-paint-over-crf`. */
function kebabOf(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function isOnByDefault(field: string): boolean {
  return Object.hasOwn(SETTING_FIELDS, field) && isOn(field as SettingName);
}

/** Asked only of flags, since other defaults may look at the environment. */
function isOn(setting: SettingName): boolean {
  const field = SETTING_FIELDS[setting];
  return field.accepts(true) && field.fallback() === true;
}

function settingOption(setting: SettingName, fallback: unknown): SettingOption {
  const { accepts, expected, fallbackText, synonyms } = SETTING_FIELDS[setting];
  const name = optionName(setting).slice("--".length);
  const words = SETTING_WORDS[setting];
  if (accepts(true)) {
    const value = !isOn(setting);
    const read = (_: string, given: readonly string[]) => (given.length > 0 ? value : undefined);
    const text = words ?? `${setting}: ${value}`;
    return { setting, name, option: { placeholder: undefined, words: text, read } };
  }
  const legal = [words, takesAnyText(setting) && words ? undefined : expected];
  const text = `${legal.filter((part) => part !== undefined).join(": ")}; default ${fallback === undefined ? fallbackText : JSON.stringify(fallback)}`;
  const read = (option: string, given: readonly string[]) =>
    given.map((value) => settingValue(setting, option, value)).at(-1);
  const bare = synonyms?.get(true);
  const alone = typeof bare === "string" ? { bare } : {};
  return { setting, name, option: { placeholder: "VALUE", ...alone, words: text, read } };
}

/** Ids of windows are often told in hexadecimal, as by xwininfo. */
function idOf(text: string): number | undefined {
  return /^0x[0-9a-f]+$/i.test(text) ? Number(text) : numberOf(text);
}

/** What may be in a text is of no interest to people, as opposed to what it is for. */
function takesAnyText(setting: SettingName): boolean {
  return SETTING_FIELDS[setting].accepts("any text");
}

/** What a text stands for: itself where the setting takes texts, else a number. */
function settingValue(setting: SettingName, option: string, text: string): unknown {
  const { accepts, expected, synonyms } = SETTING_FIELDS[setting];
  if (accepts(text)) return text;
  if (synonyms && (text === "true" || text === "false")) return synonyms.get(text === "true");
  const value = setting === "window" ? idOf(text) : numberOf(text);
  if (accepts(value) && value !== undefined) return value;
  throw refused(option, expected, text);
}
