// SPDX-License-Identifier: MPL-2.0
/**
 * Workers that wait in `pf_capture_wait` so that no JavaScript thread of the
 * user's has to: one for each running capture, taken from a pool of idle ones. They
 * wait in `pf_frames_wait` as well, one for each frame source that is awaited.
 */
import { POLL_SYMBOLS } from "./native/symbols.ts";
import type { PollReport, PollRequest } from "./poll-messages.ts";

/** Idle workers kept for the next capture; a worker costs about 8 ms and 5 MB to start. */
const IDLE_COUNT_MAX = 4;

/** `PF_WAIT_MS_MAX`; a longer wait would only delay the end of a terminated realm. */
const WAIT_MS = 100;

/** `PF_STATUS_OK`, `PF_STATUS_TIMEOUT`. */
const STATUS_OK = 0;
const STATUS_TIMEOUT = 1;

/**
 * The worker's program. It is a string because a separate worker file does not
 * survive bundling; it imports bun:ffi alone. Its loop never yields: all it
 * has to hear of while it runs, it hears natively.
 *
 * Any status but OK and TIMEOUT ends the loop. ENDED is the normal one; a
 * stale handle means that an exiting process has freed the capture already.
 */
const WORKER_SOURCE = `
import { dlopen } from "bun:ffi";
let call;
function watchCapture(handle) {
  for (;;) {
    const status = call.pf_capture_wait(handle, ${WAIT_MS});
    if (status === ${STATUS_OK}) postMessage({ kind: "news" });
    else if (status !== ${STATUS_TIMEOUT}) break;
  }
  call.pf_capture_join(handle);
}
self.onmessage = ({ data: { libraryPath, handle, serial } }) => {
  try {
    call ??= dlopen(libraryPath, ${JSON.stringify(POLL_SYMBOLS)}).symbols;
    if (serial === undefined) watchCapture(handle);
    else while (call.pf_frames_wait(handle, serial, ${WAIT_MS}) === ${STATUS_TIMEOUT});
    postMessage({ kind: "ended" });
  } catch (error) {
    postMessage({ kind: "failed", message: String(error) });
  }
};
`;

/** What the owner of a {@link PollWorker} is told; each on the realm's own thread. */
export interface PollListener {
  /** There is news to drain. */
  onNews(): void;
  /** The capture has ended, natively too, or the wait for a push. The last call. */
  onEnded(): void;
  /** Nobody waits on the capture any more. The last call. */
  onFailed(message: string): void;
}

/** The two methods Bun adds to the Worker of the web. */
type RefWorker = Worker & { ref(): void; unref(): void };

/** On `globalThis`, so that modules evaluated anew by `bun --hot` go on using the same workers. */
const POOL_KEY = Symbol.for("pixelflux-ffi.poll-workers");
type PoolHolder = { [POOL_KEY]?: PollWorker[] };
const holder = globalThis as PoolHolder;
holder[POOL_KEY] ??= [];
const idle = holder[POOL_KEY];

/**
 * The address of a program for {@link PollWorker}. It is never revoked: Bun
 * reads it at some time after the worker's `open` event.
 */
export function programUrl(source: string): string {
  return URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
}

let defaultUrl: string | undefined;

function defaultProgramUrl(): string {
  defaultUrl ??= programUrl(WORKER_SOURCE);
  return defaultUrl;
}

/**
 * One worker. While it waits it keeps the process alive; idle ones
 * do not.
 */
export class PollWorker {
  readonly #worker: RefWorker;
  #listener: PollListener | undefined;

  /** @param url - the worker's program; tests give one that fails. */
  constructor(url: string = defaultProgramUrl()) {
    this.#worker = new Worker(url, { name: "pixelflux poll" }) as RefWorker;
    this.#worker.addEventListener("message", ({ data }: MessageEvent<PollReport>) => {
      this.#report(data);
    });
    this.#worker.addEventListener("error", ({ message }) => this.#lose(message));
    this.#worker.addEventListener("close", () => this.#lose("the worker was terminated"));
  }

  /** An idle worker, or a new one. */
  static acquire(): PollWorker {
    return idle.pop() ?? new PollWorker();
  }

  /** Has the worker wait, and joins the pool again when that has ended. */
  watch(request: PollRequest, listener: PollListener): void {
    this.#listener = listener;
    this.#worker.ref();
    this.#worker.postMessage(request);
  }

  #report(report: PollReport): void {
    switch (report.kind) {
      case "news":
        this.#listener?.onNews();
        break;
      case "ended":
        this.#rest();
        break;
      case "failed":
        this.#lose(report.message);
        break;
    }
  }

  #rest(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    if (idle.length < IDLE_COUNT_MAX) {
      this.#worker.unref();
      idle.push(this);
    } else {
      this.#worker.terminate();
    }
    listener?.onEnded();
  }

  #lose(message: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    const index = idle.indexOf(this);
    if (index >= 0) idle.splice(index, 1);
    this.#worker.terminate();
    listener?.onFailed(message);
  }
}
