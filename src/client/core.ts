// SPDX-License-Identifier: MPL-2.0
import { isCursorMessage } from "../wire.ts";
import { Assembly } from "./assembly.ts";
import { addressWith, isSent, wantedCodec } from "./codec-wish.ts";
import type { CoreCommand, CoreEvent, CoreStart } from "./core-messages.ts";
import { CursorReader } from "./cursor-state.ts";
import { DecoderLadder } from "./decoder-ladder.ts";
import { hasHardwareDecoder, hasVideoDecoder, showsFullRange } from "./decoder-support.ts";
import type { PaintedFrame } from "./frames.ts";
import { KeyframeRequests } from "./keyframe-requests.ts";
import { Link } from "./link.ts";
import {
  parseServerMessage,
  type Quality,
  type ScreenMessage,
  type ServerMessage,
} from "./messages.ts";
import { Meter } from "./meter.ts";
import { Picture, type PictureCanvas } from "./picture.ts";
import type { CodecChoice, PlayerState, PlayerStats } from "./player-types.ts";
import { NO_WEBCODECS } from "./reasons.ts";
import { Throttle } from "./throttle.ts";

const TICK_MS = 1000;
/** Of acknowledgements and counters: often enough to steer by, and no load. */
const TELL_INTERVAL_MS = 50;
/** Stands for "some row" where a decoder holds pictures back without an error. */
const ANY_ROW = -1;

/**
 * A player but for what only a page has: connection, decoders, picture. Runs in
 * a worker and on the main thread alike.
 */
export class PlayerCore {
  readonly #emit: (event: CoreEvent) => void;
  readonly #picture: Picture;
  readonly #meter = new Meter();
  readonly #ladder = new DecoderLadder();
  readonly #assembly: Assembly;
  readonly #link: Link;
  readonly #cursor = new CursorReader();
  readonly #wantsCursor: boolean;
  readonly #keyframes = new KeyframeRequests(() => this.#link.send({ type: "keyframe" }));
  readonly #acks = new Throttle(TELL_INTERVAL_MS, () => this.#acknowledge());
  readonly #totals = new Throttle(TELL_INTERVAL_MS, () => {
    this.#emit({ type: "totals", totals: this.#meter.totals });
  });
  #ticker: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;
  #choice: CodecChoice;
  #paused: boolean;
  /** The quality that is to be asked for. */
  #wish: Quality | undefined;
  #screen: ScreenMessage | undefined;
  /** The frame that came last of those that are shown, or never will be. */
  #takenId: number | undefined;
  /** The server has said that it takes input from this connection. */
  #takesInput = false;
  /** What decoders were opened for last, and of which kind the browser says that they are. */
  #openedCodec: string | undefined;
  #openedDecoder: "hardware" | "software" | undefined;

  /** @param emit - Called with all there is to tell, from {@link begin} on. */
  constructor(canvas: PictureCanvas, start: CoreStart, emit: (event: CoreEvent) => void) {
    this.#emit = emit;
    this.#choice = start.codec;
    this.#paused = start.paused;
    this.#wantsCursor = start.cursor;
    this.#picture = new Picture(canvas);
    this.#assembly = new Assembly({
      paint: (frame) => this.#paint(frame),
      dropped: (frameId) => this.#take(frameId),
      failed: (error, y) => this.#fail(error, y),
      opened: (codec) => void this.#learn(codec),
      acceleration: () =>
        this.#ladder.step === "no-preference" ? "no-preference" : "prefer-software",
    });
    this.#link = new Link(start.reconnect, {
      address: () => addressWith(start.url, this.#wanted),
      opened: () => this.#open(),
      received: (data) => this.#receive(data),
      lost: () => this.#lose(),
      changed: (state) => this.#change(state),
    });
  }

  /** Connects, unless it has been closed meanwhile. */
  begin(): void {
    if (this.#isClosed) return;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#link.open();
  }

  take(command: CoreCommand): void {
    if (this.#isClosed) return;
    switch (command.type) {
      case "keyframe":
        this.#keyframes.request();
        return;
      case "codec":
        this.#choose(command.codec);
        return;
      case "quality":
        this.#ask(command.quality);
        return;
      case "pause":
        this.#pause(command.paused);
        return;
      case "input":
        if (this.#takesInput) this.#link.send(command.message);
        return;
      case "retry":
        this.#link.retry();
        return;
      case "close":
        this.close();
        return;
    }
  }

  /** Ends the connection and frees everything but the canvas, which keeps its picture. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    this.#link.close(); // what was being decoded goes with the connection
    this.#totals.cancel();
  }

  get #wanted(): "h264" | "jpeg" | undefined {
    return wantedCodec(this.#choice, this.#ladder.step === "image" || !hasVideoDecoder());
  }

  get #decoder(): PlayerStats["decoder"] {
    if (this.#screen === undefined) return undefined;
    if (this.#screen.mode === "jpeg") return "image";
    if (this.#ladder.step !== "no-preference") return "software";
    return this.#openedDecoder;
  }

  /** JPEG may be asked for in place of H.264. */
  get #hasImages(): boolean {
    return this.#choice === "auto" && this.#screen?.codecs?.includes("jpeg") === true;
  }

  async #learn(codec: string): Promise<void> {
    if (this.#openedCodec === codec) return;
    this.#openedCodec = codec;
    const isHardware = await hasHardwareDecoder(codec);
    if (this.#openedCodec === codec) this.#openedDecoder = isHardware ? "hardware" : "software";
  }

  #choose(choice: CodecChoice): void {
    const before = this.#wanted;
    this.#choice = choice;
    this.#ladder.reset();
    const wanted = this.#wanted;
    const isRight = this.#screen ? isSent(wanted, this.#screen) : wanted === before;
    if (!isRight && this.#ticker !== undefined) this.#link.open();
  }

  /** Waits for the connection where there is none. */
  #ask(quality: Quality): void {
    this.#wish = this.#link.send({ type: "quality", quality }) ? undefined : quality;
  }

  #pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#link.send({ type: paused ? "pause" : "resume" });
  }

  #open(): void {
    this.#meter.connected();
    this.#totals.ask();
    if (this.#paused) this.#link.send({ type: "pause" });
    if (this.#wantsCursor) this.#link.send({ type: "cursor" });
    if (this.#wish) this.#ask(this.#wish);
    this.#ping();
  }

  #lose(): void {
    this.#assembly.clear();
    this.#acks.cancel();
    this.#keyframes.reset();
    this.#screen = undefined;
    this.#takeInput(false);
    this.#emit({ type: "cursor", cursor: this.#cursor.reset() });
  }

  #takeInput(allowed: boolean): void {
    if (this.#takesInput === allowed) return;
    this.#takesInput = allowed;
    this.#emit({ type: "input", allowed });
  }

  #change(state: PlayerState): void {
    if (state.name === "closed") this.close();
    this.#emit({ type: "state", state });
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const bytes = new Uint8Array(data);
      if (isCursorMessage(bytes)) {
        this.#point(bytes);
        return;
      }
      this.#meter.received(data.byteLength);
      this.#totals.ask();
      this.#assembly.receive(bytes);
      if (this.#assembly.isStalled) this.#unblock();
      return;
    }
    const message = parseServerMessage(data);
    if (message !== undefined) this.#hear(message);
  }

  #point(message: Uint8Array): void {
    try {
      const cursor = this.#cursor.take(message);
      if (cursor) this.#emit({ type: "cursor", cursor });
    } catch (error) {
      const { name, message: words } = error as Error; // a WireError
      this.#emit({ type: "error", name, message: words });
    }
  }

  #hear(message: ServerMessage): void {
    switch (message.type) {
      case "screen":
        this.#changeScreen(message);
        return;
      case "frame":
        this.#meter.began(message.frameId & 0xffff, message.timestamp);
        return;
      case "end":
        this.#assembly.end(message.frameId);
        return;
      case "gap":
        this.#assembly.addGap();
        return;
      case "pong":
        this.#meter.answered(message.sent, message.timestamp);
        this.#link.answered();
        return;
      case "failure":
        this.#link.explain(message.message);
        return;
      case "input":
        this.#takeInput(true);
        return;
    }
  }

  #changeScreen(screen: ScreenMessage): void {
    if (screen.mode === "h264" && !hasVideoDecoder()) {
      this.#link.fail(NO_WEBCODECS);
      return;
    }
    this.#screen = screen;
    this.#assembly.screen = screen;
    this.#emit({ type: "screen", screen });
    if (screen.mode === "h264" && this.#hasImages) void this.#checkColours();
  }

  /** JPEG's colours are right everywhere. */
  async #checkColours(): Promise<void> {
    if ((await showsFullRange()) || this.#ladder.step === "image") return;
    if (this.#isClosed || this.#screen?.mode !== "h264" || !this.#hasImages) return;
    this.#ladder.useImages();
    this.#link.open();
  }

  #paint(frame: PaintedFrame): void {
    if (this.#screen === undefined) return;
    const { painted, broken } = this.#picture.paint(frame, this.#screen);
    if (broken) this.#keyframes.request();
    else if (this.#picture.isWhole && this.#assembly.isEmpty) this.#keyframes.mended();
    this.#take(frame.id);
    if (!painted) return;
    this.#meter.shown(frame.id);
    this.#totals.ask();
    this.#link.shown();
  }

  /** What comes to nothing is acknowledged too: a server that waited for it would hold back all. */
  #take(frameId: number): void {
    this.#takenId = frameId;
    this.#acks.ask();
  }

  #acknowledge(): void {
    if (this.#takenId !== undefined) this.#link.send({ type: "ack", frameId: this.#takenId });
  }

  #fail(error: unknown, y: number | undefined): void {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    this.#meter.failed();
    this.#totals.ask();
    this.#emit({ type: "error", name, message });
    this.#keyframes.request();
    // What was no stripe is not the decoder's fault.
    if (y === undefined || this.#screen?.mode !== "h264") return;
    this.#stepDown(y, name === "NotSupportedError");
  }

  /** Takes the next kind of decoder, where this one keeps failing. */
  #stepDown(row: number, isFinal: boolean): void {
    if (!this.#ladder.fail(row, performance.now(), isFinal, this.#hasImages)) return;
    if (this.#ladder.step === "image") this.#link.open();
    else this.#mend();
  }

  /** Starts decoding anew, from keyframes. */
  #mend(): void {
    this.#assembly.clear();
    this.#keyframes.repeat();
  }

  #tick(): void {
    if (this.#assembly.isStalled && !this.#paused) this.#unblock();
    this.#keyframes.tick();
    this.#ping();
    this.#link.tick();
    this.#emit({ type: "stats", stats: { ...this.#meter.lap(), decoder: this.#decoder } });
  }

  /** A decoder that holds pictures back says nothing: software ones do not do that. */
  #unblock(): void {
    const isDecoding = this.#screen?.mode === "h264" && this.#assembly.isDecoding;
    this.#mend();
    if (isDecoding && this.#ladder.step === "no-preference") this.#stepDown(ANY_ROW, false);
  }

  #ping(): void {
    this.#link.send({ type: "ping", sent: performance.now() });
  }
}
