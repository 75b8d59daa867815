// SPDX-License-Identifier: MPL-2.0
// The fan-out's pure parts: options, admission, pace, allowance, broken rows.
import { describe, expect, test } from "bun:test";
import { ScreenCapture } from "pixelflux-ffi";
import { captureSource, fanout } from "pixelflux-ffi/server";
import { refusalOf } from "../../src/server/admission.ts";
import { MessageAllowance } from "../../src/server/control.ts";
import { prometheusText } from "../../src/server/metrics.ts";
import { resolveOptions } from "../../src/server/options.ts";
import { PaceKeeper, pacedSettings } from "../../src/server/pace.ts";
import { BrokenRows } from "../../src/server/rows.ts";
import { random, seedOfRun } from "../support/random.ts";
import { FakeSource } from "./fake-feed.ts";

describe("options", () => {
  test.each([
    ["token", "short"],
    ["token", 5],
    ["origins", "https://desk.example.com"],
    ["origins", ["https://desk.example.com/"]],
    ["origins", ["*"]],
    ["viewersMax", 0],
    ["viewersMax", 1.5],
    ["idleMs", -1],
    ["budgetBytes", 0],
    ["budgetBytes", Number.NaN],
    ["stallMs", "10"],
    ["lagMs", 1],
    ["adapt", 1],
    ["viewerQuality", "yes"],
    ["codecs", []],
    ["codecs", ["vp9"]],
    ["codecs", "jpeg"],
    ["onStripe", 4],
    ["onError", null],
  ])("%s: %p is refused by name", (field, value) => {
    const make = () => fanout(new FakeSource("h264", "jpeg"), { [field]: value } as object);
    expect(make).toThrow(expect.objectContaining({ code: "ERR_INVALID_SETTING", field }));
    expect(make).toThrow(new RegExp(`fanout: ${field} has to be .*, but is `));
  });

  test("one that does not exist is refused with those that do", () => {
    const make = () => fanout(new FakeSource("jpeg"), { tokens: "x" } as object);
    expect(make).toThrow(expect.objectContaining({ code: "ERR_UNKNOWN_SETTING", field: "tokens" }));
    expect(make).toThrow(/viewersMax/);
  });

  test("undefined is the default", () => {
    const options = { token: undefined, idleMs: undefined, budgetBytes: undefined };
    expect(resolveOptions(options, ["jpeg"])).toMatchObject({ idleMs: 5000, codecs: ["jpeg"] });
  });
});

describe("a capture as a source", () => {
  const display = "synthetic://64x64@30";

  test("its own codec comes first", () => {
    const of = (outputMode: "jpeg" | "h264") =>
      captureSource(new ScreenCapture({ display, outputMode })).codecs;
    expect(of("jpeg")).toEqual(["jpeg", "h264"]);
    expect(of("h264")).toEqual(["h264", "jpeg"]);
  });

  test.each(["legacy", "none"] as const)("header kind %s is refused", (stripeHeader) => {
    const make = () => fanout(new ScreenCapture({ display, stripeHeader }));
    expect(make).toThrow(expect.objectContaining({ field: "stripeHeader" }));
  });

  test("one that runs is refused, and what is none", async () => {
    await using capture = new ScreenCapture({ display });
    await capture.start((stripe) => stripe.release());
    expect(() => fanout(capture)).toThrow(expect.objectContaining({ code: "ERR_ALREADY_RUNNING" }));
    expect(() => captureSource(5 as unknown as ScreenCapture)).toThrow(/capture has to be/);
  });
});

describe("admission", () => {
  const token = "0123456789abcdef";
  const status = (url: string, headers: Record<string, string> = {}, options = {}) =>
    refusalOf(new Request(url, { headers }), options)?.status;

  test.each([
    ["http://127.0.0.1:9001/stream", "http://127.0.0.1:9001"],
    ["http://localhost:9001/stream", "http://localhost:9001"],
    ["http://[::1]:9001/stream", "http://[::1]:9001"],
    ["https://192.168.1.7/stream", "https://192.168.1.7"],
  ])("%s lets its own page in", (url, origin) => {
    expect(status(url, { origin })).toBeUndefined();
    expect(status(url)).toBeUndefined(); // no browser
  });

  test.each([
    ["another page", "http://127.0.0.1:9001/stream", "http://evil.example"],
    ["another port", "http://127.0.0.1:9001/stream", "http://127.0.0.1:9002"],
    ["another scheme", "http://127.0.0.1:9001/stream", "https://127.0.0.1:9001"],
    ["no origin that is one", "http://127.0.0.1:9001/stream", "null"],
    [
      "a name that was pointed to us",
      "http://evil.example:9001/stream",
      "http://evil.example:9001",
    ],
    [
      "a name that looks like an address",
      "http://127.0.0.1.evil.example/s",
      "http://127.0.0.1.evil.example",
    ],
  ])("%s is refused", (_, url, origin) => {
    expect(status(url, { origin })).toBe(403);
  });

  test("origins that are named are let in, and no others", () => {
    const options = { origins: ["https://desk.example.com"] };
    const url = "http://10.0.0.1/stream";
    expect(status(url, { origin: "https://desk.example.com" }, options)).toBeUndefined();
    expect(status(url, { origin: "https://desk.example.com.evil.example" }, options)).toBe(403);
    expect(status(url, { origin: "http://desk.example.com" }, options)).toBe(403);
  });

  test.each([
    ["", 401 as number | undefined],
    ["?token=", 401],
    ["?token=0123456789abcde", 401],
    ["?token=0123456789abcdef0", 401],
    ["?token=0123456789ABCDEF", 401],
    ["?token=0123456789abcdef", undefined],
  ])("token %p", (query, expected) => {
    const given: number | undefined = status(`http://127.0.0.1/stream${query}`, {}, { token });
    expect(given).toBe(expected as number);
  });

  test("a token may come as a bearer's", () => {
    const url = "http://127.0.0.1/stream";
    const authorization = `Bearer ${token}`;
    expect(status(url, { authorization }, { token })).toBeUndefined();
    expect(status(url, { authorization: "Bearer x" }, { token })).toBe(401);
    expect(
      status(`${url}?token=${token}`, { authorization: "Basic x" }, { token }),
    ).toBeUndefined();
  });
});

describe("pace", () => {
  const base = {
    ...{ targetFps: 60, jpegQuality: 75, paintOverJpegQuality: 90 },
    ...{ h264Crf: 25, h264PaintOverCrf: 18 },
  };

  test("normal at full pace is what was asked for", () => {
    expect(pacedSettings(base, 0, "normal")).toEqual(base);
  });

  test("each step asks less, each quality more than the one below", () => {
    for (const quality of ["low", "normal", "high"] as const) {
      for (const step of [1, 2, 3, 4] as const) {
        const [more, less] = [
          pacedSettings(base, (step - 1) as 0 | 1 | 2 | 3, quality),
          pacedSettings(base, step, quality),
        ];
        expect(less.targetFps).toBeLessThan(more.targetFps);
        expect(less.jpegQuality).toBeLessThan(Math.max(more.jpegQuality, 21)); // the floor is 20
        expect(less.h264Crf).toBeGreaterThan(more.h264Crf);
      }
    }
    const [low, high] = [pacedSettings(base, 0, "low"), pacedSettings(base, 0, "high")];
    expect(low.jpegQuality).toBeLessThan(75);
    expect(high.h264Crf).toBeLessThan(25);
    expect(high.paintOverJpegQuality).toBeGreaterThan(90);
  });

  test("whatever was asked for, a capture takes it", () => {
    const seed = seedOfRun();
    const pick = random(seed);
    for (let count = 0; count < 2000; count++) {
      const asked = {
        ...{ targetFps: 1 + pick(240), jpegQuality: pick(101), paintOverJpegQuality: pick(101) },
        ...{ h264Crf: pick(52), h264PaintOverCrf: pick(52) },
      };
      const step = pick(5) as 0 | 1 | 2 | 3 | 4;
      const quality = (["low", "normal", "high"] as const)[pick(3)] ?? "low";
      const settings = pacedSettings(asked, step, quality);
      expect(() => new ScreenCapture(settings), `PF_SEED=${seed}`).not.toThrow();
    }
  });

  test("a step up that does not last makes the next one wait longer", () => {
    const pace = new PaceKeeper();
    let nowMs = 0;
    const upAfter = () => {
      const startMs = nowMs;
      while (!pace.note(nowMs, false)) nowMs += 1000;
      return nowMs - startMs;
    };
    const down = () => {
      while (!pace.note(nowMs, true)) nowMs += 1000;
    };
    down();
    const first = upAfter();
    down();
    const second = upAfter();
    expect(second).toBeGreaterThanOrEqual(first * 1.5);
    expect(pace.step).toBe(0);
  });

  test("short delays change nothing", () => {
    const pace = new PaceKeeper();
    for (let second = 0; second < 100; second++) {
      expect(pace.note(second * 600, second % 2 === 0)).toBe(false);
    }
  });
});

describe("a viewer's allowance", () => {
  test("is enough for one that behaves", () => {
    const allowance = new MessageAllowance(0);
    for (let ms = 0; ms < 60_000; ms += 20) expect(allowance.spend(ms, true)).toBe(true);
  });

  test("is spent by a flood, and by nonsense sooner", () => {
    const spent = (makesSense: boolean) => {
      const allowance = new MessageAllowance(0);
      let count = 0;
      while (allowance.spend(0, makesSense)) count += 1;
      return count;
    };
    expect(spent(true)).toBe(200);
    expect(spent(false)).toBe(10);
  });
});

test("broken rows: against a list of booleans", () => {
  const seed = seedOfRun();
  const pick = random(seed);
  const rows = new BrokenRows(40);
  const model = Array<boolean>(40).fill(true);
  for (let count = 0; count < 5000; count++) {
    const band = { y: pick(44), height: 1 + pick(20) };
    const isBreak = pick(2) === 0;
    if (isBreak) rows.break(band);
    else rows.mend(band);
    model.fill(isBreak, band.y, band.y + band.height);
    const asked = { y: pick(40), height: 1 + pick(40) };
    const expected = model.slice(asked.y, asked.y + asked.height).includes(true);
    expect([seed, rows.touches(asked), rows.any]).toEqual([seed, expected, model.includes(true)]);
  }
});

test("Prometheus's text has a line a sample, and no metric without one", () => {
  const source = new FakeSource("h264");
  const empty = prometheusText(fanout(source).stats());
  expect(empty).toContain('pixelflux_refused_total{reason="origin"} 0\n');
  expect(empty).not.toContain("viewer_sent_bytes_total");
  const viewer = {
    ...{ id: 3, address: "127.0.0.1", codec: "h264" as const, connectedMs: 5, sentBytes: 77 },
    ...{
      bufferedBytes: 1,
      frames: 2,
      framesHeld: 4,
      keyframeRequests: 1,
      latencyMs: 12,
      cursorMessages: 6,
    },
    ...{ paused: false, behind: true },
  };
  const text = prometheusText({ ...fanout(source).stats(), viewers: [viewer] });
  expect(text).toContain('pixelflux_viewer_sent_bytes_total{viewer="3",codec="h264"} 77\n');
  expect(text).toContain('pixelflux_viewer_cursor_messages_total{viewer="3",codec="h264"} 6\n');
  expect(text).toContain('pixelflux_viewer_latency_seconds{viewer="3",codec="h264"} 0.012\n');
  for (const line of text.trimEnd().split("\n")) {
    expect(line).toMatch(/^(# (HELP|TYPE) pixelflux_\w+ .+|pixelflux_\w+\{[\w="., ]*\} -?[\d.]+)$/);
  }
});
