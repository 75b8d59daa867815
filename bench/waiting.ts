// SPDX-License-Identifier: MPL-2.0
// bun run bench:waiting: what it costs to wait for the screen, and how late one hears of it. See --help.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ScreenCapture } from "../src/index.ts";
import { Painter } from "../test/support/painter.ts";
import { Xvfb } from "../test/support/xvfb.ts";
import { buildAll } from "./build.ts";
import { monotonicNs } from "./monotonic.ts";
import { readOptions, sizeOf } from "./options.ts";
import { quantile } from "./report.ts";
import { figure, markdownTable } from "./tables.ts";

const help = `bun run bench:waiting [options]

A screen that stands still for some seconds and then changes, while one waits for that in
different ways, one after the other in each round: the CPU of this process and of the X server
while nothing happens, wake-ups of the capture thread, and the time from the change (XSync of the
painter) until the wait is over. "alone" is a capture that nobody waits for. "looking" takes a raw
screenshot ten times a second and compares it with the one before, as scripts do.

  --rounds N        waits of each kind (default 20)
  --seconds N       of stillness before each change (default 2)
  --size WxH        of the screen (default 1920x1080)
  --help`;

const options = readOptions(help, { rounds: "20", seconds: "2", size: "1920x1080" });
const [width = 1920, height = 1080] = sizeOf(options.size);
const LOOK_MS = 100;
/** As Linux has it on every machine that Bun runs on: sysconf(_SC_CLK_TCK). */
const TICKS_PER_S = 100;

interface Row {
  readonly name: string;
  /** Resolves when the change is known. */
  readonly wait: (() => Promise<unknown>) | undefined;
  readonly cores: number[];
  readonly serverCores: number[];
  readonly wakeups: number[];
  readonly delaysMs: number[];
}

function row(name: string, wait?: () => Promise<unknown>): Row {
  return { name, wait, cores: [], serverCores: [], wakeups: [], delaysMs: [] };
}

async function look(capture: ScreenCapture): Promise<void> {
  using first = await capture.screenshot({ format: "raw" });
  for (;;) {
    await Bun.sleep(LOOK_MS);
    using next = await capture.screenshot({ format: "raw" });
    if (Buffer.compare(first.data, next.data) !== 0) return;
  }
}

/** CPU time of a process in seconds: utime and stime of /proc/PID/stat. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

let changes = 0;

async function measure({ wait, ...into }: Row): Promise<void> {
  let heardNs = Number.NaN;
  const waited = wait?.().then(() => {
    heardNs = monotonicNs();
  });
  await Bun.sleep(50); // what it costs to begin is not asked for
  const from = { own: process.cpuUsage(), server: cpuSeconds(server.pid) };
  const { wakeups } = capture.stats();
  const beginNs = monotonicNs();
  await Bun.sleep(Number(options.seconds) * 1000);
  const seconds = (monotonicNs() - beginNs) / 1e9;
  const { user, system } = process.cpuUsage(from.own);
  into.cores.push((user + system) / 1e6 / seconds);
  into.serverCores.push((cpuSeconds(server.pid) - from.server) / seconds);
  into.wakeups.push((capture.stats().wakeups - wakeups) / seconds);
  const { ns } = await painter.fill(
    { x: 64, y: 64, width: 32, height: 32 },
    (++changes * 0x010203) & 0xffffff,
  );
  await waited;
  if (waited) into.delaysMs.push((heardNs - ns) / 1e6);
  await capture.waitForStable({ quietMs: 300 });
}

const prefix = await buildAll();
Object.assign(process.env, {
  PIXELFLUX_FFI_LIBRARY: join(prefix, "lib", "libpixelflux.so"),
  PF_PAINTER: join(prefix, "bin", "pf-painter"),
});
const { ScreenCapture: Capture } = await import("../src/index.ts");
await using server = await Xvfb.start({ width, height });
await using painter = await Painter.start(server.display);
await painter.pattern("text", 1);
await using capture = new Capture({ display: server.display });
await capture.start((stripe) => stripe.release());
const rows = [
  row("alone"),
  row("waitForChange()", () => capture.waitForChange()),
  row("looking", () => look(capture)),
];

// The first round warms up; what it measures is thrown away.
for (const { wait, name } of rows) await measure(row(name, wait));
for (let round = 0; round < Number(options.rounds); round++) {
  for (const each of rows) await measure(each);
}
console.log(
  `${options.rounds} waits of ${options.seconds} s each, ${width}×${height} px; medians\n`,
);
console.log(
  markdownTable(
    [
      ["", ({ name }: Row) => name],
      ["CPU, cores", ({ cores }) => figure(quantile(cores, 0.5), 4)],
      ["X server", ({ serverCores }) => figure(quantile(serverCores, 0.5), 3)],
      ["wake-ups/s", ({ wakeups }) => figure(quantile(wakeups, 0.5), 1)],
      ["heard after ms, p50", ({ delaysMs }) => figure(quantile(delaysMs, 0.5), 2)],
      ["p99", ({ delaysMs }) => figure(quantile(delaysMs, 0.99), 2)],
    ],
    rows,
  ),
);
