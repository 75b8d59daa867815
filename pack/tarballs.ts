// SPDX-License-Identifier: MPL-2.0
/** Makes the tarballs of all packages. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { rootPath, run } from "../prebuild/command.ts";
import { packagePath, TARGETS, type Target } from "../prebuild/targets.ts";
import { type Manifest, publishedManifest, withRepository } from "./manifest.ts";
import { MEDIABUNNY_PATH, mediabunnyText } from "./mediabunny.ts";

/** A packed package. */
export interface Tarball {
  readonly path: string;
  readonly manifest: Manifest;
}

/**
 * Packs the platforms' packages and `pixelflux-ffi` into `into`. The platforms'
 * libraries have been built.
 *
 * @param repository - address of the repository, for the manifests.
 * @returns in the order in which they are to be published: what is depended on first.
 */
export async function packAll(into: string, repository?: string): Promise<readonly Tarball[]> {
  const staged = mkdtempSync(join(rootPath, ".tools/pack-"));
  try {
    const platforms = await Promise.all(
      TARGETS.map((target) => stagePlatform(target, staged, repository)),
    );
    const main = publishedManifest(await readManifest(rootPath), platforms, repository);
    await stage(main, join(staged, "main"));
    const tarballs: Tarball[] = [];
    for (const name of [...TARGETS.map(({ name }) => name), "main"]) {
      tarballs.push(await packOne(join(staged, name), into));
    }
    return tarballs;
  } finally {
    rmSync(staged, { recursive: true });
  }
}

/** Removes our tarballs from the folder. */
export function removeTarballs(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (/^pixelflux-ffi-.*\.tgz$/.test(name)) rmSync(join(folder, name));
  }
}

function readManifest(folder: string): Promise<Manifest> {
  return Bun.file(join(folder, "package.json")).json();
}

/** Puts a platform's package together, as it was built. */
async function stagePlatform(
  target: Target,
  staged: string,
  repository?: string,
): Promise<Manifest> {
  const folder = join(staged, target.name);
  const built = packagePath(target);
  const manifest = withRepository(await readManifest(built), repository, `packages/${target.name}`);
  mkdirSync(folder);
  for (const name of ["README.md", ...manifest.files])
    cpSync(join(built, name), join(folder, name));
  writeManifest(folder, manifest);
  return manifest;
}

/** Puts the main package together: files of the checkout, declarations, its manifest. */
async function stage(manifest: Manifest, folder: string): Promise<void> {
  mkdirSync(folder);
  await run([process.execPath, "scripts/build-client.ts"]);
  const types = join(folder, "types");
  await run([
    join(rootPath, "node_modules/.bin/tsc"),
    "-p",
    "pack/tsconfig.types.json",
    "--outDir",
    types,
  ]);
  // Of the page and the commands nothing is imported.
  for (const unused of ["cli", "viewer"]) rmSync(join(types, unused), { recursive: true });
  for (const pattern of manifest.files.filter((file) => file !== "types")) {
    for (const name of new Bun.Glob(pattern).scanSync({ cwd: rootPath, onlyFiles: false })) {
      cpSync(join(rootPath, name), join(folder, name), { recursive: true });
    }
  }
  writeFileSync(join(folder, MEDIABUNNY_PATH), await mediabunnyText());
  writeManifest(folder, manifest);
}

function writeManifest(folder: string, manifest: Manifest): void {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function packOne(folder: string, into: string): Promise<Tarball> {
  const command = [process.execPath, "pm", "pack", "--quiet", "--ignore-scripts"];
  const printed = await run([...command, "--destination", into], { cwd: folder });
  return { path: join(into, basename(printed.trim())), manifest: await readManifest(folder) };
}
