// SPDX-License-Identifier: MPL-2.0
// The server that bench/fanout.ts measures: bun bench/fanout-child.ts <settings as JSON>
//
// Captures all the time, watched or not, so that what is measured is the viewers. Says its address
// on the first line; answers each line on stdin with its figures.
import { type CaptureSettings, ScreenCapture } from "../src/index.ts";
import { fanout } from "../src/server/index.ts";
import { residentBytes } from "../test/support/proc.ts";

const capture = new ScreenCapture(JSON.parse(process.argv[2] ?? "{}") as CaptureSettings);
const screen = fanout(capture, { viewersMax: 1000, adapt: false });
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) => screen.upgrade(request, server),
  websocket: screen.websocket,
});
screen.watch();
console.log(String(server.url));
for await (const _ of console) {
  Bun.gc(true);
  const { user, system } = process.cpuUsage();
  const { viewers } = screen.stats();
  const held = viewers.reduce((sum, { framesHeld }) => sum + framesHeld, 0);
  const sentBytes = viewers.reduce((sum, viewer) => sum + viewer.sentBytes, 0);
  const residents = residentBytes();
  console.log(JSON.stringify({ cpuUs: user + system, residentBytes: residents, held, sentBytes }));
}
