// SPDX-License-Identifier: MPL-2.0
// The process under test: captures, and readers that write what they get to files. Its parent
// paints, decodes and judges, so that what this process holds is the library's doing.
import { closeSync, openSync, writeSync } from "node:fs";
import { ScreenServer } from "../../examples/screen-to-browser/server.ts";
import { type CaptureSettings, memoryUsage, ScreenCapture, type Stripe } from "../../src/index.ts";
import { descriptors, nativeThreads, residentBytes, threadsOf } from "../support/proc.ts";
import { waitFor } from "../support/process.ts";
import { allocatedBytes, trimMalloc } from "./malloc.ts";
import {
  type Command,
  RECORD_FIELDS,
  RECORDED_TYPES,
  type ReaderStyle,
  type Reply,
  type Request,
  type Sample,
} from "./messages.ts";

const SETTLE_MS_MAX = 20_000;

let stripeCount = 0;
let stripeBytes = 0;
let lastStripeMs = performance.now();

function count({ data }: { readonly data: Uint8Array }): void {
  stripeCount += 1;
  stripeBytes += data.length;
  lastStripeMs = performance.now();
}

function say(reply: Reply): void {
  process.send?.(reply);
}

const head = new Uint32Array(RECORD_FIELDS.length);
const headBytes = new Uint8Array(head.buffer);

function write(fd: number, stripe: Stripe): void {
  const { payload } = stripe;
  const { frameId, x, stripeYStart, width, stripeHeight, sourceX = 0, sourceY = 0 } = stripe;
  const place = [x, stripeYStart, width, stripeHeight, sourceX, sourceY];
  const type = RECORDED_TYPES.indexOf(stripe.type);
  head.set([type, frameId, ...place, stripe.keyframe ? 1 : 0, payload.length]);
  writeSync(fd, headBytes);
  writeSync(fd, payload);
}

/** A capture, and the file that its stripes go to. */
class Reader {
  readonly capture: ScreenCapture;
  #fd: number;
  #reading: Promise<void> = Promise.resolve();

  constructor(settings: CaptureSettings, path: string) {
    this.capture = new ScreenCapture(settings);
    this.capture.on("error", (error) => say({ error: String(error) }));
    this.#fd = openSync(path, "w");
  }

  async start(style: ReaderStyle): Promise<void> {
    if (style === "callback") {
      await this.capture.start((stripe) => this.#take(stripe));
      return;
    }
    await this.capture.start();
    this.#reading = this.#iterate().catch((error) => say({ error: String(error) }));
  }

  record(path: string): void {
    closeSync(this.#fd);
    this.#fd = openSync(path, "w");
    this.capture.requestKeyframe();
  }

  async stop(): Promise<void> {
    await this.capture.stop();
    await this.#reading;
    closeSync(this.#fd);
  }

  async #iterate(): Promise<void> {
    for await (const stripe of this.capture) this.#take(stripe);
  }

  #take(stripe: Stripe): void {
    using lent = stripe;
    count(lent);
    write(this.#fd, lent);
  }
}

const readers = new Map<string, Reader>();
let server: ScreenServer | undefined;

function reader(name: string): Reader {
  const found = readers.get(name);
  if (found === undefined) throw new Error(`there is no reader ${name}`);
  return found;
}

/** A visitor goes after this long, too: a still screen may have no more stripes for it. */
const VISIT_MS_MAX = 1500;

/** Every other stripe is left to the collector, as a careless reader would. */
function look(stripe: Stripe, seen: number): void {
  count(stripe);
  if (seen % 2 === 0) stripe.release();
}

async function visitByCallback(capture: ScreenCapture, wanted: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  capture.on("error", reject);
  capture.on("stop", () => resolve());
  let seen = 0;
  const started = capture.start((stripe) => {
    seen += 1;
    look(stripe, seen);
    if (seen === wanted) resolve();
  });
  started.catch((error) => (error.code === "ERR_ABORTED" ? resolve() : reject(error)));
  await promise;
  await capture.stop();
}

async function visitByIterator(capture: ScreenCapture, wanted: number): Promise<void> {
  let seen = 0;
  for await (const stripe of capture) {
    seen += 1;
    look(stripe, seen);
    if (seen === wanted) break;
  }
}

async function visit({ settings, style, count }: Command & { kind: "visit" }): Promise<void> {
  const capture = new ScreenCapture(settings);
  const timer = setTimeout(() => void capture.stop(), VISIT_MS_MAX);
  await (style === "callback" ? visitByCallback : visitByIterator)(capture, count);
  clearTimeout(timer);
}

/** Everything that JavaScript no longer holds, and what malloc keeps for later, is given back. */
async function sample(): Promise<Sample> {
  await waitFor("stripes nobody holds to be collected", () => {
    Bun.gc(true);
    return memoryUsage().lentCount === 0;
  });
  const keptBytes = residentBytes();
  trimMalloc();
  const { captureCount, lentBytes, bufferBytes } = memoryUsage();
  return {
    captures: captureCount,
    lentBytes,
    nativeBytes: bufferBytes,
    otherBytes: allocatedBytes() - bufferBytes,
    residentBytes: residentBytes(),
    keptBytes: keptBytes - residentBytes(),
    nativeThreads: nativeThreads().length,
    threads: threadsOf().length,
    descriptors: descriptors().length,
    stripes: stripeCount,
    stripeBytes,
  };
}

async function settle(quietMs: number): Promise<void> {
  lastStripeMs = performance.now();
  const quiet = () => performance.now() - lastStripeMs > quietMs;
  await waitFor("the captures to come to rest", quiet, SETTLE_MS_MAX);
}

async function start({ name, settings, style, path }: Command & { kind: "start" }): Promise<void> {
  const made = new Reader(settings, path);
  readers.set(name, made);
  await made.start(style);
}

async function stop(name: string): Promise<void> {
  await reader(name).stop();
  readers.delete(name);
}

function serve(settings: CaptureSettings): string {
  server = new ScreenServer({
    port: 0,
    settings,
    onStripe: count,
    onError: (error) => say({ error: String(error) }),
  });
  return String(server.url);
}

async function carryOut(command: Command): Promise<unknown> {
  switch (command.kind) {
    case "start":
      return start(command);
    case "record":
      return reader(command.name).record(command.path);
    case "update":
      return reader(command.name).capture.update(command.change);
    case "keyframe":
      return reader(command.name).capture.requestKeyframe();
    case "stop":
      return stop(command.name);
    case "visit":
      return visit(command);
    case "settle":
      return settle(command.quietMs);
    case "serve":
      return serve(command.settings);
    case "close":
      return server?.stop();
    case "sample":
      return sample();
  }
}

process.on("message", ({ id, command }: Request) => {
  carryOut(command).then(
    (value) => say({ id, value }),
    (error) => say({ id, error: `${command.kind}: ${error}` }),
  );
});
process.on("disconnect", () => process.exit(1));
