// SPDX-License-Identifier: MPL-2.0
import { CanvasWorker, startWorker } from "./canvas-worker.ts";
import { PlayerCore } from "./core.ts";
import type { CoreCommand, CoreEvent, CoreStart } from "./core-messages.ts";

/** Canvases that a player shows on now. */
const taken = new WeakSet<HTMLCanvasElement>();

type Emit = (event: CoreEvent) => void;
type Send = (command: CoreCommand) => void;

/**
 * Runs a player's core in a worker, or where that is not wanted or not possible
 * on the main thread. The core starts later than this is constructed; what is
 * sent to it until then is kept.
 */
export class CoreHost {
  readonly #opening = new AbortController();
  readonly #release: () => void;
  readonly #pending: CoreCommand[] = [];
  #send: Send = (command) => this.#pending.push(command);
  #worker: CanvasWorker | undefined;

  /**
   * @param emit - Called with all that the core tells, never inside this, nor after `close`.
   * @throws {Error} where another player has the canvas.
   */
  constructor(canvas: HTMLCanvasElement, start: CoreStart, wantsWorker: boolean, emit: Emit) {
    if (taken.has(canvas)) throw new Error("another player has this canvas: close() it first");
    taken.add(canvas);
    this.#release = () => taken.delete(canvas);
    void this.#open(canvas, start, wantsWorker, emit);
  }

  /** Whether the core runs in a worker. */
  get inWorker(): boolean {
    return this.#worker !== undefined;
  }

  send(command: CoreCommand): void {
    this.#send(command);
  }

  /** Has the core free everything. The canvas may be another player's from now on. */
  close(): void {
    this.#opening.abort();
    this.#send({ type: "close" });
    this.#send = () => undefined;
    this.#release();
  }

  async #open(
    canvas: HTMLCanvasElement,
    start: CoreStart,
    wantsWorker: boolean,
    emit: Emit,
  ): Promise<void> {
    const { signal } = this.#opening;
    const worker = await workerFor(canvas, wantsWorker, signal);
    if (signal.aborted) return;
    this.#worker = worker;
    this.#send = worker ? sendTo(worker, start, emit) : beginHere(canvas, start, emit);
    for (const command of this.#pending.splice(0)) this.#send(command);
  }
}

/** The worker that has the canvas, after this at the latest; `undefined` where none can have it. */
async function workerFor(
  canvas: HTMLCanvasElement,
  isWanted: boolean,
  signal: AbortSignal,
): Promise<CanvasWorker | undefined> {
  const known = CanvasWorker.of(canvas);
  if (known || !isWanted) return known;
  const worker = await startWorker(signal);
  // Not before it runs: the control of a canvas can be transferred only once.
  if (!signal.aborted && worker?.adopt(canvas)) return worker;
  worker?.terminate();
  return undefined;
}

function sendTo(worker: CanvasWorker, start: CoreStart, emit: Emit): Send {
  const port = worker.start(start);
  port.onmessage = ({ data }: MessageEvent<CoreEvent>) => emit(data);
  worker.onError = (message) => emit({ type: "error", name: "Error", message });
  return (command) => {
    if (command.type === "close") {
      port.onmessage = null;
      worker.onError = undefined;
    }
    port.postMessage(command);
  };
}

function beginHere(canvas: HTMLCanvasElement, start: CoreStart, emit: Emit): Send {
  try {
    const core = new PlayerCore(canvas, start, emit);
    core.begin();
    return (command) => core.take(command);
  } catch (error) {
    // The page draws on the canvas by itself, in a way that does not go together with this.
    const reason = error instanceof Error ? error.message : String(error);
    emit({ type: "state", state: { name: "closed", reason } });
    return () => undefined;
  }
}
