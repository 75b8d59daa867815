// SPDX-License-Identifier: MPL-2.0
/** The package.json of the published package, made from that of the checkout. */
import { PrebuildError } from "../prebuild/command.ts";
import { MEDIABUNNY_PATH } from "./mediabunny.ts";

/** As much of a package.json as matters here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly files: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/**
 * The published manifest. It names the platforms' packages, which the checkout's
 * cannot: before they are published, no `bun install` there could be done. Types come
 * as declarations: sources would be checked by the settings of whoever uses them. Of
 * mediabunny comes what is used.
 *
 * @param platforms - manifests of the platforms' packages.
 * @param repository - see {@link withRepository}.
 * @throws {PrebuildError} where these are of another version.
 */
export function publishedManifest(
  checkout: Manifest,
  platforms: readonly Manifest[],
  repository?: string,
): Manifest {
  const { devDependencies: _, scripts: __, ...kept } = checkout;
  for (const { name, version } of platforms) {
    if (version === checkout.version) continue;
    throw new PrebuildError(`${name} is ${version}, ${checkout.name} ${checkout.version}`);
  }
  const exported = Object.entries(checkout.exports).map(([path, target]) => [path, typed(target)]);
  const published = {
    ...(kept as Manifest),
    imports: { "#mediabunny": `./${MEDIABUNNY_PATH}` },
    exports: Object.fromEntries(exported),
    files: [...checkout.files, "types"],
    optionalDependencies: Object.fromEntries(platforms.map(({ name, version }) => [name, version])),
  };
  return withRepository(published, repository);
}

/**
 * A manifest that names the repository that it was packed in, which npm compares with where
 * a statement of provenance was made; the checkout's does not, since it may be anybody's copy.
 *
 * @param address - as in `https://host/owner/name`; without it the manifest stays as it is.
 * @param directory - of the package in there, where it is not the root.
 */
export function withRepository(
  manifest: Manifest,
  address: string | undefined,
  directory?: string,
): Manifest {
  if (address === undefined) return manifest;
  const place = directory === undefined ? {} : { directory };
  return { ...manifest, repository: { type: "git", url: `git+${address}.git`, ...place } };
}

/** Adds the declarations to an entry of `exports`, or has it name them instead of the source. */
function typed(target: Manifest["exports"][string]): Record<string, string> {
  if (typeof target === "string") return { types: declarationOf(target), default: target };
  const { types = "", ...others } = target;
  return { types: declarationOf(types), ...others };
}

function declarationOf(source: string): string {
  if (source.endsWith(".d.ts")) return source;
  return source.replace(/^\.\/src\/(.*)\.ts$/, "./types/$1.d.ts");
}
