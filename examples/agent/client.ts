// SPDX-License-Identifier: MPL-2.0
import type { Action } from "./actions.ts";
import type { Outcome } from "./computer.ts";

/** An action that was not done. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;

  constructor(status: number, error: { code: string; message: string; field?: string }) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.field = error.field;
  }
}

/** Calls the endpoint. */
export class AgentClient {
  readonly #url: URL;
  readonly #headers: Record<string, string>;

  constructor(url: URL, token: string) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  }

  /** @throws {Refused} where it is not done. */
  async act(action: Action & { max_side?: number }): Promise<Outcome> {
    const body = JSON.stringify(action);
    return await this.#fetch({ method: "POST", body });
  }

  /** The size of screenshots, which coordinates are px of. */
  async size(): Promise<{ width: number; height: number }> {
    return await this.#fetch({ method: "GET" });
  }

  async #fetch<T>(init: RequestInit): Promise<T> {
    const response = await fetch(this.#url, { ...init, headers: this.#headers });
    const answer = await response.json();
    if (!response.ok) throw new Refused(response.status, answer.error);
    return answer;
  }
}
