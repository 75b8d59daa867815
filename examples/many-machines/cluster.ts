// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsAccess } from "./connection.ts";

/** How long a server may take to start. */
const START_TIMEOUT_MS = 10_000;

/** One nats-server of the cluster. */
export interface ClusterServer {
  /** Such as `n1`. */
  readonly name: string;
  readonly address: string;
  readonly process: Bun.Subprocess;
}

/**
 * Three nats-servers on 127.0.0.1, on ports that are free. Only those who know
 * the token, which is drawn, can use them: other users of this machine cannot.
 */
export class Cluster implements AsyncDisposable {
  readonly servers: readonly ClusterServer[];
  readonly #folder: string;
  readonly #token: string;

  private constructor(folder: string, token: string, servers: readonly ClusterServer[]) {
    this.#folder = folder;
    this.#token = token;
    this.servers = servers;
  }

  /** @throws Error where nats-server is missing or does not start, with its own words. */
  static async start(): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), "pixelflux-nats-"));
    const token = crypto.randomUUID();
    const ports = freePorts(6);
    const servers = [0, 1, 2].map((index) => spawnServer(folder, token, ports, index));
    const cluster = new Cluster(folder, token, servers);
    try {
      await Promise.all(servers.map((server) => listening(server, folder)));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** For a machine that knows one of the servers first. */
  access(first: number): NatsAccess {
    const addresses = this.servers.map(({ address }) => address);
    return {
      servers: [...addresses.slice(first), ...addresses.slice(0, first)],
      token: this.#token,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.servers) process.kill();
    await Promise.all(this.servers.map(({ process }) => process.exited));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The server ends with this process, however that ends (prctl(2), PR_SET_PDEATHSIG). */
function spawnServer(
  folder: string,
  token: string,
  ports: readonly number[],
  index: number,
): ClusterServer {
  const name = `n${index + 1}`;
  const path = join(folder, `${name}.conf`);
  writeFileSync(path, configOf(name, token, ports, index), { mode: 0o600 });
  const process = Bun.spawn(["setpriv", "--pdeathsig", "TERM", program(), "-c", path], {
    detached: true, // Ctrl-C is for the program that ends all in order
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(join(folder, `${name}.log`)),
  });
  return { name, address: `127.0.0.1:${ports[index]}`, process };
}

/** Clients come by the first three ports, the other servers by the last three. */
function configOf(name: string, token: string, ports: readonly number[], index: number): string {
  const user = `user: "route", password: "${token}"`;
  const others = ports.slice(3).filter((_, other) => other !== index);
  const routes = others.map((port) => `nats://route:${token}@127.0.0.1:${port}`);
  return `
    server_name: "${name}"
    listen: "127.0.0.1:${ports[index]}"
    authorization { token: "${token}" }
    cluster {
      name: "demo"
      listen: "127.0.0.1:${ports[index + 3]}"
      authorization { ${user} }
      routes: ${JSON.stringify(routes)}
    }`;
}

function program(): string {
  const { PATH } = process.env;
  const path = Bun.which("nats-server", { PATH: `${PATH}:/usr/sbin` });
  if (path !== null) return path;
  throw new Error("nats-server is missing. Install it (Debian, Ubuntu: apt install nats-server).");
}

async function listening({ name, address, process }: ClusterServer, folder: string) {
  const [hostname = "", port] = address.split(":");
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineMs && process.exitCode === null) {
    const socket = { data: () => undefined };
    const peer = await Bun.connect({ hostname, port: Number(port), socket }).catch(() => undefined);
    if (peer !== undefined) return peer.end();
    await Bun.sleep(20);
  }
  throw new Error(`nats-server: ${await Bun.file(join(folder, `${name}.log`)).text()}`);
}

/** Ports that were free a moment ago: servers of a cluster have to know each other's. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () =>
    Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } }),
  );
  for (const listener of listeners) listener.stop(true);
  return listeners.map(({ port }) => port);
}
