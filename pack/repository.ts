// SPDX-License-Identifier: MPL-2.0
/** What a release asks of git, and does with it. */
import { PrebuildError, run } from "../prebuild/command.ts";

/** A version's tag. */
export function tagOf(version: string): string {
  return `v${version}`;
}

/** @throws {PrebuildError} where something is not committed, or the version has its tag already. */
export async function checkReleasable(version: string): Promise<void> {
  const changes = await run(["git", "status", "--porcelain"]);
  if (changes !== "") {
    throw new PrebuildError(`commit or stash what has changed first:\n${changes.trimEnd()}`);
  }
  const tag = tagOf(version);
  if ((await run(["git", "tag", "--list", tag])) !== "") {
    throw new PrebuildError(
      `there is a tag ${tag} already; if it was never pushed: git tag -d ${tag}`,
    );
  }
}

/** The commands that commit and tag a release, for people to see or for {@link commit} to run. */
export function commandsFor(version: string, paths: readonly string[]): readonly string[][] {
  const subject = `release: ${version}`;
  return [
    ["git", "commit", "--quiet", "--message", subject, "--only", "--", ...paths],
    ["git", "tag", "--annotate", tagOf(version), "--message", subject],
  ];
}

/**
 * Commits the files, and those alone, and tags the commit.
 *
 * @throws {PrebuildError} where git refuses either; there is neither then.
 */
export async function commit(version: string, paths: readonly string[]): Promise<void> {
  const before = (await run(["git", "rev-parse", "HEAD"])).trim();
  try {
    for (const command of commandsFor(version, paths)) await run(command);
  } catch (error) {
    await run(["git", "reset", "--quiet", "--soft", before]);
    await run(["git", "reset", "--quiet", "--", ...paths]);
    throw error;
  }
}
