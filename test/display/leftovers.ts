// SPDX-License-Identifier: MPL-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { DisplayEnvironment } from "../../src/display/index.ts";
import { waitFor } from "../support/process.ts";

/** Fails unless nothing is left of a display: server, watcher, folder, socket. */
export async function expectDisplayGone(
  pid: number,
  { DISPLAY, XAUTHORITY }: DisplayEnvironment,
): Promise<void> {
  const folder = dirname(XAUTHORITY);
  await waitFor(`${DISPLAY}'s server to end`, () => !isRunning(pid));
  await waitFor(`${DISPLAY}'s watcher to end`, () => processesOf(folder).length === 0);
  await waitFor(`${folder} to go`, () => !existsSync(folder));
}

/** Those whose command line names a folder. */
export function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " "))
    .filter((line) => line.includes(folder));
}

/** False for one that nobody has waited for yet, too. */
function isRunning(pid: number): boolean {
  const state = /^\d+ \(.*\) (\w)/.exec(read(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== "Z";
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // the process has gone
  }
}
