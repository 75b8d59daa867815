// SPDX-License-Identifier: MPL-2.0
/**
 * Where the core of a player runs in a worker. Bundled into a file of its own by
 * `scripts/build-client.ts`; a page starts it from a `Blob` of that text. It keeps
 * the canvas that it was handed, for one player after the other: a canvas's
 * control can be transferred only once, and not back.
 */
import { PlayerCore } from "./core.ts";
import type { CoreCommand, CoreEvent, WorkerCommand, WorkerEvent } from "./core-messages.ts";

/** What is used of a `DedicatedWorkerGlobalScope`, which the DOM's types do not have. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerCommand>) => void) | null;
  postMessage(event: WorkerEvent): void;
}

const scope = globalThis as unknown as WorkerScope;
let canvas: OffscreenCanvas | undefined;
let closePrevious: () => void = () => undefined;

function start({ start, port, canvas: handed }: WorkerCommand): void {
  // What the page told the player before comes through another port, maybe later than this.
  closePrevious();
  canvas ??= handed;
  if (canvas === undefined) throw new Error("the worker was started without a canvas");
  const core = new PlayerCore(canvas, start, (event: CoreEvent) => port.postMessage(event));
  const close = () => {
    core.close();
    port.close();
  };
  closePrevious = close;
  port.onmessage = ({ data }: MessageEvent<CoreCommand>) => {
    if (data.type === "close") close();
    else core.take(data);
  };
  core.begin();
}

scope.onmessage = ({ data }) => start(data);
scope.postMessage({ type: "ready" });
