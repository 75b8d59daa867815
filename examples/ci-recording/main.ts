// SPDX-License-Identifier: MPL-2.0
import { parseArgs } from "node:util";
import { runProgram } from "../command-line.ts";
import { filmed } from "./filmed.ts";
import { scenario } from "./scenario.ts";

const HELP = `Tests a page in a browser on a screen of its own, and keeps a film where the test fails.

usage: bun main.ts [options]

  --film FILE     the film, an MP4; default run.mp4
  --keep WHEN     failure or always; default failure
  --fail          have the test fail
  --help          this text

Exit codes: 0 passed, 1 failed, 2 the command line is wrong.
`;

interface Options {
  readonly path: string;
  readonly keep: "failure" | "always";
  readonly fail: boolean;
}

function readOptions(args: string[]): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      film: { type: "string", default: "run.mp4" },
      keep: { type: "string", default: "failure" },
      fail: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { film: path, keep, fail } = values;
  if (keep !== "failure" && keep !== "always") {
    throw new Error(`--keep: "failure" or "always" expected, received "${keep}"`);
  }
  return { path, keep, fail };
}

async function run({ path, keep, fail }: Options): Promise<number> {
  await filmed(
    {
      ...{ path, keep },
      onFilm: (film) => console.log(`film: ${film.path}, ${(film.durationMs / 1000).toFixed(1)} s`),
    },
    (stage) => scenario(stage, fail ? 3 : 2),
  );
  console.log("passed");
  return 0;
}

await runProgram({ name: "ci-recording", help: HELP, readOptions, run });
