// SPDX-License-Identifier: MPL-2.0

/** Whether nobody can see the page: another tab is in front, the window is minimised. */
export function isPageHidden(): boolean {
  return document.visibilityState === "hidden";
}

/** What only a page is told: whether somebody looks, and that the device is online again. */
export class PageWatch {
  readonly #listening = new AbortController();

  /**
   * @param changed - Called when the page is shown or hidden; see {@link isPageHidden}.
   * @param online - Called when the device is online again.
   */
  constructor(changed: () => void, online: () => void) {
    const { signal } = this.#listening;
    document.addEventListener("visibilitychange", () => changed(), { signal });
    window.addEventListener("online", online, { signal });
  }

  close(): void {
    this.#listening.abort();
  }
}
