// SPDX-License-Identifier: MPL-2.0
/** Makes the tarballs of all packages. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { rootPath, run } from "../prebuild/command.ts";
import { packagePath, TARGETS } from "../prebuild/targets.ts";
import { type Manifest, publishedManifest } from "./manifest.ts";

/** A packed package. */
export interface Tarball {
  readonly path: string;
  readonly manifest: Manifest;
}

/**
 * Packs `pixelflux-ffi` and the platforms' packages into `into`, in place of their
 * tarballs that are there. The platforms' libraries have been built.
 */
export async function packAll(into: string): Promise<readonly Tarball[]> {
  removeTarballs(into);
  const platforms = TARGETS.map(packagePath);
  const manifests = await Promise.all(platforms.map(readManifest));
  const manifest = publishedManifest(await readManifest(rootPath), manifests);
  const staged = mkdtempSync(join(rootPath, ".tools/pack-"));
  try {
    await stage(manifest, staged);
    const tarballs: Tarball[] = [];
    for (const folder of [staged, ...platforms]) tarballs.push(await packOne(folder, into));
    return tarballs;
  } finally {
    rmSync(staged, { recursive: true });
  }
}

function removeTarballs(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (/^pixelflux-ffi-.*\.tgz$/.test(name)) rmSync(join(folder, name));
  }
}

function readManifest(folder: string): Promise<Manifest> {
  return Bun.file(join(folder, "package.json")).json();
}

/** Puts the main package together: files of the checkout, declarations, its manifest. */
async function stage(manifest: Manifest, folder: string): Promise<void> {
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
  for (const name of manifest.files.filter((file) => file !== "types")) {
    cpSync(join(rootPath, name), join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function packOne(folder: string, into: string): Promise<Tarball> {
  const command = [process.execPath, "pm", "pack", "--quiet", "--ignore-scripts"];
  const printed = await run([...command, "--destination", into], { cwd: folder });
  return { path: join(into, basename(printed.trim())), manifest: await readManifest(folder) };
}
