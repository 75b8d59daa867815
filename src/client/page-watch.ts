// SPDX-License-Identifier: MPL-2.0

/** What only a page is told: whether somebody looks, and that the device is online again. */
export class PageWatch {
  readonly #listening = new AbortController();

  /**
   * @param changed - Called when the page is shown or hidden.
   * @param online - Called when the device is online again.
   */
  constructor(changed: (isHidden: boolean) => void, online: () => void) {
    const { signal } = this.#listening;
    document.addEventListener("visibilitychange", () => changed(this.isHidden), { signal });
    window.addEventListener("online", online, { signal });
  }

  get isHidden(): boolean {
    return document.visibilityState === "hidden";
  }

  close(): void {
    this.#listening.abort();
  }
}
