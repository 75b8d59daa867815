// SPDX-License-Identifier: MPL-2.0
/** Whom a fan-out lets in. */
import { createHash, timingSafeEqual } from "node:crypto";

/** What a request has to bring. */
export interface AdmissionOptions {
  /**
   * Where given, what `?token=` or `Authorization: Bearer` has to be: 16 or more
   * characters, compared in constant time. Default: none.
   */
  readonly token?: string | undefined;
  /**
   * Pages of these origins are let in, as in `"https://desk.example.com"`, besides
   * the server's own under an IP address or `localhost`. A server behind a proxy,
   * or under a name of its own, has to name itself here. Default: none.
   */
  readonly origins?: readonly string[] | undefined;
}

/** A request that is turned away, and why. */
export interface Refusal {
  /** Of the answer to the request. */
  readonly status: 400 | 401 | 403 | 426 | 503;
  /** What was wrong, for programs. */
  readonly reason: "codec" | "token" | "origin" | "upgrade" | "full";
  /** What was wrong, in words: the answer's text. */
  readonly text: string;
}

/**
 * Whether a request brings what it has to, for servers of your own beside a fan-out:
 * looks at its origin, then at its token, which it compares in constant time.
 *
 * @returns `undefined` where the request may come in.
 */
export function refusalOf(request: Request, options: AdmissionOptions): Refusal | undefined {
  if (!isOwnOrigin(request, options.origins ?? [])) {
    const text =
      "Pages of this origin may not watch. The server's option origins names those that may.";
    return { status: 403, reason: "origin", text };
  }
  if (options.token !== undefined && !isToken(options.token, tokenOf(request))) {
    return { status: 401, reason: "token", text: "The token is missing or wrong." };
  }
  return undefined;
}

/**
 * Any page may connect to any server from its visitor's machine (WebSockets know
 * no same-origin policy), so the origin has to be ours. That it equals the
 * request's host is not enough: a page at a name whose owner points it to our
 * address meets that too (DNS rebinding), but none at an address or `localhost`.
 * Clients that are no browsers send no origin.
 */
function isOwnOrigin(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || origins.includes(origin)) return true;
  const own = new URL(request.url);
  return origin === own.origin && isAddress(own.hostname);
}

function isAddress(hostname: string): boolean {
  return hostname === "localhost" || hostname.startsWith("[") || /^\d+(\.\d+){3}$/.test(hostname);
}

function tokenOf(request: Request): string {
  const [scheme, bearer] = (request.headers.get("authorization") ?? "").split(" ", 2);
  if (scheme?.toLowerCase() === "bearer" && bearer !== undefined) return bearer;
  return new URL(request.url).searchParams.get("token") ?? "";
}

/** By their digests, which are of one length: how long it takes tells nothing. */
function isToken(token: string, given: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(token), digest(given));
}
