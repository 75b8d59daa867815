// SPDX-License-Identifier: MPL-2.0
import { parseArgs } from "node:util";

export const USAGE = `bun run soak [--minutes N] [--browser] [--verbose]

Captures a painted screen in all modes for N minutes (default 2), while readers
come and go and settings change. Fails where memory, threads or descriptors
grow, or where a reader does not show the screen when it is at rest. The last
line is JSON. PF_SEED picks another series of operations (default 1).

  --browser  also shows the screen in a page, in Chromium, and reads it back
  --verbose  says what each round did`;

export interface Options {
  minutes: number;
  browser: boolean;
  verbose: boolean;
  seed: number;
}

/** @throws {Error} with words for whoever typed them. */
export function parseOptions(words: string[]): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      minutes: { type: "string", default: "2" },
      browser: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
    },
  });
  const { PF_SEED = "1" } = process.env;
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 24 * 60)) {
    throw new Error(`--minutes has to be a number up to 1440, but is ${values.minutes}`);
  }
  return { minutes, browser: values.browser, verbose: values.verbose, seed: Number(PF_SEED) };
}
