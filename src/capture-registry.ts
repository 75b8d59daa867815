// SPDX-License-Identifier: MPL-2.0
/**
 * The captures of this realm that have native threads. The list hangs on
 * `globalThis`, where it outlives the module: `bun --hot` evaluates modules
 * anew and keeps what is native.
 */

/** What the registry needs of a running capture. */
export interface RegisteredRun {
  /** The public object it belongs to, unless that was collected. */
  readonly capture: object | undefined;
  /** Ends the run; may be repeated. */
  requestStop(): void;
  /** Asks for the native end, without waiting. */
  requestNativeStop(): void;
  /** Waits for the native end, for so long, and frees then; nothing is told to anybody. */
  freeWithin(timeoutMs: number): void;
}

const REGISTRY_KEY = Symbol.for("pixelflux-ffi.captures");

type Registry = Set<RegisteredRun>;
type RegistryHolder = { [REGISTRY_KEY]?: Registry };

/** Adds a run; from here on it is ended when the process exits. */
export function registerRun(run: RegisteredRun): void {
  registry().add(run);
}

/** Takes a run out again; may be repeated. */
export function unregisterRun(run: RegisteredRun): void {
  registry().delete(run);
}

/** The runs of this realm, those of a module evaluated earlier included. */
export function registeredRuns(): readonly RegisteredRun[] {
  return [...registry()];
}

/** A run that ends with its reader: holds neither the reader nor, once it has ended, the run. */
const readers = new FinalizationRegistry<WeakRef<RegisteredRun>>((run) => {
  run.deref()?.requestStop();
});

/**
 * Ends a run when whoever could read its stripes has been collected. A reader
 * that waits for one is not: the run holds on to who waits.
 *
 * @param reader - the only way to the run's stripes; the run must not lead to it.
 */
export function stopWithReader(reader: object, run: RegisteredRun): void {
  readers.register(reader, new WeakRef(run));
}

function registry(): Registry {
  const holder = globalThis as RegistryHolder;
  holder[REGISTRY_KEY] ??= createRegistry();
  return holder[REGISTRY_KEY];
}

/**
 * How long an exiting process waits for its captures, all of them together. A
 * capture that hangs in a system call, for a display that does not answer, is
 * left to the system.
 */
const EXIT_WAIT_MS_MAX = 1000;

/** Native threads should not outlive JavaScript, in a process that is half gone. */
function createRegistry(): Registry {
  const runs: Registry = new Set();
  process.on("exit", () => {
    for (const run of runs) run.requestNativeStop();
    const deadlineMs = performance.now() + EXIT_WAIT_MS_MAX;
    for (const run of runs) run.freeWithin(Math.max(0, deadlineMs - performance.now()));
  });
  return runs;
}
