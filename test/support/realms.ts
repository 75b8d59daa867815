// SPDX-License-Identifier: MPL-2.0
// Code that tests put into a page and into the workers that it starts, ahead of what is there.
import type { Page } from "playwright-core";

/** A script for a page that also runs in its workers from blobs, as the player's is. */
export function inEveryRealm(code: string): string {
  const text = JSON.stringify(`{${code}}\n`);
  return `{${code}}
    const makeUrl = URL.createObjectURL;
    URL.createObjectURL = (blob) => makeUrl.call(URL,
      blob.type === "text/javascript" ? new Blob([${text}, blob], { type: blob.type }) : blob);`;
}

/** Which decoders fail, and how. */
export interface DecoderFaults {
  /** Those that are configured for one of these. */
  readonly of: readonly HardwareAcceleration[];
  /** "hold": gives no picture and no error. "refuse": as not supported, when configured. */
  readonly how: "error" | "hold" | "refuse";
  /** Of a row's stripes, as many fail first. Default all. */
  readonly count?: number;
}

/** Wraps `VideoDecoder`, for {@link inEveryRealm}. */
export function faultyDecoders({
  of,
  how,
  count = Number.MAX_SAFE_INTEGER,
}: DecoderFaults): string {
  return `if (globalThis.VideoDecoder) {
    const Real = globalThis.VideoDecoder;
    let left = ${count};
    const error = (name) => new DOMException("injected by a test", name);
    globalThis.VideoDecoder = class extends Real {
      #init;
      #isFaulty = false;
      constructor(init) {
        super(init);
        this.#init = init;
      }
      configure(config) {
        this.#isFaulty = ${JSON.stringify(of)}.includes(config.hardwareAcceleration);
        super.configure(config);
        if (this.#isFaulty && ${how === "refuse"}) this.#fail("NotSupportedError");
      }
      decode(chunk) {
        if (!this.#isFaulty || left <= 0) return super.decode(chunk);
        left -= 1;
        if (${how === "error"}) this.#fail("EncodingError");
      }
      #fail(name) {
        queueMicrotask(() => {
          if (this.state === "closed") return;
          super.close();
          this.#init.error(error(name));
        });
      }
    };
  }`;
}

/** What a realm holds that is to be given back. */
export interface Holdings {
  sockets: number;
  decoders: number;
  frames: number;
  images: number;
  timers: number;
  listeners: number;
  urls: number;
}

/** Counts {@link Holdings}, for {@link inEveryRealm}; {@link holdingsOf} reads them. */
export const COUNTING = `
  const held = { sockets: 0, decoders: 0, frames: 0, images: 0, timers: 0, listeners: 0, urls: 0 };
  const realm = typeof document === "undefined" ? "worker" : "page";
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      held.sockets += 1;
      super.addEventListener("close", () => { held.sockets -= 1; });
    }
  };
  const countClosing = (object, name) => {
    held[name] += 1;
    const close = object.close;
    let isOpen = true;
    object.close = () => {
      if (isOpen) held[name] -= 1;
      isOpen = false;
      return close.call(object);
    };
    return object;
  };
  if (typeof VideoDecoder !== "undefined") {
    globalThis.VideoDecoder = class extends VideoDecoder {
      constructor({ output, error }) {
        super({
          output: (frame) => output(countClosing(frame, "frames")),
          error: (reason) => { held.decoders -= 1; error(reason); },
        });
        countClosing(this, "decoders");
      }
    };
  }
  const makeImage = createImageBitmap;
  globalThis.createImageBitmap = async (...args) => countClosing(await makeImage(...args), "images");
  const timers = new Set();
  for (const [set, clear, repeats] of [["setTimeout", "clearTimeout", false], ["setInterval", "clearInterval", true]]) {
    const [realSet, realClear] = [globalThis[set], globalThis[clear]];
    globalThis[set] = (task, ...rest) => {
      const id = realSet(() => { if (!repeats) timers.delete(id); task(); }, ...rest);
      timers.add(id);
      return id;
    };
    globalThis[clear] = (id) => { timers.delete(id); realClear(id); };
  }
  if (realm === "page") {
    const add = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (type, listener, options) {
      // Playwright has listeners of its own in Firefox, of other events.
      if (type === "visibilitychange" || type === "online") {
        held.listeners += 1;
        options?.signal && add.call(options.signal, "abort", () => { held.listeners -= 1; });
      }
      return add.call(this, type, listener, options);
    };
    const [make, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
    URL.createObjectURL = (blob) => { held.urls += 1; return make.call(URL, blob); };
    URL.revokeObjectURL = (url) => { held.urls -= 1; return revoke.call(URL, url); };
  }
  const channel = new BroadcastChannel("holdings");
  const tell = () => ({ realm, held: { ...held, timers: timers.size } });
  globalThis.holdings = tell;
  channel.onmessage = ({ data }) => { if (data === "ask") channel.postMessage(tell()); };
`;

/** What the page holds, and each of its workers; those without an answer in time are left out. */
export function holdingsOf(page: Page): Promise<{ realm: string; held: Holdings }[]> {
  const workers = page.workers().length;
  return page.evaluate(async (count) => {
    const own = (globalThis as unknown as { holdings: () => never }).holdings();
    const channel = new BroadcastChannel("holdings");
    const answers: never[] = [own];
    await new Promise<void>((resolve) => {
      const isComplete = () => answers.length > count && resolve();
      const from = performance.now();
      channel.onmessage = ({ data }) => {
        if (data.realm === "worker") answers.push(data as never);
        isComplete();
      };
      const look = () =>
        performance.now() - from > 1000 ? resolve() : requestAnimationFrame(look);
      look();
      isComplete();
      channel.postMessage("ask");
    });
    channel.close();
    return answers;
  }, workers);
}
