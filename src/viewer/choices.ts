// SPDX-License-Identifier: MPL-2.0
import type { CodecChoice, Quality, ScreenMessage } from "../client/index.ts";
import { element } from "./elements.ts";
import { codecName } from "./words.ts";

/** What the lists of codecs and qualities call. */
export interface ChoiceEvents {
  codec(codec: CodecChoice): void;
  quality(quality: Quality): void;
}

/** The lists of codecs and qualities; each is shown only where the server leaves a choice. */
export class Choices {
  readonly #codec = element("codec", HTMLSelectElement);
  #offered = "";
  readonly #quality = element("quality", HTMLSelectElement);

  constructor(events: ChoiceEvents) {
    this.#codec.addEventListener("change", () => events.codec(this.#codec.value as CodecChoice));
    this.#quality.addEventListener("change", () => events.quality(this.#quality.value as Quality));
  }

  /** Offers what the server does. */
  offer({ codecs = [], quality }: ScreenMessage): void {
    element("codec-control", HTMLElement).hidden = codecs.length < 2;
    if (codecs.length > 1) this.#offerCodecs(codecs);
    element("quality-control", HTMLElement).hidden = quality === undefined;
    if (quality !== undefined) this.#quality.value = quality;
  }

  #offerCodecs(codecs: readonly ("jpeg" | "h264")[]): void {
    const names = codecs.join();
    if (names === this.#offered) return; // it may be open: leave it alone
    this.#offered = names;
    const chosen = this.#codec.value || "auto";
    const options = codecs.map((codec) => {
      const option = new Option(codecName(codec), codec);
      // Browsers offer WebCodecs to secure contexts only.
      option.disabled = codec === "h264" && typeof VideoDecoder === "undefined";
      if (option.disabled) option.text += " (needs https)";
      return option;
    });
    this.#codec.replaceChildren(new Option("Auto", "auto"), ...options);
    this.#codec.value = chosen;
    if (this.#codec.selectedIndex < 0) this.#codec.value = "auto";
  }
}
