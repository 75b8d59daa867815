// SPDX-License-Identifier: MPL-2.0
import { join } from "node:path";
import { rootPath } from "../support/process.ts";
import type { Command, Reply, Request, Sample } from "./messages.ts";

/** Longer than anything that is asked may take: a hang is a failure. */
const ANSWER_MS_MAX = 60_000;

/** The process under test, as its driver sees it. */
export class Subject implements AsyncDisposable {
  readonly #process: Bun.Subprocess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #failure: Error | undefined;
  #ending = false;

  constructor() {
    this.#process = Bun.spawn([process.execPath, join(import.meta.dir, "process.ts")], {
      cwd: rootPath,
      // What each thread keeps for itself would count as allocated, and fills slowly.
      env: { ...process.env, GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" },
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      ipc: (message) => this.#take(message as Reply),
      onExit: (_, exitCode, signal) => {
        if (this.#ending) return;
        this.#fail(new Error(`the process under test ended: exit ${exitCode}, signal ${signal}`));
      },
    });
  }

  /** Has a command carried out; rejects with the process's words where that fails. */
  ask(command: Command): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const settle = Promise.withResolvers<unknown>();
    this.#lastId += 1;
    this.#pending.set(this.#lastId, settle);
    this.#process.send({ id: this.#lastId, command } satisfies Request);
    const late = () => this.#fail(new Error(`no answer in ${ANSWER_MS_MAX} ms: ${command.kind}`));
    const timer = setTimeout(late, ANSWER_MS_MAX);
    return settle.promise.finally(() => clearTimeout(timer));
  }

  async sample(): Promise<Sample> {
    return (await this.ask({ kind: "sample" })) as Sample;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  #take({ id, value, error }: Reply): void {
    const settle = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || settle === undefined) {
      this.#fail(new Error(`the process under test: ${error}`));
      return;
    }
    this.#pending.delete(id);
    if (error === undefined) settle.resolve(value);
    else settle.reject(new Error(error));
  }

  /** From here on nothing is asked of it any more. */
  #fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}
