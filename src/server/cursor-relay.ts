// SPDX-License-Identifier: MPL-2.0
/** The one pointer of a source that is two captures. */
import type { ScreenCapture } from "../index.ts";
import type { FeedCursor, FeedSink } from "./feed.ts";

const NOWHERE: FeedCursor = { x: 0, y: 0, visible: false, image: undefined };

/**
 * Has one of a source's captures tell of the pointer, and all of its feeds hear of
 * it: the source's own where that runs, else the one for the other codec.
 */
export class CursorRelay {
  readonly #own: ScreenCapture;
  readonly #sinks = new Map<ScreenCapture, FeedSink>();

  /** @param own - the capture whose settings say what becomes of the pointer. */
  constructor(own: ScreenCapture) {
    this.#own = own;
  }

  /** A feed is about to start; to be called ahead of its capture's start. */
  begin(capture: ScreenCapture, sink: FeedSink): () => void {
    const onCursor = () => {
      if (capture === this.#teller) this.#tell([...this.#sinks.values()]);
    };
    capture.on("cursor", onCursor);
    this.#sinks.set(capture, sink);
    this.#share();
    if (this.#teller?.cursor) this.#tell([sink]);
    return () => {
      capture.off("cursor", onCursor);
      this.#sinks.delete(capture);
      this.#share();
    };
  }

  get #teller(): ScreenCapture | undefined {
    const [first] = this.#sinks.keys();
    return this.#sinks.has(this.#own) ? this.#own : first;
  }

  #tell(sinks: readonly FeedSink[]): void {
    const cursor = this.#teller?.cursor ?? NOWHERE;
    for (const sink of sinks) sink.cursor?.(cursor);
  }

  /** The pointer is looked at once, however many captures there are. */
  #share(): void {
    if (this.#own.settings.captureCursor !== "stream") return;
    for (const capture of this.#sinks.keys()) {
      const captureCursor = capture === this.#teller ? "stream" : "none";
      if (capture.settings.captureCursor !== captureCursor) capture.update({ captureCursor });
    }
  }
}
