// SPDX-License-Identifier: MPL-2.0
// What glibc's malloc says of this process: malloc_trim(3), malloc_info(3).
import { dlopen } from "bun:ffi";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const libc = dlopen("libc.so.6", {
  malloc_trim: { args: ["usize"], returns: "i32" },
  malloc_info: { args: ["i32", "ptr"], returns: "i32" },
  fopen: { args: ["ptr", "ptr"], returns: "ptr" },
  fclose: { args: ["ptr"], returns: "i32" },
}).symbols;

/** Gives what malloc keeps for later, in an arena for each of many threads, to the system. */
export function trimMalloc(): void {
  libc.malloc_trim(0);
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function mallocInfo(): string {
  const path = join(tmpdir(), `pf-malloc-${process.pid}`);
  const file = libc.fopen(cString(path), cString("w"));
  if (file === null) throw new Error(`cannot write ${path}`);
  const status = libc.malloc_info(0, file);
  libc.fclose(file);
  const text = readFileSync(path, "utf8");
  rmSync(path);
  if (status !== 0) throw new Error("malloc_info failed");
  return text;
}

/** Bytes that were allocated and not freed, by anybody but JavaScript, which does not use malloc. */
export function allocatedBytes(): number {
  const text = mallocInfo();
  // Those of the whole process come behind those of each arena.
  const size = (element: string) => {
    const pattern = new RegExp(`<${element}[^>]* size="(\\d+)"`, "g");
    const found = [...text.matchAll(pattern)].at(-1)?.[1];
    if (found === undefined) throw new Error(`malloc_info tells no ${element}`);
    return Number(found);
  };
  const free = size('total type="fast"') + size('total type="rest"');
  return size('system type="current"') - free + size('total type="mmap"');
}
