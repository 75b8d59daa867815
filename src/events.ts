// SPDX-License-Identifier: MPL-2.0
/** The events of a capture, and the little that is needed to emit them. */

import type { CursorEvent } from "./cursor.ts";
import type { PixelfluxError } from "./errors.ts";
import type { NativePhase } from "./native/capture.ts";

/** The size of a frame after it has changed. */
export interface ResizeEvent {
  /** In px. */
  readonly width: number;
  readonly height: number;
}

/** A frame of which no further stripe comes. */
export interface FrameEvent {
  /** As in the stripes. */
  readonly frameId: number;
}

/** Events of a {@link ScreenCapture} and what their listeners get. */
export interface CaptureEvents {
  /**
   * The capture failed while running (a `PixelfluxError`), or a callback threw
   * (whatever it threw). Where nobody listens it becomes an unhandled
   * rejection.
   */
  error: [error: unknown];
  /**
   * The display was lost, as the error says, and is waited for (setting
   * `reconnect`): it is tried again after pauses of 0.25 to 5 seconds.
   */
  disconnect: [error: PixelfluxError];
  /** A display that was lost is back; complete stripes follow. */
  reconnect: [];
  /** The frame's size has changed; complete stripes of the new size follow. */
  resize: [size: ResizeEvent];
  /**
   * Every stripe of this frame, and of those before it, has been handed out.
   * A frame of which nothing had changed may pass without one.
   */
  frame: [frame: FrameEvent];
  /**
   * The pointer has moved, looks different, has come or gone; where `captureCursor`
   * is `"stream"`, and once when that ends. Comes at most `targetFps` times a second,
   * whether stripes do or not, and is never queued: it tells how things are now.
   * `capture.cursor` has the whole of it.
   */
  cursor: [cursor: CursorEvent];
  /** The capture has ended, by `stop()` or by failure, and its threads are gone. */
  stop: [];
}

/** A listener of one event. */
export type CaptureListener<E extends keyof CaptureEvents> = (...args: CaptureEvents[E]) => void;

interface Registration<E extends keyof CaptureEvents> {
  readonly listener: CaptureListener<E>;
  readonly once: boolean;
}

type Registrations = { [E in keyof CaptureEvents]: readonly Registration<E>[] };

/**
 * Listeners by event. Emitting calls those that were there when it began, in
 * the order they were added; one that throws does not keep the others from
 * being called, and its error becomes an unhandled rejection.
 */
export class CaptureEmitter {
  readonly #registrations: Registrations = {
    error: [],
    disconnect: [],
    reconnect: [],
    resize: [],
    frame: [],
    cursor: [],
    stop: [],
  };

  add<E extends keyof CaptureEvents>(event: E, listener: CaptureListener<E>, once: boolean): void {
    const present: readonly Registration<E>[] = this.#registrations[event];
    this.#set(event, [...present, { listener, once }]);
  }

  /** Takes away one registration of the listener; nothing happens where there is none. */
  remove<E extends keyof CaptureEvents>(event: E, listener: CaptureListener<E>): void {
    const present: readonly Registration<E>[] = this.#registrations[event];
    const index = present.findIndex((registration) => registration.listener === listener);
    if (index >= 0) this.#set(event, present.toSpliced(index, 1));
  }

  emit<E extends keyof CaptureEvents>(event: E, ...args: CaptureEvents[E]): void {
    const present: readonly Registration<E>[] = this.#registrations[event];
    if (present.length === 0 && event === "error") rejectUnhandled(args[0]);
    for (const registration of present) {
      if (registration.once) this.#drop(event, registration);
      try {
        registration.listener(...args);
      } catch (error) {
        rejectUnhandled(error);
      }
    }
  }

  #drop<E extends keyof CaptureEvents>(event: E, registration: Registration<E>): void {
    const present: readonly Registration<E>[] = this.#registrations[event];
    this.#set(
      event,
      present.filter((other) => other !== registration),
    );
  }

  #set<E extends keyof CaptureEvents>(event: E, registrations: readonly Registration<E>[]): void {
    this.#registrations[event] = registrations as Registrations[E];
  }
}

/** Tells once when the display is lost, and once when it is back. */
export class DisplayWatch {
  readonly #emitter: CaptureEmitter;
  #isLost = false;

  constructor(emitter: CaptureEmitter) {
    this.#emitter = emitter;
  }

  /** @param loss - the error of a capture that is reconnecting. */
  note(phase: NativePhase, loss: () => PixelfluxError): void {
    if (phase === "reconnecting" && !this.#isLost) {
      this.#isLost = true;
      this.#emitter.emit("disconnect", loss());
    } else if (phase === "running" && this.#isLost) {
      this.#isLost = false;
      this.#emitter.emit("reconnect");
    }
  }
}

/** Hands an error to the process as an unhandled rejection, so that it is never lost. */
function rejectUnhandled(error: unknown): void {
  void Promise.reject(error);
}
