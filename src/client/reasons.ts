// SPDX-License-Identifier: MPL-2.0
/** Why there is no connection, in words for the one who watches. */
import { CLOSE_CODES } from "./messages.ts";

/** H.264 is wanted, and there is no `VideoDecoder`. */
export const NO_WEBCODECS =
  "H.264 needs WebCodecs, which browsers offer on https and localhost only";
/** Pings are not answered any more, or the connection is not made. */
export const NO_ANSWER = "the server does not answer";

const NOT_MADE = "the connection could not be made";
/** More of a server's words would be a page, and no reason. */
const WORDS_LENGTH_MAX = 200;
const ASK_TIMEOUT_MS = 2000;
/** RFC 9110, 15.5.22: what a server that takes WebSockets there says to a plain GET. */
const UPGRADE_REQUIRED = 426;

/**
 * Why a connection that had been open was closed (RFC 6455, 7.4).
 *
 * @param reason - What the server said with the code, or nothing.
 */
export function closeReason(code: number, reason: string): string {
  switch (code) {
    case CLOSE_CODES.tooSlow:
      return "this connection was too slow for the stream";
    case CLOSE_CODES.misbehaved:
      return "the server refused this viewer's messages";
    case 1001:
      return reason || "the server is going away";
    case 1006:
      return "the connection was lost";
    case CLOSE_CODES.failed:
      return reason || "the server has failed";
    default:
      return reason || "the server closed the connection";
  }
}

/**
 * Why a connection could not be opened: a `WebSocket` does not tell, so the
 * server is asked by a plain GET to the same address. Never rejects.
 *
 * @param url - The `ws:` or `wss:` address.
 * @param signal - Ends the request; the words do not matter then.
 */
export async function refusalReason(url: string, signal: AbortSignal): Promise<string> {
  if (navigator.onLine === false) return "this device is offline";
  const address = url.replace(/^ws/, "http");
  const request = new AbortController();
  const abort = () => request.abort();
  const timer = setTimeout(abort, ASK_TIMEOUT_MS);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const response = await fetch(address, { cache: "no-store", signal: request.signal });
    const { status } = response;
    if (status < 400 || status === UPGRADE_REQUIRED) {
      await response.body?.cancel();
      return NOT_MADE;
    }
    return (await wordsOf(response)) || `the server refused the connection (${status})`;
  } catch {
    // Not reached in time, or of another origin, which does not let itself be read.
    return request.signal.aborted ? NO_ANSWER : "the server cannot be reached";
  } finally {
    clearTimeout(timer);
  }
}

async function wordsOf(response: Response): Promise<string> {
  const isText = response.headers.get("content-type")?.startsWith("text/plain");
  if (!isText) {
    await response.body?.cancel();
    return "";
  }
  return (await response.text()).trim().slice(0, WORDS_LENGTH_MAX);
}
