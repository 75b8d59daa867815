// SPDX-License-Identifier: MPL-2.0
import { join } from "node:path";
import { rootPath } from "./process.ts";
import { UNLIMITED } from "./raw-viewer.ts";

/** How a viewer behaves. */
export interface ViewerKind {
  /** Bytes that it reads a second; 0 for none, {@link UNLIMITED} for all. */
  readonly bytesPerSecond: number;
  /** Tells the server of each frame that is complete. */
  readonly acknowledges?: boolean;
  /** Keeps the stripes of all frames, for {@link ViewerReport.seen}. */
  readonly keepsStripes?: boolean;
}

/** Reads all that comes. */
export const QUICK: ViewerKind = { bytesPerSecond: UNLIMITED, acknowledges: true };

/** A frame that has come completely. */
export interface FrameSeen {
  readonly frameId: number;
  readonly timestampUs: number;
  /** In base64, header and payload. */
  readonly stripes: string[];
}

/** What a viewer has seen since it was last asked. */
export interface ViewerReport {
  /** Frames that were complete. */
  frames: number;
  stripes: number;
  bytes: number;
  /** Stripes and ends of no frame that had begun: has to stay 0. */
  strays: number;
  /** From the grab to the frame's end, a frame each. */
  latenciesMs: number[];
  seen: FrameSeen[];
  /** The server's close code. */
  closed?: number | "hung up" | undefined;
  screen?: object | undefined;
  failure?: string;
}

export type CrowdCommand =
  | { readonly kind: "join"; readonly url: string; readonly viewers: readonly ViewerKind[] }
  | { readonly kind: "report" }
  | { readonly kind: "send"; readonly index: number; readonly text: string }
  | { readonly kind: "rate"; readonly index: number; readonly bytesPerSecond: number }
  | { readonly kind: "vanish"; readonly index: number };

export interface CrowdReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Viewers of a fan-out, in a process of their own. */
export class Crowd implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 0;

  constructor() {
    this.#child = Bun.spawn([process.execPath, join(rootPath, "test/support/crowd-child.ts")], {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      ipc: (reply: CrowdReply) => {
        const { resolve, reject } = this.#pending.get(reply.id) ?? {};
        this.#pending.delete(reply.id);
        if (reply.error === undefined) resolve?.(reply.value);
        else reject?.(new Error(reply.error));
      },
      onExit: (_, code, signal) => {
        const error = new Error(`the crowd has ended (${code ?? signal})`);
        for (const { reject } of this.#pending.values()) reject(error);
      },
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Lets viewers in; gives the index of the first of them. */
  join(url: URL, ...viewers: ViewerKind[]): Promise<number> {
    return this.#ask({ kind: "join", url: String(url), viewers }) as Promise<number>;
  }

  /** What each viewer has seen since the last report. */
  report(): Promise<ViewerReport[]> {
    return this.#ask({ kind: "report" }) as Promise<ViewerReport[]>;
  }

  async send(index: number, text: string): Promise<void> {
    await this.#ask({ kind: "send", index, text });
  }

  /** Has a viewer read faster or slower from here on. */
  async setRate(index: number, bytesPerSecond: number): Promise<void> {
    await this.#ask({ kind: "rate", index, bytesPerSecond });
  }

  async vanish(index: number): Promise<void> {
    await this.#ask({ kind: "vanish", index });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  #ask(command: CrowdCommand): Promise<unknown> {
    const id = this.#nextId++;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#child.send({ id, command });
    return answer.promise;
  }
}
