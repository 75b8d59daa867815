// SPDX-License-Identifier: MPL-2.0
// bun run release: a version, from its number to its tarballs. See --help.
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { PrebuildError, rootPath, tellFailure } from "../prebuild/command.ts";
import { hasSection, notesOf, releaseChangelog } from "./changelog.ts";
import { type Edit, withEdits } from "./edits.ts";
import { checkReleasable, commandsFor, commit, tagOf } from "./repository.ts";
import { CARRIERS, checkSuccessor, presentVersion, withVersion } from "./version.ts";

const help = `bun run release VERSION [options]
bun run release --tag TAG [options]

Makes a release, from a clean checkout: writes VERSION into every file that
carries it, gives what CHANGELOG.md has under Unreleased to it, with today's date
(UTC), builds the libraries, packs all packages, checks the tarballs, and prints
the git commands that are left to do. Where anything fails, all is as it was.

  --commit           commit and tag, too; nothing is pushed
  --dry-run          tell what would be done; write nothing, build nothing
  --no-pack          build no tarballs: only the version and the changelog
  --out FOLDER       where the tarballs go (default: tarballs)

With --tag nothing is written but the tarballs: it checks that TAG is the tag of
the version that all files carry, and that the changelog has a section of it.

  --tag TAG          such as v1.2.3; "publish on a tag" starts with this
  --notes FILE       write the changelog's section to a file
  --repository URL   name the repository in the packages, for npm's provenance

  --help`;

const CHANGELOG = "CHANGELOG.md";

interface Options {
  readonly commit: boolean;
  readonly "dry-run": boolean;
  readonly "no-pack": boolean;
  readonly out: string;
  readonly notes?: string | undefined;
  readonly repository?: string | undefined;
}

try {
  await main();
} catch (error) {
  process.exitCode = tellFailure("release", error);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      commit: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
      "no-pack": { type: "boolean", default: false },
      out: { type: "string", default: join(rootPath, "tarballs") },
      tag: { type: "string" },
      notes: { type: "string" },
      repository: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const [version, ...surplus] = positionals;
  if ((version === undefined) === (values.tag === undefined) || surplus.length > 0) {
    throw new PrebuildError("name one version, or --tag TAG; see --help");
  }
  if (version !== undefined) return release(version, values);
  return verify(values.tag ?? "", values);
}

/** Makes the checkout, and the tarballs, those of a version. */
async function release(version: string, options: Options): Promise<void> {
  const changelog = readChangelog();
  const present = presentVersion();
  checkSuccessor(version, present, hasSection(changelog, present));
  await checkReleasable(version);
  const edits = editsFor(version, changelog);
  const paths = edits.map(({ path }) => path);
  if (options["dry-run"]) return tell(version, present, edits);
  await withEdits(edits, async () => {
    await pack(options);
    if (options.commit) await commit(version, paths);
  });
  say(`${present} is now ${version} in ${paths.join(", ")}`);
  if (options.commit) say(`committed and tagged; to publish it: git push --follow-tags`);
  else console.log(commandsFor(version, paths).map(shellWords).join("\n"));
}

/** Checks that the checkout is that of the tag, and packs. */
async function verify(tag: string, options: Options): Promise<void> {
  const version = presentVersion();
  if (tag !== tagOf(version)) {
    throw new PrebuildError(`the tag is ${tag}, and the files carry ${version}`);
  }
  const notes = notesOf(readChangelog(), version);
  await pack(options);
  if (options.notes !== undefined) await Bun.write(options.notes, notes);
  say(`${tag} is the version of all files, and ${CHANGELOG} says what is new`);
}

function editsFor(version: string, changelog: string): Edit[] {
  const today = new Date().toISOString().slice(0, 10);
  const carriers = CARRIERS.map((carrier) => {
    return { path: carrier.path, text: withVersion(carrier, version) };
  });
  return [...carriers, { path: CHANGELOG, text: releaseChangelog(changelog, version, today) }];
}

async function pack(options: Options): Promise<void> {
  if (options["no-pack"]) return say("made no tarballs, and checked none (--no-pack)");
  // Loaded only now: it takes packages that the rest can do without.
  const { packChecked } = await import("./checked.ts");
  const { out, repository } = options;
  for (const { path } of await packChecked({ out: resolve(out), repository })) {
    say(`made ${relative(process.cwd(), path)}`);
  }
}

function tell(version: string, present: string, edits: readonly Edit[]): void {
  say(`would make ${version} of ${present} (--dry-run), in`);
  for (const { path } of edits) console.error(`  ${path}`);
  const changelog = edits.find(({ path }) => path === CHANGELOG)?.text ?? "";
  console.log(notesOf(changelog, version));
}

function readChangelog(): string {
  return readFileSync(join(rootPath, CHANGELOG), "utf8");
}

function shellWords(command: readonly string[]): string {
  return command.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`)).join(" ");
}

function say(text: string): void {
  console.error(`release: ${text}`);
}
