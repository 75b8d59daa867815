// SPDX-License-Identifier: MPL-2.0
// Someone with Bun and an empty folder.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ChildResult, rootPath, runCommand } from "../support/process.ts";
import { FILM_PROGRAM, liveProgram, shotProgram } from "./programs.ts";
import type { Registry } from "./registry.ts";

/** A folder of their own, in which nothing of the repository can be found. */
export class User implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), "pixelflux-user-"));
  /** Where they work. */
  readonly folder = join(this.#root, "app");
  /** For programs that have been moved; there is nothing in it. */
  readonly elsewhere = join(this.#root, "elsewhere");
  readonly #env: Record<string, string | undefined>;

  constructor(registry: Registry) {
    for (const folder of [this.folder, this.elsewhere]) mkdirSync(folder);
    this.#env = {
      BUN_CONFIG_REGISTRY: registry.url,
      BUN_INSTALL_CACHE_DIR: join(this.#root, "cache"),
      HOME: this.#root,
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      PIXELFLUX_FFI_LIBRARY: undefined,
    };
  }

  /** Runs Bun with the arguments, or another command, in their folder or in another. */
  run(
    args: readonly string[],
    cwd = this.folder,
    program = process.execPath,
  ): Promise<ChildResult> {
    return runCommand([program, ...args], { cwd, env: this.#env, timeoutMs: 120_000 });
  }

  /** Writes the programs. */
  async write(): Promise<void> {
    writeFileSync(join(this.folder, "shot.ts"), shotProgram("synthetic://320x240@0"));
    writeFileSync(join(this.folder, "live.ts"), await liveProgram("synthetic://320x240@60"));
    writeFileSync(join(this.folder, "film.ts"), FILM_PROGRAM);
  }

  /** Writes them, and `bun add pixelflux-ffi`. */
  async install(...options: string[]): Promise<ChildResult> {
    await this.write();
    return this.run(["add", "pixelflux-ffi", ...options]);
  }

  /**
   * Checks the programs' types, and those of the whole public API (test/types), as `bun init`
   * sets TypeScript up, but for what hides errors.
   */
  checkTypes(): Promise<ChildResult> {
    const modules = join(rootPath, "node_modules");
    cpSync(join(rootPath, "test/types"), join(this.folder, "types"), { recursive: true });
    // What they are not asked to install: bun:test's expectations and the NATS client.
    for (const name of ["coverage.test.ts", "nats.ts"]) rmSync(join(this.folder, "types", name));
    const compilerOptions = {
      ...{ lib: ["ESNext", "DOM"], target: "ESNext", module: "Preserve" },
      ...{ moduleResolution: "bundler", moduleDetection: "force", strict: true, noEmit: true },
      allowImportingTsExtensions: true,
      ...{ skipLibCheck: false, types: ["bun-types"], typeRoots: [modules] },
    };
    const config = { compilerOptions, include: ["*.ts", "types"] };
    writeFileSync(join(this.folder, "tsconfig.json"), JSON.stringify(config));
    return this.run([], this.folder, join(modules, ".bin/tsc"));
  }

  /** Path within the installed package, `pixelflux-ffi` or a platform's. */
  installed(name: string, file = ""): string {
    return join(this.folder, "node_modules", name, file);
  }

  /** Starts a program that serves. */
  spawn(command: string[], cwd: string) {
    const env = { ...process.env, ...this.#env };
    return Bun.spawn(command, { cwd, env, stdout: "pipe", stderr: "inherit" });
  }

  /** Moves what was made, and takes all else away. */
  moveOut(...names: string[]): void {
    for (const name of names) {
      cpSync(join(this.folder, name), join(this.elsewhere, name), { recursive: true });
    }
    rmSync(this.folder, { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true });
  }
}
