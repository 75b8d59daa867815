// SPDX-License-Identifier: MPL-2.0

/** Whom a server on this machine lets in. */
export interface Admission {
  /** The port that the server listens on. */
  readonly port: number | undefined;
  /** Where given, the characters that `?token=` has to have. */
  readonly token: string | undefined;
}

/**
 * Whether a request for a WebSocket is let in.
 *
 * Any page a browser shows may connect to 127.0.0.1, so only the page that came
 * from here is let in. Clients that are no browsers send no Origin.
 */
export function admits(request: Request, { port, token }: Admission): boolean {
  const { searchParams } = new URL(request.url);
  if (token !== undefined && searchParams.get("token") !== token) return false;
  const origin = request.headers.get("origin");
  const own = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  return origin === null || own.includes(origin);
}
