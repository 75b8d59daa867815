// SPDX-License-Identifier: MPL-2.0
/** `shot FILE`: one picture of the screen. */
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileErrorWords } from "../file-words.ts";
import { ScreenCapture } from "../index.ts";
import { defineCommand } from "./command.ts";
import { choiceOption, flagOption, integerOption, shown, UsageError } from "./option.ts";
import { writeJson, writeResult } from "./output.ts";

const FORMATS = ["png", "jpeg"] as const;
type Format = (typeof FORMATS)[number];
/** Formats by the file's ending. */
const FORMAT_BY_ENDING: Readonly<Record<string, Format>> = {
  ...{ ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg" },
};
const STDOUT = "-";

export const shot = defineCommand({
  name: "shot",
  summary: "Takes a picture of a screen as PNG or JPEG.",
  notes: `FILE ends in .png, .jpg or .jpeg, and is overwritten; "-" is the standard output.
`,
  argumentName: "FILE",
  options: {
    format: choiceOption(FORMATS, `the picture's format; default: by FILE's ending, png for "-"`),
    quality: integerOption("of a JPEG, 0 to 100, higher is better; default 90", 0, 100),
    json: flagOption("one JSON object: path, format, width, height, bytes"),
  },
  settings: {
    includes: (name) =>
      /^(display|authority|capture|watermark|jpegFullColor|window|monitor)/.test(name),
  },
  async run({ values, settings, argument: path }) {
    const format = values.format ?? formatOf(path);
    checkTarget(path, values.json);
    await using capture = new ScreenCapture(settings);
    using picture = await capture.screenshot({ format, quality: values.quality });
    const { data, width, height } = picture;
    if (path === STDOUT) await writeResult(data);
    else await writeFile(path, data).catch((error) => cannotWrite(path, error));
    if (values.json) await writeJson({ path, format, width, height, bytes: data.length });
    return 0;
  },
});

function formatOf(path: string): Format {
  if (path === STDOUT) return "png";
  const format = FORMAT_BY_ENDING[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  throw new UsageError(
    `FILE has to end in .png, .jpg or .jpeg, or be "-", but is ${shown(path)}; or give --format`,
  );
}

function cannotWrite(path: string, error: unknown): never {
  throw new Error(`${path} cannot be written: ${fileErrorWords(error)}`, { cause: error });
}

function checkTarget(path: string, json: boolean): void {
  if (path !== STDOUT) return;
  if (json) throw new UsageError("--json and the picture cannot both go to the standard output");
  if (process.stdout.isTTY) throw new UsageError('"-" would write the picture to the terminal');
}
