// SPDX-License-Identifier: MPL-2.0
/** The machines that there are prebuilt libraries for. */
import { join } from "node:path";
import { rootPath, workPath } from "./command.ts";

/**
 * Version of glibc that the libraries are content with: that of Debian 11 and
 * Ubuntu 20.04. Not older: waits by the monotonic clock came with 2.30.
 */
export const GLIBC_VERSION = "2.31";

/** One of them. */
export interface Target {
  /** Folder under packages/, and name of the package behind `@pixelflux-ffi/`. */
  readonly name: string;
  /** `process.arch` there. */
  readonly cpu: "x64" | "arm64";
  /** Debian's name of the architecture. */
  readonly debian: "amd64" | "arm64";
  /** As Debian's folders of libraries and headers are called. */
  readonly triple: string;
  /** The architecture as qemu and Zig call it. */
  readonly architecture: "x86_64" | "aarch64";
  /** As readelf names the machine. */
  readonly machine: string;
  /** glibc's loader, which defines some of libc's symbols. */
  readonly loader: string;
}

export const TARGETS: readonly Target[] = [
  {
    name: "linux-x64-gnu",
    cpu: "x64",
    debian: "amd64",
    triple: "x86_64-linux-gnu",
    architecture: "x86_64",
    machine: "Advanced Micro Devices X86-64",
    loader: "ld-linux-x86-64.so.2",
  },
  {
    name: "linux-arm64-gnu",
    cpu: "arm64",
    debian: "arm64",
    triple: "aarch64-linux-gnu",
    architecture: "aarch64",
    machine: "AArch64",
    loader: "ld-linux-aarch64.so.1",
  },
];

/** The npm package's folder: its manifest is committed, the rest is built into it. */
export function packagePath(target: Target): string {
  return join(rootPath, "packages", target.name);
}

/** What is linked into the target's library: include/, lib/, x264/, components.json. */
export function archivesPath(target: Target): string {
  return join(workPath, target.name);
}
