// SPDX-License-Identifier: MPL-2.0
/** Workers, and the canvases whose control has been transferred to one. */
import workerSource from "../../dist/decode-worker.js" with { type: "text" };
import type { CoreStart, WorkerCommand, WorkerEvent } from "./core-messages.ts";

/** A worker that says nothing for so long will not; it starts in some 10 ms. */
const READY_TIMEOUT_MS = 5000;

/** By canvas, the worker that has its other end. */
const workers = new WeakMap<HTMLCanvasElement, CanvasWorker>();
/**
 * A worker lives as long as its canvas: ended together with a player, it would
 * leave a canvas that nobody can draw on any more.
 */
const collected = new FinalizationRegistry<CanvasWorker>((worker) => worker.terminate());

/** A worker that draws on one canvas. */
export class CanvasWorker {
  readonly #worker: Worker;
  /** The canvas's other end, until the first core is started. */
  #handed: OffscreenCanvas | undefined;

  /** @param worker - One that has said that it is ready. */
  constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** The worker that has the canvas already. */
  static of(canvas: HTMLCanvasElement): CanvasWorker | undefined {
    return workers.get(canvas);
  }

  /**
   * Takes over the control of a canvas, for as long as that lives.
   *
   * @returns Whether it could: not where the page has drawn on it already.
   */
  adopt(canvas: HTMLCanvasElement): boolean {
    try {
      this.#handed = canvas.transferControlToOffscreen();
    } catch {
      return false; // it has a context: whoever has that goes on drawing
    }
    workers.set(canvas, this);
    collected.register(canvas, this);
    return true;
  }

  /** Starts a core and gives the port to it; one that runs there is closed. */
  start(start: CoreStart): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const command: WorkerCommand = { type: "start", start, port: port2 };
    const canvas = this.#handed;
    this.#handed = undefined;
    if (canvas) this.#worker.postMessage({ ...command, canvas }, [port2, canvas]);
    else this.#worker.postMessage(command, [port2]);
    return port1;
  }

  /** @param handler - Called with what was thrown in the worker; one at a time. */
  set onError(handler: ((message: string) => void) | undefined) {
    this.#worker.onerror = handler ? ({ message }) => handler(message) : null;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}

/**
 * Starts a worker that has no canvas yet. Resolves with `undefined` where there
 * cannot be one: the browser is too old, the page's content security policy
 * forbids it, or the signal is aborted. Never rejects.
 */
export async function startWorker(signal: AbortSignal): Promise<CanvasWorker | undefined> {
  if (!canDrawInWorkers()) return undefined;
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  try {
    const worker = new Worker(url, { name: "pixelflux" });
    if (await isReady(worker, signal)) return new CanvasWorker(worker);
    worker.terminate();
    return undefined;
  } catch {
    return undefined; // a browser that throws where the policy forbids it
  } finally {
    URL.revokeObjectURL(url);
  }
}

function canDrawInWorkers(): boolean {
  if (typeof Worker === "undefined" || typeof OffscreenCanvas === "undefined") return false;
  if (!("transferControlToOffscreen" in HTMLCanvasElement.prototype)) return false;
  return new OffscreenCanvas(1, 1).getContext("2d") !== null;
}

function isReady(worker: Worker, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(false), READY_TIMEOUT_MS);
    const abort = () => settle(false);
    const settle = (ready: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      worker.onmessage = worker.onerror = null;
      resolve(ready);
    };
    worker.onmessage = ({ data }: MessageEvent<WorkerEvent>) => settle(data.type === "ready");
    worker.onerror = (event) => {
      event.preventDefault(); // said by the player's going on without it
      settle(false);
    };
    signal.addEventListener("abort", abort);
    if (signal.aborted) settle(false);
  });
}
