// SPDX-License-Identifier: MPL-2.0
/** `doctor`: whether everything is there that a capture needs. */
import { ScreenCapture } from "../index.ts";
import { defineCommand } from "./command.ts";
import { captureChecks } from "./doctor/capture.ts";
import type { Check } from "./doctor/check.ts";
import { displayChecks } from "./doctor/display.ts";
import { machineChecks } from "./doctor/machine.ts";
import { flagOption } from "./option.ts";
import { writeJson, writeResult } from "./output.ts";

const MARKS = { ok: "ok", warning: "warn", failed: "FAIL", skipped: "-" } as const;
/** Before the words: the mark, and the longest name of a check. */
const MARK_LENGTH = 6;
const NAME_LENGTH = 19;

export const doctor = defineCommand({
  name: "doctor",
  summary: "Checks what a capture needs, and says how to mend what is missing.",
  notes: `Bun, the platform, the native library, limits, the way to the display, what its server has,
and a first frame in each codec. A warning is no failure: captures work, but slower, or not
everything. No other program is needed, ffmpeg neither. Exit code: 1 where something is missing.
`,
  options: { json: flagOption("one JSON object: ok, and the list of checks") },
  settings: { includes: (name) => name === "display" },
  async run({ values, settings }) {
    const { display } = new ScreenCapture(settings).settings;
    const machine = machineChecks();
    const isSynthetic = display.startsWith("synthetic://");
    const way = isSynthetic ? [] : await displayChecks(settings.display, display);
    const capture = await captureChecks(display, obstacle([...machine, ...way]));
    const checks = [...machine, ...way, ...capture];
    const ok = checks.every(({ status }) => status === "ok" || status === "warning");
    if (values.json) await writeJson({ ok, display, checks });
    else await writeResult(checks.map(checkText).join(""));
    return ok ? 0 : 1;
  },
});

/** Why a capture would fail for certain. */
function obstacle(checks: readonly Check[]): string | undefined {
  const failed = checks.filter(({ status }) => status === "failed").map(({ name }) => name);
  return failed.length === 0 ? undefined : `not tried: see ${failed.join(", ")}`;
}

function checkText({ status, name, words, remedy }: Check): string {
  const indent = " ".repeat(MARK_LENGTH + NAME_LENGTH);
  const [first = "", ...rest] = words.split("\n");
  const remedies = remedy === undefined ? [] : remedy.split("\n").map((line) => `→ ${line}`);
  const head = `${MARKS[status].padEnd(MARK_LENGTH)}${name.padEnd(NAME_LENGTH)}${first}`;
  return [head, ...[...rest, ...remedies].map((line) => indent + line)]
    .map((line) => `${line}\n`)
    .join("");
}
