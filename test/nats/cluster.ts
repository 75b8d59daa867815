// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";
import { requireTool, waitFor } from "../support/process.ts";

/** One nats-server of a cluster, on 127.0.0.1. */
interface Node {
  readonly index: number;
  readonly port: number;
  readonly routePort: number;
  process: Bun.Subprocess<"ignore", "ignore", Bun.BunFile> | undefined;
}

export interface ClusterOptions {
  /** Default: 3. */
  count?: number;
  /** Further lines of each server's configuration, such as `max_pending: 1MB`. */
  config?: string;
  /** For {@link NatsCluster.connect}, where the configuration names users. */
  user?: string;
  pass?: string;
}

/** A cluster of real nats-servers, which end with the test process whatever happens to it. */
export class NatsCluster implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "pf-nats-"));
  readonly #nodes: readonly Node[];
  readonly #config: string;
  readonly #access: { user?: string; pass?: string };
  readonly #connections: NatsConnection[] = [];

  private constructor(ports: readonly number[], { config = "", user, pass }: ClusterOptions) {
    this.#config = config;
    this.#access = user === undefined || pass === undefined ? {} : { user, pass };
    this.#nodes = Array.from({ length: ports.length / 2 }, (_, index) => ({
      index,
      port: ports[index * 2] as number,
      routePort: ports[index * 2 + 1] as number,
      process: undefined,
    }));
  }

  static async start(options: ClusterOptions = {}): Promise<NatsCluster> {
    const { count = 3 } = options;
    const cluster = new NatsCluster(freePorts(count * 2), options);
    try {
      await Promise.all(cluster.#nodes.map((node) => cluster.#spawn(node)));
      for (const { index } of cluster.#nodes) await cluster.#joined(index, count - 1);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  url(index: number): string {
    return `127.0.0.1:${this.#nodes[index]?.port}`;
  }

  get urls(): string[] {
    return this.#nodes.map(({ index }) => this.url(index));
  }

  /** A connection that begins with this server, and goes to the others when that is lost. */
  async connect(index: number, options: ConnectionOptions = {}): Promise<NatsConnection> {
    const others = this.urls.filter((_, other) => other !== index);
    const connection = await connect({
      servers: [this.url(index), ...others],
      noRandomize: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 0,
      ...this.#access,
      ...options,
    });
    this.#connections.push(connection);
    return connection;
  }

  /** Sends SIGKILL, and waits until the process is gone. */
  async kill(index: number): Promise<void> {
    const { process } = this.#node(index);
    process?.kill("SIGKILL");
    await process?.exited;
    this.#node(index).process = undefined;
  }

  /** Starts a server that was killed, on its old port. */
  async restart(index: number): Promise<void> {
    await this.#spawn(this.#node(index));
    const alive = this.#nodes.filter(({ process }) => process !== undefined).length;
    await this.#joined(index, alive - 1);
  }

  /** Sends a signal, such as SIGSTOP. */
  signal(index: number, name: NodeJS.Signals): void {
    this.#node(index).process?.kill(name);
  }

  /** What a server has said so far. */
  log(index: number): string {
    return readFileSync(this.#logPath(index), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    for (const { index } of this.#nodes) this.signal(index, "SIGCONT");
    await Promise.all(this.#nodes.map(({ index }) => this.kill(index)));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #node(index: number): Node {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`the cluster has no server ${index}`);
    return node;
  }

  #logPath(index: number): string {
    return join(this.#folder, `${index}.log`);
  }

  async #spawn(node: Node): Promise<void> {
    const path = join(this.#folder, `${node.index}.conf`);
    const log = this.#logPath(node.index);
    await Bun.write(path, this.#configOf(node));
    const setpriv = requireTool("setpriv", "util-linux");
    const server = requireTool("nats-server", "nats-server");
    const command = [setpriv, "--pdeathsig", "KILL", server, "-c", path];
    const process = Bun.spawn(command, {
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(log),
    });
    node.process = process;
    await waitFor(`nats-server ${node.index}`, async () => {
      if (process.exitCode !== null) throw new Error(`nats-server: ${await Bun.file(log).text()}`);
      return listens(node.port);
    });
  }

  #configOf({ index, port, routePort }: Node): string {
    const others = this.#nodes.filter((other) => other.index !== index);
    const routes = others.map((other) => `nats://127.0.0.1:${other.routePort}`);
    const cluster = `cluster { name: "test", listen: "127.0.0.1:${routePort}", routes: ${JSON.stringify(routes)} }`;
    return [
      `server_name: "n${index}"`,
      `listen: "127.0.0.1:${port}"`,
      this.#nodes.length > 1 ? cluster : "",
      this.#config,
    ].join("\n");
  }

  /** Waits until a server knows of so many others: it tells its clients where they are. */
  async #joined(index: number, count: number): Promise<void> {
    await waitFor(`server ${index} to have ${count} routes`, async () => {
      const connection = await connect({ servers: this.url(index), ...this.#access });
      const others = (connection.info?.connect_urls?.length ?? 1) - 1;
      await connection.close();
      return others >= count;
    });
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: () => undefined },
  }).catch(() => undefined); // not yet
  socket?.end();
  return socket !== undefined;
}

/** Ports that were free a moment ago: servers of a cluster have to know each other's. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () =>
    Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } }),
  );
  const ports = listeners.map(({ port }) => port);
  for (const listener of listeners) listener.stop(true);
  return ports;
}
