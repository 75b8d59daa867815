// SPDX-License-Identifier: MPL-2.0
import { PlayerCore } from "./core.ts";
import type { CoreCommand, CoreEvent, CoreStart } from "./core-messages.ts";

/** Where a core runs, as its player sees it. */
export interface CoreHost {
  readonly inWorker: boolean;
  /** After `close`, nothing that is sent has any effect, and no event comes. */
  send(command: CoreCommand): void;
}

/** A core on the main thread. */
export class LocalHost implements CoreHost {
  readonly inWorker = false;
  readonly #core: PlayerCore;

  constructor(canvas: HTMLCanvasElement, start: CoreStart, emit: (event: CoreEvent) => void) {
    this.#core = new PlayerCore(canvas, start, emit);
    // So that the page can add its listeners first.
    queueMicrotask(() => this.#core.begin());
  }

  send(command: CoreCommand): void {
    this.#core.take(command);
  }
}
