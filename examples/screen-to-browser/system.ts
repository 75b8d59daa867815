// SPDX-License-Identifier: MPL-2.0
import { dlopen, ptr } from "bun:ffi";

const libc = dlopen("libc.so.6", {
  setenv: { args: ["ptr", "ptr", "i32"], returns: "i32" },
}).symbols;

/**
 * Sets a variable for native code in this process too. Assigning to
 * `process.env` reaches only JavaScript and new processes, and the X libraries
 * read `XAUTHORITY` by getenv(3).
 */
export function setEnvironment(name: string, value: string): void {
  process.env[name] = value;
  libc.setenv(ptr(Buffer.from(`${name}\0`)), ptr(Buffer.from(`${value}\0`)), 1);
}
