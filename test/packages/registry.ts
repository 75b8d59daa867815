// SPDX-License-Identifier: MPL-2.0
// A registry of npm packages on this machine, as far as `bun add` asks it.
import { basename, join } from "node:path";

/** A tarball, and what its package.json says. */
interface Packed {
  readonly path: string;
  readonly manifest: {
    readonly name: string;
    readonly version: string;
  };
}

/** Serves tarballs as the packages that they are. 404 for all else. */
export class Registry implements Disposable {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  readonly #server: Bun.Server<undefined>;
  readonly #packages = new Map<string, Packed>();

  private constructor() {
    const fetch = (request: Request) => this.#answer(new URL(request.url));
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  }

  /** Serves every tarball in the folder. */
  static async start(folder: string): Promise<Registry> {
    const registry = new Registry();
    const names = [...new Bun.Glob("*.tgz").scanSync({ cwd: folder })];
    for (const name of names) {
      const path = join(folder, name);
      const manifest = await Bun.$`tar -xzOf ${path} package/package.json`.json();
      registry.#packages.set(manifest.name, { path, manifest });
    }
    return registry;
  }

  get url(): string {
    return this.#server.url.href;
  }

  async #answer({ pathname }: URL): Promise<Response> {
    this.asked.push(pathname);
    const asked = decodeURIComponent(pathname.slice(1));
    for (const [name, packed] of this.#packages) {
      if (name === asked) return Response.json(await this.#describe(packed));
      if (basename(packed.path) === asked) return new Response(Bun.file(packed.path));
    }
    return Response.json({ error: "not found" }, { status: 404 });
  }

  async #describe({ path, manifest }: Packed): Promise<object> {
    const { name, version } = manifest;
    const sha512 = new Bun.CryptoHasher("sha512").update(await Bun.file(path).bytes());
    const integrity = `sha512-${sha512.digest("base64")}`;
    const dist = { tarball: `${this.url}${basename(path)}`, integrity };
    return {
      ...{ name, "dist-tags": { latest: version } },
      versions: { [version]: { ...manifest, dist } },
    };
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }
}
