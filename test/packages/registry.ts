// SPDX-License-Identifier: MPL-2.0
// A registry of npm packages on this machine, as far as `bun add` asks it.
import { basename, join } from "node:path";

/** As `bun run pack` made it. */
interface Packed {
  readonly path: string;
  readonly manifest: { readonly name: string; readonly version: string };
}

/** Serves tarballs as the packages that they are, and nothing else: 404 for all others. */
export class Registry implements Disposable {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  readonly #server: Bun.Server<undefined>;
  readonly #packages: ReadonlyMap<string, Packed>;
  readonly #folder: string;

  private constructor(folder: string, packages: readonly Packed[]) {
    this.#folder = folder;
    this.#packages = new Map(packages.map((packed) => [packed.manifest.name, packed]));
    const fetch = (request: Request) => this.#answer(new URL(request.url));
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  }

  /** Serves every tarball in the folder. */
  static async start(folder: string): Promise<Registry> {
    const names = [...new Bun.Glob("*.tgz").scanSync({ cwd: folder })];
    const packages = names.map(async (name) => {
      const path = join(folder, name);
      const manifest = await Bun.$`tar -xzOf ${path} package/package.json`.json();
      return { path, manifest };
    });
    return new Registry(folder, await Promise.all(packages));
  }

  get url(): string {
    return this.#server.url.href;
  }

  async #answer({ pathname }: URL): Promise<Response> {
    this.asked.push(pathname);
    if (pathname.endsWith(".tgz")) return new Response(Bun.file(this.#folder + pathname));
    const packed = this.#packages.get(decodeURIComponent(pathname.slice(1)));
    if (packed === undefined) return Response.json({ error: "not found" }, { status: 404 });
    const { name, version } = packed.manifest;
    const sha512 = new Bun.CryptoHasher("sha512").update(await Bun.file(packed.path).bytes());
    const integrity = `sha512-${sha512.digest("base64")}`;
    const dist = { tarball: `${this.url}${basename(packed.path)}`, integrity };
    const versions = { [version]: { ...packed.manifest, dist } };
    return Response.json({ name, "dist-tags": { latest: version }, versions });
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }
}
