// SPDX-License-Identifier: MPL-2.0
/**
 * What the guard's process runs. It stands alone: its text goes to a Bun of its own, so
 * nothing but what is in the function may be used.
 */

/** What a guard is told: a line of JSON, of which the last one counts. */
export interface GuardOrders {
  /** Where the X server listens. */
  readonly server: { readonly path: string } | { readonly host: string; readonly port: number };
  /** The beginning of a connection, in base64. */
  readonly setup: string;
  /** Requests that release what is held, in base64; empty where nothing is. */
  readonly release: string;
  /** Requests that give lent keys back, in base64, to be sent after a pause. */
  readonly restore: string;
  readonly pauseMs: number;
}

/** Reads orders until whoever gives them has ended, however that was; then carries the last out. */
export async function guard(): Promise<void> {
  const { connect } = await import("node:net");
  // It ends with its parent, and not before.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => undefined);
  let last = "";
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of Bun.stdin.stream()) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    last = lines.at(-1) ?? last;
  }
  const orders: GuardOrders | undefined = last === "" ? undefined : JSON.parse(last);
  if (orders === undefined || orders.release + orders.restore === "") process.exit(0);
  const socket = connect(orders.server);
  // The server has done all of it; or it is gone, and with it what was held.
  socket.on("close", () => process.exit(0));
  socket.on("error", () => process.exit(0));
  socket.resume();
  socket.write(Buffer.from(orders.setup, "base64"));
  socket.write(Buffer.from(orders.release, "base64"));
  await Bun.sleep(orders.pauseMs);
  // No more than half a close, upon which the server reads to the end before it closes.
  socket.end(Buffer.from(orders.restore, "base64"));
  await Bun.sleep(10_000);
  process.exit(1);
}
