// SPDX-License-Identifier: MPL-2.0
/** Tarballs of all packages, and only such as pass every check. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { PrebuildError, rootPath, run } from "../prebuild/command.ts";
import { failuresOf } from "./check.ts";
import { packAll, removeTarballs, type Tarball } from "./tarballs.ts";

export interface PackOptions {
  /** Folder of the tarballs, in place of those that are there; made where it is missing. */
  readonly out: string;
  /** Address of the repository for the manifests; needed for npm's statement of provenance. */
  readonly repository?: string | undefined;
}

/**
 * Builds what is stale, packs, checks, and puts the tarballs into `out`.
 *
 * @returns the tarballs, the platforms' first: in the order in which they are to be published.
 * @throws {PrebuildError} where anything fails; `out` is as it was then.
 */
export async function packChecked({ out, repository }: PackOptions): Promise<readonly Tarball[]> {
  await run(["./scripts/prebuild", "--check", "--quick"], { aloud: true });
  mkdirSync(join(rootPath, ".tools"), { recursive: true });
  const unchecked = mkdtempSync(join(rootPath, ".tools/tarballs-"));
  try {
    const tarballs = await packAll(unchecked, repository);
    for (const tarball of tarballs) await check(tarball);
    mkdirSync(out, { recursive: true });
    removeTarballs(out);
    return tarballs.map((tarball) => {
      const path = join(out, basename(tarball.path));
      cpSync(tarball.path, path);
      return { ...tarball, path };
    });
  } finally {
    rmSync(unchecked, { recursive: true });
  }
}

async function check(tarball: Tarball): Promise<void> {
  const { path, manifest } = tarball;
  const failures = await failuresOf(tarball);
  if (failures.length > 0) {
    const list = failures.map((failure) => `  - ${failure}`).join("\n");
    throw new PrebuildError(`${basename(path)} does not pass:\n${list}`);
  }
  const kilobytes = Math.round(statSync(path).size / 1000);
  console.error(`pack: ${manifest.name} ${manifest.version} passes, ${kilobytes} kB`);
}
