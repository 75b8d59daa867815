// SPDX-License-Identifier: MPL-2.0
// Captures from servers that lie: those of one group of X_LIES. Says "begin" before each, and then
// how it ended, as JSON, so that a crash has a name.
import { memoryUsage, type PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { FakeXServer } from "./fake-x-server.ts";
import { descriptors, threadsOf } from "./proc.ts";
import { waitFor } from "./process.ts";
import type { XLie } from "./x-lie.ts";
import { SLOW_GROUPS, X_LIES } from "./x-lies.ts";

export interface LieResult {
  name: string;
  ending: string;
  /** From the start, or from the lie where that came later, to an error. */
  errorMs: number;
  stopMs: number;
  /** What was left behind in the end. */
  left: string[];
}

/** Complete frames that have to come for a capture to count as clean. */
const FRAME_COUNT = 8;
/** A capture that says nothing for so long hangs; connecting may take 5 s. */
const HANG_MS = 9000;

/** A capture that is meant to wait has waited. */
const SILENCE_MS = 1000;

const timeout = <T>(value: T, ms = HANG_MS) => Bun.sleep(ms).then(() => value);

/** Asks for complete frames until enough have come. */
async function framesCome(capture: ScreenCapture, seen: { count: number }): Promise<string> {
  for (let frame = 0; frame < FRAME_COUNT; frame++) {
    const known = seen.count;
    capture.requestKeyframe();
    while (seen.count === known) await Bun.sleep(1);
  }
  return "clean";
}

async function endingOf(server: FakeXServer, lie: XLie, capture: ScreenCapture): Promise<string> {
  const seen = { count: 0 };
  const failed = Promise.withResolvers<string>();
  capture.on("error", (error) => failed.resolve((error as PixelfluxError).code));
  await capture.start((stripe) => {
    seen.count += 1;
    stripe.release();
  });
  lie.whenRunning?.(server);
  server.damage();
  // A capture that has failed is asked for no more frames.
  const goesOn = framesCome(capture, seen).catch(() => failed.promise);
  return await Promise.race([failed.promise, goesOn]);
}

function threads(): string[] {
  const names = threadsOf().map((thread) => thread.name);
  return names.filter((name) => name.startsWith("pf-"));
}

/** What is there now beyond what was there before. */
async function leftBehind(descriptorCount: number): Promise<string[]> {
  let left: string[] = [];
  const isNone = () => {
    const { captureCount, threadCount, lentCount, bufferBytes } = memoryUsage();
    const counts = { captureCount, threadCount, lentCount, bufferBytes };
    left = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? `${count} ${name}` : []));
    left.push(...threads());
    const open = descriptors();
    if (open.length > descriptorCount) left.push(...open.map(({ target }) => target));
    return left.length === 0;
  };
  await waitFor("nothing to be left", isNone, 3000).catch(() => undefined);
  return left;
}

async function act(name: string, lie: XLie): Promise<LieResult> {
  const server = await FakeXServer.start(lie);
  const region = { captureWidth: 64, captureHeight: 48 };
  const capture = new ScreenCapture({ ...region, ...lie.settings, display: server.display });
  const startedMs = performance.now();
  const ending = await Promise.race([
    endingOf(server, lie, capture).catch((error: PixelfluxError) => error.code ?? String(error)),
    lie.endings.includes("silence") ? timeout("silence", SILENCE_MS) : timeout("hangs"),
  ]);
  const errorMs = performance.now() - startedMs;
  const stop = capture.stop().then(() => []);
  const left = await Promise.race([stop, timeout(["a stop"], 3000)]);
  const stopMs = performance.now() - startedMs - errorMs;
  await server[Symbol.asyncDispose]();
  return { name, ending, errorMs, stopMs, left };
}

/** Some lies at the same time; what they left behind is told with each. */
async function tell(lies: [name: string, lie: XLie][]): Promise<void> {
  const descriptorCount = descriptors().length;
  for (const [name] of lies) console.log(`begin ${name}`);
  const results = await Promise.all(lies.map(([name, lie]) => act(name, lie)));
  const left = await leftBehind(descriptorCount);
  for (const result of results) {
    console.log(JSON.stringify({ ...result, left: [...result.left, ...left] }));
  }
}

const HONEST: XLie = { endings: ["clean"] };

async function run(group: string): Promise<void> {
  const lies = Object.entries(X_LIES[group] ?? {});
  const batches = SLOW_GROUPS.includes(group) ? [lies] : lies.map((lie) => [lie]);
  // The first captures make what every process keeps: threads of Bun's, and their descriptors.
  await Promise.all(Array.from(batches[0] ?? [], () => act("", HONEST)));
  for (const batch of batches) await tell(batch);
  await tell([["honest again", HONEST]]);
  process.exit(0);
}

if (import.meta.main) await run(process.argv[2] ?? "");
