// SPDX-License-Identifier: MPL-2.0
// What Linux says of a process in /proc (proc(5)): threads, descriptors, memory, segments.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** The names of the library's own threads (native/src/capture). */
export const nativeThreadName = /^pf-(capture|encode)/;

export interface ThreadFacts {
  id: number;
  name: string;
  /** CPU time in clock ticks, user and system. */
  cpuTicks: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // it ended between the listing and the reading
  }
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);
}

/** utime + stime of a stat line; the name in it may hold blanks, so count from its end. */
function cpuTicksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

export function threadsOf(pid: number | "self" = "self"): ThreadFacts[] {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).flatMap((id) => {
    const stat = read(`${folder}/${id}/stat`);
    const status = read(`${folder}/${id}/status`);
    if (stat === undefined || status === undefined) return [];
    return {
      id: Number(id),
      name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
      cpuTicks: cpuTicksOf(stat),
      voluntarySwitches: field(status, "voluntary_ctxt_switches"),
      involuntarySwitches: field(status, "nonvoluntary_ctxt_switches"),
    };
  });
}

/** The library's threads in this process. */
export function nativeThreads(): ThreadFacts[] {
  return threadsOf().filter((thread) => nativeThreadName.test(thread.name));
}

/** CPU time of a whole process, ended threads included, in clock ticks. */
export function cpuTicks(pid: number | "self" = "self"): number {
  return cpuTicksOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Resident bytes of this process or another. */
export function residentBytes(pid: number | "self" = "self"): number {
  return field(readFileSync(`/proc/${pid}/status`, "utf8"), "VmRSS") * 1024;
}

export interface DescriptorFacts {
  number: number;
  /** Such as "socket:[123]" or "/memfd:pixelflux (deleted)". */
  target: string;
}

export function descriptors(): DescriptorFacts[] {
  return readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      const path = `/proc/self/fd/${name}`;
      return { number: Number(name), target: readlinkSync(path) };
    } catch {
      return []; // the one that lists the folder, closed again
    }
  });
}

export interface MemoryFile {
  /** Where it is open or mapped: a path below /proc/self. */
  path: string;
  /** Permission bits; undefined where not even this process may open it again (map_files). */
  mode: number | undefined;
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPERM") return undefined;
    throw error;
  }
}

/** Memory files of the library that are open or mapped in this process. */
export function memoryFiles(): MemoryFile[] {
  const open = descriptors()
    .filter(({ target }) => target.startsWith("/memfd:pixelflux"))
    .map(({ number }) => `/proc/self/fd/${number}`);
  const mapped = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => line.includes("/memfd:pixelflux"))
    .map((line) => {
      // The names in map_files have no leading zeros.
      const range = (line.split(" ")[0] as string).split("-").map((end) => end.replace(/^0+/, ""));
      return `/proc/self/map_files/${range.join("-")}`;
    });
  return [...open, ...mapped].map((path) => ({ path, mode: modeOf(path) }));
}

/** System V segments made by this process, or attached by nobody, as lines of ipc/shm. */
export function systemVSegments(): string[] {
  const lines = readFileSync("/proc/sysvipc/shm", "utf8").trim().split("\n").slice(1);
  return lines.filter((line) => line.trim().split(/\s+/)[4] === String(process.pid));
}
