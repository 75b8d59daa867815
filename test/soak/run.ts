// SPDX-License-Identifier: MPL-2.0
// bun run soak: paints, decodes and judges; the process under test captures.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Browser, readCanvas } from "../e2e/browser.ts";
import { random } from "../support/random.ts";
import { Scene } from "../support/scene.ts";
import { complaints, figuresOf, type Point } from "./figures.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { type Distance, distance, lumaOf, readStripes, shownBy } from "./picture.ts";
import { planRound, RESIDENTS, type Reading, type Round, SCREEN } from "./plan.ts";
import { Subject } from "./subject.ts";

/* At rest: JPEG of quality 90, H.264 at CRF 18, luma alone. A block that was missed, or is in a
 * wrong place, is off by more unless its pictures were alike. */
const PSNR_DB_MIN = 34;
const WORST_BLOCK_MAX = 12;

const QUIET_MS = 500;
/** Refreshes at rest come one by one; a picture that is still wrong then stays so. */
const REST_MS_MAX = 10_000;

/** What was done and seen; printed at the end. */
interface Counts {
  rounds: number;
  captures: number;
  visits: number;
  updates: number;
  keyframeRequests: number;
  comparisons: number;
  psnrDbMin: number;
  worstBlock: number;
}

class Soak implements AsyncDisposable {
  readonly points: Point[] = [];
  readonly counts: Counts = {
    ...{ rounds: 0, captures: 0, visits: 0, updates: 0, keyframeRequests: 0, comparisons: 0 },
    ...{ psnrDbMin: Number.POSITIVE_INFINITY, worstBlock: 0 },
  };
  readonly #scene: Scene;
  readonly #subject = new Subject();
  readonly #folder = mkdtempSync(join(tmpdir(), "pf-soak-"));
  readonly #next: (limit: number) => number;
  readonly #startMs = performance.now();
  #browser: Browser | undefined;
  #page: Page | undefined;

  constructor(scene: Scene, seed: number) {
    this.#scene = scene;
    this.#next = random(seed);
  }

  async begin(withBrowser: boolean): Promise<void> {
    await this.#scene.painter.pattern("photo", 1);
    for (const reading of RESIDENTS) await this.#start(reading);
    if (!withBrowser) return;
    const settings = { display: this.#scene.display, outputMode: "h264" as const };
    const url = String(await this.#subject.ask({ kind: "serve", settings }));
    this.#browser = await Browser.launch();
    this.#page = await this.#browser.open(url);
  }

  get seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  /** One round, from a screen at rest to a screen at rest. */
  async round(): Promise<Round> {
    const round = planRound(this.counts.rounds, this.#next);
    for (const { name } of RESIDENTS) {
      await this.#subject.ask({ kind: "record", name, path: this.#path(name) });
    }
    await Promise.all(round.readings.map((reading) => this.#start(reading)));
    const { painter } = this.#scene;
    await painter.prepare(round.workload, round.seed);
    const painting = painter.run(round.paintSeconds);
    await Promise.all(await this.#operate(round));
    await painting;
    await this.#expectAlike([...RESIDENTS, ...round.readings]);
    await Promise.all(round.readings.map(({ name }) => this.#subject.ask({ kind: "stop", name })));
    for (const { name, settings } of RESIDENTS) {
      await this.#subject.ask({ kind: "update", name, change: settings });
    }
    await this.#settle();
    this.points.push({ seconds: this.seconds, sample: await this.#subject.sample() });
    this.counts.rounds += 1;
    return round;
  }

  /** Stops everything; what is held then. */
  async end() {
    await this.#page?.close();
    await this.#subject.ask({ kind: "close" });
    for (const { name } of RESIDENTS) await this.#subject.ask({ kind: "stop", name });
    return this.#subject.sample();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser?.[Symbol.asyncDispose]();
    await this.#subject[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #settle(): Promise<void> {
    await this.#subject.ask({ kind: "settle", quietMs: QUIET_MS });
  }

  #path(name: string): string {
    return join(this.#folder, `${name.replaceAll(/\W+/g, "-")}.stripes`);
  }

  async #start({ name, settings, style }: Reading): Promise<void> {
    this.counts.captures += 1;
    const { display } = this.#scene;
    const all = { display, ...settings };
    const path = this.#path(name);
    await this.#subject.ask({ kind: "start", name, settings: all, style, path });
  }

  /** Gives the visits that are still under way. */
  async #operate({ operations }: Round): Promise<Promise<unknown>[]> {
    const visits: Promise<unknown>[] = [];
    for (const { afterMs, command } of operations) {
      await Bun.sleep(afterMs);
      if (command.kind === "visit") {
        this.counts.visits += 1;
        const settings = { display: this.#scene.display, ...command.settings };
        visits.push(this.#subject.ask({ ...command, settings }));
        continue;
      }
      if (command.kind === "update") this.counts.updates += 1;
      if (command.kind === "keyframe") this.counts.keyframeRequests += 1;
      await this.#subject.ask(command);
    }
    return visits;
  }

  /** Every reader shows the screen, within the time that a refresh may take. */
  async #expectAlike(readings: readonly Reading[]): Promise<void> {
    await this.#settle();
    const screen = lumaOf(await this.#scene.painter.grab());
    const looks = readings.map(({ name }) => async () => {
      const shown = await shownBy(readStripes(this.#path(name)), SCREEN);
      return { name, distance: distance(screen, shown) };
    });
    const page = this.#page;
    if (page !== undefined) {
      looks.push(async () => ({
        name: "the page",
        distance: distance(screen, lumaOf(await readCanvas(page))),
      }));
    }
    for (const look of looks) this.#note(await this.#awaitAlike(look));
  }

  async #awaitAlike(look: () => Promise<{ name: string; distance: Distance }>): Promise<Distance> {
    const deadlineMs = performance.now() + REST_MS_MAX;
    for (;;) {
      const { name, distance } = await look();
      const alike = distance.psnrDb >= PSNR_DB_MIN && distance.worstBlock <= WORST_BLOCK_MAX;
      if (alike) return distance;
      if (performance.now() > deadlineMs) {
        throw new Error(`${name} does not show the screen at rest: ${JSON.stringify(distance)}`);
      }
      await Bun.sleep(QUIET_MS);
    }
  }

  #note({ psnrDb, worstBlock }: Distance): void {
    this.counts.comparisons += 1;
    this.counts.psnrDbMin = Math.min(this.counts.psnrDbMin, psnrDb);
    this.counts.worstBlock = Math.max(this.counts.worstBlock, worstBlock);
  }
}

async function soak({ minutes, browser, verbose, seed }: Options) {
  await using scene = await Scene.start({ ...SCREEN });
  await using run = new Soak(scene, seed);
  await run.begin(browser);
  while (run.seconds < minutes * 60) {
    const round = await run.round().catch((error) => {
      throw new Error(`seed ${seed}, round ${run.counts.rounds}: ${error.message}`);
    });
    const { stripes, stripeBytes, ...held } = run.points.at(-1)?.sample ?? {};
    if (verbose) console.error(run.seconds.toFixed(0), round.workload, JSON.stringify(held));
  }
  const figures = figuresOf(run.points);
  const left = await run.end();
  const wrong = complaints(figures, minutes);
  for (const name of ["captures", "nativeThreads", "nativeBytes", "lentBytes"] as const) {
    if (left[name] !== 0) wrong.push(`${name} after the end: ${left[name]}`);
  }
  const { stripes, stripeBytes } = left;
  return { minutes, seed, ...run.counts, stripes, stripeBytes, ...figures, complaints: wrong };
}

function optionsOrExit(): Options {
  const given = process.argv.slice(2);
  if (given.includes("--help")) {
    console.log(USAGE);
    process.exit(0);
  }
  try {
    return parseOptions(given);
  } catch (error) {
    console.error(`soak: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

const options = optionsOrExit();
try {
  const result = await soak(options);
  console.log(JSON.stringify(result));
  process.exit(result.complaints.length === 0 ? 0 : 1);
} catch (error) {
  console.error(`soak: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
