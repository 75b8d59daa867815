// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { type CaptureSettings, PixelfluxError, ScreenCapture } from "../../src/index.ts";
import {
  nativeSettings,
  resolveSettings,
  SETTING_FIELDS,
  type TableSetting,
} from "../../src/settings.ts";

const DEFAULTS = {
  source: undefined,
  captureWidth: undefined,
  captureHeight: undefined,
  captureX: 0,
  captureY: 0,
  targetFps: 60,
  captureCursor: "none",
  outputMode: "jpeg",
  jpegQuality: 75,
  paintOverJpegQuality: 90,
  jpegFullColor: false,
  h264Crf: 25,
  h264PaintOverCrf: 18,
  h264PaintOver: "idr",
  h264FullColor: false,
  h264FullFrame: false,
  stripeHeight: "auto",
  usePaintOverQuality: true,
  paintOverTriggerFrames: 15,
  damageBlockThreshold: 10,
  damageBlockDuration: 30,
  watermarkPath: undefined,
  watermarkLocation: "none",
  stripeHeader: "pixelflux",
  queueFrames: 3,
  reconnect: false,
  authorityPath: undefined,
  window: undefined,
  monitor: undefined,
} as const;

/** Legal values and illegal ones of the right type, per field. */
const CASES: Record<TableSetting, { good: unknown[]; bad: unknown[] }> = {
  display: { good: [":0", "x".repeat(255)], bad: ["", "x".repeat(256), "ü".repeat(128), "a\0b"] },
  captureWidth: { good: [1, 16384], bad: [0, 16385, 1.5] },
  captureHeight: { good: [1, 16384], bad: [0, 16385, 1.5] },
  captureX: { good: [0, 32767], bad: [-1, 32768, 0.5] },
  captureY: { good: [0, 32767], bad: [-1, 32768, 0.5] },
  targetFps: { good: [1, 29.97, 240], bad: [0.999, 240.001] },
  captureCursor: { good: ["blend", "stream", "none"], bad: ["", "Blend", "true"] },
  outputMode: { good: ["jpeg", "h264"], bad: ["", "JPEG", "h265", "constructor"] },
  jpegQuality: { good: [0, 100], bad: [-1, 101, 75.5] },
  paintOverJpegQuality: { good: [0, 100], bad: [-1, 101, 75.5] },
  jpegFullColor: { good: [true, false], bad: [] },
  h264Crf: { good: [0, 51], bad: [-1, 52, 25.5] },
  h264PaintOverCrf: { good: [0, 51], bad: [-1, 52, 18.5] },
  h264PaintOver: { good: ["idr", "refine"], bad: ["p", ""] },
  h264FullColor: { good: [true, false], bad: [] },
  h264FullFrame: { good: [true, false], bad: [] },
  stripeHeight: { good: ["auto", 16, 1024], bad: [0, 8, 15, 17, 1040, "Auto", "16", 16.5] },
  usePaintOverQuality: { good: [true, false], bad: [] },
  paintOverTriggerFrames: { good: [1, 1000], bad: [0, 1001, 1.5] },
  damageBlockThreshold: { good: [0, 1000], bad: [-1, 1001, 1.5] },
  damageBlockDuration: { good: [1, 1000], bad: [0, 1001, 1.5] },
  watermarkPath: {
    good: ["", "/a.png", "x".repeat(4095)],
    bad: ["x".repeat(4096), "a\0", "\ud800.png"],
  },
  watermarkLocation: { good: ["middle", "animated"], bad: ["center", ""] },
  stripeHeader: { good: ["legacy", "none", "extended"], bad: ["python", ""] },
  queueFrames: { good: [1, 16], bad: [0, 17, 2.5] },
  reconnect: { good: [true, false], bad: [] },
  authorityPath: {
    good: ["", "/run/cookies", "x".repeat(4095)],
    bad: ["x".repeat(4096), "a\0", "\ud800"],
  },
  window: { good: [1, 0xffffffff], bad: [0, -1, 2 ** 32, 1.5, "0x200001"] },
  monitor: { good: ["DP-1", "x".repeat(127)], bad: ["", "x".repeat(128), "a\0b"] },
};

/** Wrong in every field: no field takes these. */
const NEVER = [null, NaN, Infinity, -Infinity, 5n, Symbol("s"), {}, [], () => 1, new Date(0)];

function refusal(run: () => unknown): PixelfluxError {
  try {
    run();
  } catch (error) {
    if (error instanceof PixelfluxError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Runs something while $DISPLAY has another value. */
function withDisplay<T>(value: string | undefined, run: () => T): T {
  const { DISPLAY } = process.env;
  const set = (display: string | undefined) => {
    if (display === undefined) Reflect.deleteProperty(process.env, "DISPLAY");
    else Object.assign(process.env, { DISPLAY: display });
  };
  set(value);
  try {
    return run();
  } finally {
    set(DISPLAY);
  }
}

const make = (settings: unknown) => new ScreenCapture(settings as CaptureSettings);
const names = Object.keys(SETTING_FIELDS) as TableSetting[];

describe("defaults", () => {
  test("are those of the specification", () => {
    const { display, ...rest } = new ScreenCapture().settings;
    expect(rest).toEqual(DEFAULTS);
    const { DISPLAY } = process.env;
    expect(display).toBe(DISPLAY || ":0");
  });

  test("stand in for undefined", () => {
    const given = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(make(given).settings).toEqual(new ScreenCapture().settings);
  });

  test.each([
    [":9", ":9"],
    ["", ":0"],
    [undefined, ":0"],
  ])("display with $DISPLAY %p is %p", (variable, expected) => {
    expect(withDisplay(variable, () => new ScreenCapture().settings.display)).toBe(expected);
  });

  test("a $DISPLAY that no display can have is refused", () => {
    const error = withDisplay("x".repeat(300), () => refusal(() => new ScreenCapture()));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "display" });
  });

  test("are frozen", () => {
    const { settings } = new ScreenCapture();
    expect(Object.isFrozen(settings)).toBe(true);
    expect(() => Object.assign(settings, { h264Crf: 1 })).toThrow(TypeError);
  });
});

describe.each(names)("%s", (name) => {
  const { good, bad } = CASES[name];

  test("takes its legal values", () => {
    for (const value of good) expect(make({ [name]: value }).settings[name]).toBe(value as never);
  });

  test("refuses values out of range, naming field, value and range", () => {
    for (const value of bad) {
      const error = refusal(() => make({ [name]: value }));
      expect(error).toMatchObject({
        code: "ERR_INVALID_SETTING",
        operation: "new ScreenCapture",
        field: name,
      });
      expect(error.message).toContain(name);
      expect(error.message).toContain(SETTING_FIELDS[name].expected);
      if (typeof value === "number") expect(error.message).toContain(String(value));
    }
  });

  test("refuses other types", () => {
    const wrong = [
      ...NEVER,
      ...["1", 1, true].filter((value) => {
        const { accepts, synonyms } = SETTING_FIELDS[name];
        return !accepts(value) && !synonyms?.has(value);
      }),
    ];
    for (const value of wrong) {
      const error = refusal(() => make({ [name]: value }));
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: name });
    }
  });

  test("is refused by update in the same way", () => {
    const capture = new ScreenCapture();
    const before = capture.settings;
    const error = refusal(() => capture.update({ [name]: NaN }));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", operation: "update", field: name });
    expect(capture.settings).toBe(before);
  });
});

test("the pointer's setting takes true and false for two of its words", () => {
  expect(make({ captureCursor: true }).settings.captureCursor).toBe("blend");
  const capture = make({ captureCursor: "stream" });
  capture.update({ captureCursor: false });
  expect(capture.settings.captureCursor).toBe("none");
  capture.update({ captureCursor: true, h264Crf: 1 });
  expect(capture.settings.captureCursor).toBe("blend");
  const refused = refusal(() => make({ captureCursor: 1 }));
  expect(refused.message).toContain('"none", "blend", "stream", true or false');
});

describe("unknown settings", () => {
  test("are refused by name", () => {
    const error = refusal(() => make({ fps: 30 }));
    expect(error).toMatchObject({ code: "ERR_UNKNOWN_SETTING", field: "fps" });
    expect(error.message).toContain("targetFps");
  });

  test.each([
    ["capture_width", "captureWidth"],
    ["H264CRF", "h264Crf"],
  ])("%p gets the hint %p", (given, meant) => {
    expect(refusal(() => make({ [given]: 1 })).message).toContain(`Did you mean ${meant}?`);
  });

  test.each(["__proto__", "constructor", "toString"])("%p is no setting", (name) => {
    const settings = Object.defineProperty({}, name, { value: 1, enumerable: true });
    expect(refusal(() => make(settings)).code).toBe("ERR_UNKNOWN_SETTING");
  });

  test.each([[null], [5], ["x"], [true], [[]], [() => 1]])(
    "settings may not be %p",
    (settings: unknown) => {
      const error = refusal(() => make(settings));
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "settings" });
    },
  );
});

describe("update before a start", () => {
  test("changes what is given and leaves the rest", () => {
    const capture = new ScreenCapture({ h264Crf: 30, jpegQuality: 10 });
    capture.update({ h264Crf: 40, targetFps: 12.5 });
    expect(capture.settings).toMatchObject({ h264Crf: 40, jpegQuality: 10, targetFps: 12.5 });
    expect(Object.isFrozen(capture.settings)).toBe(true);
  });

  test("undefined returns a field to its default", () => {
    const capture = new ScreenCapture({ captureWidth: 100, h264Crf: 1 });
    capture.update({ captureWidth: undefined, h264Crf: undefined });
    expect(capture.settings).toMatchObject({ captureWidth: undefined, h264Crf: 25 });
  });

  test.each([
    ["display", ":1", ":2"],
    ["stripeHeader", "legacy", "none"],
    ["stripeHeader", "pixelflux", "extended"],
    ["queueFrames", 4, 5],
    ["authorityPath", "/a", "/b"],
    ["window", 4, 5],
    ["monitor", "DP-1", "DP-2"],
  ])("%s is fixed", (name, first, second) => {
    const capture = make({ [name]: first });
    capture.update({ [name]: first, h264Crf: 33 });
    const before = capture.settings;
    const error = refusal(() => capture.update({ [name]: second, h264Crf: 34 }));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: name });
    expect(error.message).toContain("fixed");
    expect(capture.settings).toBe(before);
    expect(before.h264Crf).toBe(33);
  });
});

test.each([
  [{ window: 5, monitor: "DP-1" }, "window"],
  [{ window: 5, display: "synthetic://64x64@1" }, "window"],
  [{ monitor: "DP-1", display: "synthetic://64x64@1" }, "monitor"],
])("%p is a contradiction", (settings, field) => {
  const error = refusal(() => make(settings));
  expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field });
});

test("nativeSettings packs words as their index and what is left out as 0 or empty", () => {
  const settings = resolveSettings(
    { display: ":5", outputMode: "h264", watermarkLocation: "animated", h264PaintOver: "refine" },
    "test",
  );
  expect(nativeSettings(settings)).toMatchObject({
    display: ":5",
    output_mode: 1,
    watermark_location: 6,
    h264_paint_over: 1,
    capture_width: 0,
    stripe_height: 0,
    watermark_path: "",
    use_paint_over_quality: 1,
    capture_cursor: 0,
    stripe_header: 0,
    target_fps: 60,
  });
});
