// SPDX-License-Identifier: MPL-2.0
/**
 * Releases what is held when this process ends, however that happens.
 *
 * An X server lets a key be down for ever whose client has gone. A handler of this
 * process does not run on SIGKILL, in a crash, or in a worker that is terminated; and
 * what it sends last a server may drop with the connection. So a process of its own sees
 * to it: the end of a pipe tells it that this one has gone.
 */
import type { Authorization } from "../x11/authority.ts";
import { setupRequest } from "../x11/connection.ts";
import { type DisplayName, serverAddress } from "../x11/display-name.ts";
import { type GuardOrders, guard } from "./guard-program.ts";
import { SETTLE_MS } from "./spare-keys.ts";

/** The system refuses a process. */
export class GuardError extends Error {
  override readonly name = "GuardError";
}

type GuardProcess = Bun.Subprocess<"pipe", "ignore", "ignore">;

/** The guard of one input. Its process starts when there is something to guard, and not before. */
export class Guard {
  readonly #orders: Pick<GuardOrders, "server" | "setup" | "pauseMs">;
  #process: GuardProcess | undefined;

  constructor(display: DisplayName, authorization: Authorization | undefined) {
    const server = serverAddress(display);
    const setup = setupRequest(authorization).toString("base64");
    this.#orders = { server, setup, pauseMs: SETTLE_MS };
  }

  /**
   * Says what is to be done at the end, before it is done that it has to be undone.
   *
   * @param release - requests that release what is held.
   * @param restore - requests that give lent keys back.
   * @throws {GuardError} where the process cannot be started.
   */
  tell(release: readonly Buffer[], restore: readonly Buffer[]): void {
    const isIdle = release.length === 0 && restore.length === 0;
    if (isIdle && !this.#isRunning) return;
    const base64 = (requests: readonly Buffer[]) => Buffer.concat(requests).toString("base64");
    const orders: GuardOrders = {
      ...this.#orders,
      release: base64(release),
      restore: base64(restore),
    };
    const { stdin } = this.#running();
    stdin.write(`${JSON.stringify(orders)}\n`);
    // A guard that somebody has killed is replaced at the next time.
    Promise.resolve(stdin.flush()).catch(() => undefined);
  }

  /** There is nothing to guard any more. */
  end(): void {
    this.#process?.stdin.end();
    this.#process = undefined;
  }

  get #isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  #running(): GuardProcess {
    if (this.#process === undefined || !this.#isRunning) this.#process = start();
    return this.#process;
  }
}

function start(): GuardProcess {
  try {
    const child = Bun.spawn([process.execPath, "-e", `(${guard.toString()})()`], {
      // Neither this folder's bunfig.toml, nor Ctrl-C, which goes to all processes of a terminal.
      cwd: "/",
      detached: true,
      // A program made by `bun build --compile` is Bun then.
      env: { ...process.env, BUN_BE_BUN: "1" },
      stdin: "pipe",
      stdout: "ignore",
      stderr: "ignore",
    });
    child.unref();
    return child;
  } catch (cause) {
    throw new GuardError("the system refuses a process", { cause });
  }
}
