// SPDX-License-Identifier: MPL-2.0
import { parseArgs } from "node:util";
import { VirtualDisplay } from "pixelflux-ffi/display";
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

function integerWithin(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`--${name}: ${min} to ${max} expected, received "${text}"`);
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
    port: integerWithin("port", values.port, 0, 65535),
    maxSidePx: integerWithin("max-side", values["max-side"], 64, 16384),
  };
}

/** Serves until a signal comes; gives the exit code. */
async function run({ display, port, maxSidePx }: Options): Promise<number> {
  const ended = Promise.withResolvers<number>();
  process.on("SIGINT", () => ended.resolve(130));
  process.on("SIGTERM", () => ended.resolve(143));
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

function complain(error: unknown): void {
  console.error(`agent: ${error instanceof Error ? error.message : String(error)}`);
}

let options: Options | "help";
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  complain(error);
  process.exit(2);
}
if (options === "help") {
  console.log(HELP);
  process.exit(0);
}
try {
  process.exit(await run(options));
} catch (error) {
  complain(error);
  process.exit(1);
}
