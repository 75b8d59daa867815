// SPDX-License-Identifier: MPL-2.0
import { parseArgs } from "node:util";
import { VirtualDisplay } from "pixelflux-ffi/display";
import { ending, integerOption, runProgram } from "../command-line.ts";
import { AgentServer } from "./server.ts";

const HELP = `Lets a program on this machine see and use a screen, by HTTP.

usage: PIXELFLUX_TOKEN=… bun main.ts [options]

  --display :N    the X display; default: $DISPLAY, and where there is none a
                  virtual display of its own
  --port N        listen on 127.0.0.1:N, 0 for a free port; default 9021
  --max-side N    what the longer side of a screenshot has at most, in px, 64 to
                  16384; default 1280
  --help          this text

PIXELFLUX_TOKEN is what callers have to bring, 16 characters or more; where it is
not set, one is made and printed.
`;

interface Options {
  readonly display: string | undefined;
  readonly port: number;
  readonly maxSidePx: number;
}

function readOptions(args: string[]): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      display: { type: "string" },
      port: { type: "string", default: "9021" },
      "max-side": { type: "string", default: "1280" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  return {
    display: values.display,
    port: integerOption("port", values.port, 0, 65535),
    maxSidePx: integerOption("max-side", values["max-side"], 64, 16384),
  };
}

/** Serves until a signal comes; gives the exit code. */
async function run({ display, port, maxSidePx }: Options): Promise<number> {
  const ended = ending();
  const { DISPLAY = "", PIXELFLUX_TOKEN } = process.env;
  const named = display ?? DISPLAY;
  await using own = named === "" ? await VirtualDisplay.start() : undefined;
  const token = PIXELFLUX_TOKEN ?? crypto.randomUUID();
  const settings = { display: own?.name ?? named, captureCursor: true };
  await using server = await AgentServer.start({ token, port, maxSidePx, settings });
  console.log(`${settings.display} at ${server.url}`);
  if (PIXELFLUX_TOKEN === undefined) console.log(`token: ${token}`);
  if (own) console.log(`XAUTHORITY=${own.environment.XAUTHORITY}`);
  return await ended.promise;
}

await runProgram({ name: "agent", help: HELP, readOptions, run });
