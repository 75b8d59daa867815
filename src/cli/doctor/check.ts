// SPDX-License-Identifier: MPL-2.0

/** What came of one check. */
export interface Check {
  readonly name: string;
  /**
   * `failed`: nothing can be captured so. `warning`: it can, but slower, or not
   * everything. `skipped`: one before it has failed.
   */
  readonly status: "ok" | "warning" | "failed" | "skipped";
  /** What was found; may have several lines. */
  readonly words: string;
  /** How to mend it; left out where there is nothing to mend. */
  readonly remedy?: string;
}

export function ok(name: string, words: string): Check {
  return { name, status: "ok", words };
}

export function warning(name: string, words: string, remedy: string): Check {
  return { name, status: "warning", words, remedy };
}

export function failed(name: string, words: string, remedy: string): Check {
  return { name, status: "failed", words, remedy };
}

export function skipped(name: string, words: string): Check {
  return { name, status: "skipped", words };
}
