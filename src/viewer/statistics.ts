// SPDX-License-Identifier: MPL-2.0
import type { PlayerStats, ScreenMessage, StripePlayer } from "../client/index.ts";
import { element } from "./elements.ts";
import { drawGraph, GRAPH_MS, type Sample } from "./graph.ts";
import { byteWords, codecName, megabitWords, millisecondWords, sizeWords } from "./words.ts";

const DECODERS = {
  hardware: "Hardware",
  software: "Software",
  image: "Image",
} as const;

/** The panel of figures with its graph. Draws and writes only while it is shown. */
export class Statistics {
  readonly #panel = element("statistics", HTMLElement);
  readonly #graph = element("graph", HTMLCanvasElement);
  readonly #toggle = element("statistics-toggle", HTMLButtonElement);
  #samples: Sample[] = [];
  #latest: { stats: PlayerStats; totals: StripePlayer["totals"] } | undefined;
  #latencyMs: number | undefined;
  #screen: ScreenMessage | undefined;

  constructor() {
    new ResizeObserver(() => this.#draw()).observe(this.#graph);
  }

  /** Whether it is shown. */
  get isShown(): boolean {
    return !this.#panel.hidden;
  }

  set isShown(isShown: boolean) {
    this.#panel.hidden = !isShown;
    this.#toggle.setAttribute("aria-pressed", String(isShown));
    this.#update();
  }

  /** What is being shown on the canvas. */
  set screen(screen: ScreenMessage) {
    this.#screen = screen;
    this.#update();
  }

  /** Takes the figures of one second. */
  add(stats: PlayerStats, totals: StripePlayer["totals"]): void {
    const atMs = performance.now();
    const { latencyMs, bytes } = stats;
    this.#samples = this.#samples.filter((sample) => atMs - sample.atMs < GRAPH_MS);
    this.#samples.push({ atMs, latencyMs, bitsPerSecond: bytes * 8 });
    this.#latest = { stats, totals };
    // A still screen has no latency: the last one stays.
    this.#latencyMs = latencyMs ?? this.#latencyMs;
    this.#update();
  }

  #update(): void {
    if (!this.isShown) return;
    if (this.#screen) {
      write("size", sizeWords(this.#screen));
      write("mode", codecName(this.#screen.mode));
    }
    if (this.#latest) this.#writeFigures(this.#latest.stats, this.#latest.totals);
    this.#draw();
  }

  #writeFigures(stats: PlayerStats, totals: StripePlayer["totals"]): void {
    write("latency", millisecondWords(this.#latencyMs));
    write("rate", megabitWords(stats.bytes * 8));
    write("fps", String(stats.fps));
    write("stripes", String(stats.stripes));
    write("round-trip", millisecondWords(stats.roundTripMs));
    write("decoder", stats.decoder === undefined ? "–" : DECODERS[stats.decoder]);
    write("thread", stats.inWorker ? "A worker" : "The page");
    write("received", byteWords(totals.bytes));
    write("errors", String(totals.decodeErrors));
    write("reconnects", String(totals.reconnects));
  }

  #draw(): void {
    if (this.isShown) drawGraph(this.#graph, this.#samples, performance.now());
  }
}

function write(id: string, text: string): void {
  element(id, HTMLElement).textContent = text;
}
