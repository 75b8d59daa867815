// SPDX-License-Identifier: MPL-2.0
import { parseArgs } from "node:util";
import { complain, ending, integerOption, runProgram } from "../command-line.ts";
import { Desktop } from "../screen-to-browser/desktop.ts";
import { Cluster } from "./cluster.ts";
import { Gateway } from "./gateway.ts";
import { Publisher } from "./publisher.ts";

const NAME = "many-machines";
const HELP = `Shows a screen by way of three NATS servers and two gateways, all on this machine.

usage: bun main.ts [options]

  --display :N   the X display to show; default: $DISPLAY, and where there is
                 none a small lively desktop on an X server of its own
  --port N       the gateways' pages are on 127.0.0.1:N and N + 1; 0 for free
                 ports; default 9011
  --seconds N    end after N seconds; default: on Ctrl-C
  --help         this text

Once a second a line on stderr tells who is connected to which server, and what
came through. Kill servers and see: each is printed with its process. At the end
a line of JSON on stdout: seconds, frames and stripes published, and for each
gateway the stripes that came, gaps among them, and whether its picture is
complete.
`;

interface Options {
  readonly display: string | undefined;
  readonly port: number;
  readonly seconds: number;
}

/** All that runs. */
interface World {
  readonly cluster: Cluster;
  readonly publisher: Publisher;
  readonly gateways: readonly Gateway[];
}

function readOptions(args: string[]): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      display: { type: "string" },
      port: { type: "string", default: "9011" },
      seconds: { type: "string", default: "Infinity" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const port = integerOption("port", values.port, 0, 65534);
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) {
    throw new Error(`--seconds: a number above 0 expected, received "${values.seconds}"`);
  }
  return { display: values.display, port, seconds };
}

/** Runs everything until the time is over or a signal comes; gives the exit code. */
async function run({ display, port, seconds }: Options): Promise<number> {
  const ended = ending();
  const { DISPLAY = "" } = process.env;
  const shown = display ?? DISPLAY;
  await using desktop = shown === "" ? await Desktop.start() : undefined;
  await using cluster = await Cluster.start();
  const onError = (error: unknown) => {
    complain(NAME, error);
    ended.resolve(1);
  };
  const showing = desktop?.display ?? shown;
  await using publisher = await Publisher.start(cluster.access(0), showing, onError);
  await using first = await Gateway.start(cluster.access(1), port);
  await using second = await Gateway.start(cluster.access(2), port === 0 ? 0 : port + 1);
  const world = { cluster, publisher, gateways: [first, second] };
  introduce(world);
  for (const gateway of world.gateways) gateway.screen.watch(); // so that there is something to see
  const ticker = setInterval(() => console.error(lineOf(world)), 1000);
  if (Number.isFinite(seconds)) setTimeout(() => ended.resolve(0), seconds * 1000);
  const startMs = performance.now();
  const code = await ended.promise;
  clearInterval(ticker);
  if (code !== 1) console.log(summaryOf(world, performance.now() - startMs));
  return code;
}

function introduce({ cluster, gateways }: World): void {
  for (const { name, address, process } of cluster.servers) {
    console.log(`NATS server ${name} at ${address}, process ${process.pid}`);
  }
  for (const { url } of gateways) console.log(`Watch at ${url}`);
}

function lineOf({ publisher, gateways }: World): string {
  const { frames, bytes, dropped } = publisher.stats;
  const sent = `${frames} frames ${Math.round(bytes / 1000)} kB ${dropped} dropped`;
  const parts = gateways.map(({ server, screen, stats }, index) => {
    const state = stats?.complete ? "complete" : "incomplete";
    const gaps = stats?.gaps ?? 0;
    return `gateway ${index + 1} by ${server}: ${screen.viewerCount} viewers ${gaps} gaps ${state}`;
  });
  return [`publisher by ${publisher.server}: ${sent}`, ...parts].join("  |  ");
}

function summaryOf({ publisher, gateways }: World, elapsedMs: number): string {
  const { frames, stripes } = publisher.stats;
  const received = gateways.map(({ stats }) => ({
    stripes: stats?.stripes ?? 0,
    gaps: stats?.gaps ?? 0,
    complete: stats?.complete ?? false,
  }));
  const seconds = Math.round(elapsedMs / 10) / 100;
  return JSON.stringify({ seconds, frames, stripes, gateways: received });
}

await runProgram({ name: NAME, help: HELP, readOptions, run });
