// SPDX-License-Identifier: MPL-2.0
// Plays a recording back once: how long updates took to be seen, and how some of them looked.
import type { Update } from "../test/support/painter.ts";
import { type Latencies, showsAll, Watch } from "./codes.ts";
import { Composite } from "./composite.ts";
import { drawingsOf, type Luma } from "./pictures.ts";
import type { Recording } from "./recording.ts";

/** Updates of a run that are looked at. */
const SAMPLE_COUNT = 4;

/** What a client showed in the area of an update. */
export interface Sample {
  update: Update;
  shown: Luma;
}

export interface Playback {
  latencies: Latencies;
  /** As first shown, with the last stripe of the frame that shows the whole update. */
  inMotion: Sample[];
  /** The last update, after everything has arrived. */
  atRest: Sample | undefined;
}

/* One update of each equal part of the run: the first, of the part's second half, that a frame
 * shows without a seam. */
class Sampler {
  readonly samples: Sample[] = [];
  readonly #updateCount: number;

  constructor(updateCount: number) {
    this.#updateCount = updateCount;
  }

  offer(picture: Composite, update: Update): void {
    const count = Math.min(SAMPLE_COUNT, this.#updateCount);
    const wanted = ((this.samples.length + 0.5) * this.#updateCount) / count;
    if (this.samples.length === count || update.counter < Math.floor(wanted)) return;
    if (showsAll(picture, update)) this.samples.push(sampleOf(picture, update));
  }
}

function sampleOf(picture: Composite, update: Update): Sample {
  const { x, y, width, height } = update.area;
  return { update, shown: picture.crop(x, y, width, height) };
}

/** @param size Of the screen, in px. */
export async function playBack(
  recording: Recording,
  updates: Update[],
  size: { width: number; height: number },
): Promise<Playback> {
  const picture = new Composite(size.width, size.height);
  const watch = new Watch(updates);
  const sampler = new Sampler(updates.length);
  let frameId: number | undefined;
  let newestBefore: Update | undefined;
  const endFrame = (): void => {
    if (watch.newest !== undefined && watch.newest !== newestBefore) {
      sampler.offer(picture, watch.newest);
    }
    newestBefore = watch.newest;
  };
  for await (const drawing of drawingsOf(recording)) {
    const { arrival } = drawing;
    if (arrival.frameId !== frameId) endFrame();
    frameId = arrival.frameId;
    picture.draw(drawing);
    watch.drawn(picture, arrival, arrival.arrivalNs);
  }
  endFrame();
  const last = updates.at(-1);
  const atRest =
    last !== undefined && showsAll(picture, last) ? sampleOf(picture, last) : undefined;
  return { latencies: watch.latencies, inMotion: sampler.samples, atRest };
}
