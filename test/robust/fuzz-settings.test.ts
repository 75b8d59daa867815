// SPDX-License-Identifier: MPL-2.0
// Any JavaScript value in any setting: it is taken, and the native side takes it too, or a
// PixelfluxError names the setting; no code of the value's is run, and nothing has changed.
import { expect, test } from "bun:test";
import { type CaptureSettings, PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { SETTING_FIELDS } from "../../src/settings.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { anyValue, type Pick } from "../support/values.ts";
import { expectNothingLeft } from "../unit/synthetic.ts";

type Name = keyof typeof SETTING_FIELDS;
const NAMES = Object.keys(SETTING_FIELDS) as Name[];
const FIXED = ["display", "window", "monitor", "stripeHeader", "queueFrames"];

/** Whatever is wrong with a value, the message stays readable. */
const MESSAGE_LENGTH_MAX = 1500;

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;

/** The error that was thrown, if it is ours; undefined where none was. */
function refusalOf(run: () => unknown): PixelfluxError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof PixelfluxError) return error;
    throw error;
  }
}

/** What a setting's value stands for. */
function meant(name: string, value: unknown): unknown {
  const synonyms = SETTING_FIELDS[name as Name]?.synonyms;
  return synonyms?.has(value) ? synonyms.get(value) : value;
}

function expectNamed(error: PixelfluxError, names: readonly string[]): void {
  expect(error.code).toBe("ERR_INVALID_SETTING");
  expect(names).toContain(error.field as string);
  expect(error.message).toContain(error.field as string);
  expect(error.message.length).toBeLessThan(MESSAGE_LENGTH_MAX);
}

test(`a value is taken as it is, or refused by name ${label}`, () => {
  const pick = random(seed);
  const seen = { taken: 0, refused: 0 };
  for (const _ of rounds(40_000)) {
    const name = NAMES[pick(NAMES.length)] as Name;
    const value = anyValue(pick);
    let capture: ScreenCapture | undefined;
    const error = refusalOf(() => {
      capture = new ScreenCapture({ [name]: value } as CaptureSettings);
    });
    if (error === undefined) {
      const taken = meant(name, value);
      expect(Object.is(capture?.settings[name], taken)).toBe(true);
      expect(SETTING_FIELDS[name].accepts(taken)).toBe(true);
      seen.taken += 1;
    } else {
      expectNamed(error, [name]);
      seen.refused += 1;
    }
  }
  expect(seen.taken).toBeGreaterThan(500);
  expect(seen.refused).toBeGreaterThan(5000);
});

/** Some settings, most of them wrong. */
function someSettings(pick: Pick, count: number): Record<string, unknown> {
  const names = Array.from({ length: count }, () => NAMES[pick(NAMES.length)] as Name);
  return Object.fromEntries(names.map((name) => [name, anyValue(pick)]));
}

test(`an update is made whole or not at all ${label}`, () => {
  const pick = random(seed + 1);
  const capture = new ScreenCapture();
  let made = 0;
  for (const _ of rounds(20_000)) {
    const before = capture.settings;
    const change = someSettings(pick, 1 + pick(3));
    const error = refusalOf(() => capture.update(change));
    if (error === undefined) {
      const taken = Object.entries(change).map(([name, value]) => [name, meant(name, value)]);
      expect(capture.settings).toEqual({ ...before, ...Object.fromEntries(taken) });
      made += 1;
    } else {
      expectNamed(error, [...Object.keys(change), ...FIXED]);
      expect(capture.settings).toBe(before);
    }
  }
  expect(made).toBeGreaterThan(100);
});

test(`what is no settings object, or names no setting, is refused ${label}`, () => {
  const pick = random(seed + 2);
  for (const _ of rounds(5000)) {
    const key = String.fromCharCode(...Array.from({ length: 1 + pick(9) }, () => pick(0x300)));
    const error = refusalOf(() => new ScreenCapture({ [key]: anyValue(pick) }));
    expect(error).toMatchObject({ code: "ERR_UNKNOWN_SETTING", field: key });
    expect(error?.message.length).toBeLessThan(MESSAGE_LENGTH_MAX);
    const value = anyValue(pick);
    if (typeof value === "object" && value !== null) continue;
    const whole = refusalOf(() => new ScreenCapture(value as CaptureSettings));
    expect(whole).toMatchObject({ code: "ERR_INVALID_SETTING", field: "settings" });
  }
});

/** Legal values alone: what the table accepts of many. */
function legalSettings(pick: Pick): CaptureSettings {
  const entries = NAMES.filter(
    (name) => !/^(display|authority|window|monitor|capture[XWH]|captureY|watermarkPath)/.test(name),
  )
    .filter(() => pick(3) === 0)
    .flatMap((name) => {
      for (let attempt = 0; attempt < 40; attempt++) {
        const words = [
          ...["h264", "refine", "middle", "animated", "extended", "legacy", "none"],
          ...["blend", "stream"],
        ];
        const value = pick(3) === 0 ? words[pick(words.length)] : anyValue(pick);
        if (SETTING_FIELDS[name].accepts(value)) return [[name, value]];
      }
      return [];
    });
  return Object.fromEntries(entries);
}

test(`what is accepted is accepted by the native side too ${label}`, async () => {
  const pick = random(seed + 3);
  for (const _ of rounds(300)) {
    const settings = legalSettings(pick);
    const display = `synthetic://${1 + pick(200)}x${1 + pick(200)}@${pick(1000)}`;
    await using capture = new ScreenCapture({ ...settings, display });
    const errors: unknown[] = [];
    capture.on("error", (error) => errors.push(error));
    await capture.start((stripe) => stripe.release());
    for (let change = 0; change < 3; change++) {
      const { stripeHeader: _, queueFrames: __, ...live } = legalSettings(pick);
      capture.update(live);
    }
    expect([settings, errors]).toEqual([settings, []]);
  }
  await expectNothingLeft();
}, 30_000);
