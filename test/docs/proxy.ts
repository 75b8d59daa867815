// SPDX-License-Identifier: MPL-2.0
// Proxies with the configuration of docs/deploying.md, on 127.0.0.1, with a certificate of their own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireTool, runCommand, waitFor } from "../support/process.ts";

/** Where the proxy and the server behind it listen. */
export interface ProxyPorts {
  readonly proxy: number;
  readonly server: number;
}

/** Replaces what has to be there, and to be there once. */
export function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2)
    throw new Error(`${JSON.stringify(from)} is there ${parts.length - 1} times`);
  return parts.join(to);
}

/** A port that was free a moment ago. */
export function freePort(): number {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return listener.port;
}

/** A program that serves until it is disposed of, with a folder that goes with it. */
export class ReverseProxy implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #port: number;

  private constructor(folder: string, command: string[], port: number) {
    this.#folder = folder;
    this.#port = port;
    const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    const started = [requireTool("setpriv", "util-linux"), "--pdeathsig", "TERM", ...command];
    this.#process = Bun.spawn(started, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  }

  /** nginx, with the page's `map` and `server`. */
  static async nginx(block: string, ports: ProxyPorts): Promise<ReverseProxy> {
    const folder = await folderWithCertificate();
    const listening = replaceOnce(block, "listen 443 ssl", `listen 127.0.0.1:${ports.proxy} ssl`);
    const config = nginxConfig(
      folder,
      listening.replaceAll("127.0.0.1:9001", `127.0.0.1:${ports.server}`),
    );
    const command = await nginxCommand(folder, config);
    return ReverseProxy.#start(new ReverseProxy(folder, command, ports.proxy));
  }

  /** Caddy, with the page's site. */
  static async caddy(block: string, ports: ProxyPorts): Promise<ReverseProxy> {
    const folder = await folderWithCertificate();
    const tls = `bind 127.0.0.1\n\ttls ${folder}/fullchain.pem ${folder}/key.pem`;
    const site = `https://127.0.0.1:${ports.proxy} {\n\t${tls}`;
    const config = replaceOnce(block, "desk.example.com {", site).replaceAll(
      ":9001",
      `:${ports.server}`,
    );
    const path = join(folder, "Caddyfile");
    await Bun.write(path, `{\n\tadmin off\n\tauto_https off\n}\n${config}`);
    const command = [requireTool("caddy", "caddy"), "run", "--config", path];
    return ReverseProxy.#start(
      new ReverseProxy(folder, [...command, "--adapter", "caddyfile"], ports.proxy),
    );
  }

  static async #start(proxy: ReverseProxy): Promise<ReverseProxy> {
    const { exited, stderr } = proxy.#process;
    const ended = exited.then(async (code) => {
      throw new Error(`the proxy ended with ${code}: ${await new Response(stderr).text()}`);
    });
    ended.catch(() => undefined); // it ends when it is disposed of, too
    await Promise.race([ended, waitFor("the proxy to listen", () => isListening(proxy.#port))]);
    return proxy;
  }

  /** The root of what it serves. */
  get url(): URL {
    return new URL(`https://127.0.0.1:${this.#port}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true });
  }
}

/** Has nginx read a configuration of the page; gives what it says against it. */
export async function nginxComplaints(block: string): Promise<string> {
  const folder = await folderWithCertificate();
  try {
    const isWhole = block.includes("server {");
    const http = isWhole ? block : `server { listen 127.0.0.1:1;\n${block}}`;
    const command = await nginxCommand(folder, nginxConfig(folder, http));
    const { exitCode, stderr } = await runCommand([...command, "-t"]);
    const complaints = stderr.split("\n").filter((line) => /\[(warn|error|emerg)\]/.test(line));
    return exitCode === 0 ? complaints.join("\n") : stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function nginxCommand(folder: string, config: string): Promise<string[]> {
  const path = join(folder, "nginx.conf");
  await Bun.write(path, config);
  return [requireTool("nginx", "nginx"), "-e", "stderr", "-p", folder, "-c", path];
}

/** What a distribution's nginx.conf has around it, without a place that needs root. */
function nginxConfig(folder: string, http: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr warn;
events {}
http {
${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n")}
${http.replaceAll("/etc/ssl/desk", folder)}
}
`;
}

async function folderWithCertificate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pf-proxy-"));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "fullchain.pem")];
  const names = ["-subj", "/CN=desk.example.com", "-addext", "subjectAltName=IP:127.0.0.1"];
  const command = [requireTool("openssl", "openssl"), "req", "-x509", ...key, ...files, ...names];
  const { exitCode, stderr } = await runCommand(command);
  if (exitCode !== 0) throw new Error(stderr);
  return folder;
}

async function isListening(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false; // refused so far
  }
}
