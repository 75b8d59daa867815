// SPDX-License-Identifier: MPL-2.0
/**
 * Fetches Debian packages of any architecture, by an apt with a configuration of
 * its own: the host's packages and lists are neither used nor changed, and no
 * privileges are needed. apt checks the signature of the archive's index, and by
 * it the hash of each file.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PrebuildError, run, say, workPath } from "./command.ts";
import { TARGETS } from "./targets.ts";

/**
 * The release whose archives are used, whatever the host is. A newer one's ask for
 * a glibc that is too new.
 */
const RELEASE = "bookworm";

/** Names a mirror of Debian's archive where the host's apt knows none. */
const MIRROR_VARIABLE = "PREBUILD_DEBIAN_MIRROR";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const aptPath = join(workPath, "apt");
const configPath = join(aptPath, "apt.conf");

/** What a package file says of itself. */
export interface DebianPackage {
  readonly path: string;
  readonly name: string;
  /** The package's source, by which its licence and code are found. */
  readonly source: string;
  readonly sourceVersion: string;
}

/** Makes apt's lists of what there is new. Has to come before anything is fetched. */
export async function updateLists(): Promise<void> {
  say(`reading the package lists of Debian ${RELEASE}`);
  for (const folder of ["lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(aptPath, folder), { recursive: true });
  }
  writeFileSync(join(aptPath, "status"), "");
  writeFileSync(join(aptPath, "debian.sources"), await sourcesText());
  writeFileSync(configPath, configText());
  await apt("apt-get", "-qq", "update");
}

/** Fetches the newest of each package into `folder`, which is created. */
export async function fetchPackages(
  names: readonly string[],
  architecture: string,
  folder: string,
): Promise<DebianPackage[]> {
  mkdirSync(folder, { recursive: true });
  const wanted = names.map((name) => `${name}:${architecture}`);
  await run(["apt-get", "-qq", "download", ...wanted], { cwd: folder, env: aptEnvironment });
  const files = readdirSync(folder).filter((file) => file.endsWith(".deb"));
  return Promise.all(files.map((file) => describe(join(folder, file))));
}

/** Unpacks packages over one another. Nothing of them is run. */
export async function unpack(packages: readonly DebianPackage[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { path } of packages) await run(["dpkg-deb", "-x", path, folder]);
}

/**
 * Fetches a source package into `folder` and unpacks it, Debian's changes applied,
 * into the folder `name` there.
 *
 * @returns its version.
 */
export async function fetchSource(name: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const options = { cwd: folder, env: aptEnvironment };
  await run(["apt-get", "-qq", "source", "--download-only", name], options);
  const description = readdirSync(folder).find((file) => file.endsWith(".dsc"));
  if (description === undefined) throw new PrebuildError(`apt-get gave no source of ${name}`);
  // apt has checked it; the uploader's own key is in no keyring of Debian's.
  await run(["dpkg-source", "--no-check", "-x", description, name], options);
  const text = await Bun.file(join(folder, description)).text();
  return /^Version: (.+)$/m.exec(text)?.[1] ?? "";
}

const aptEnvironment = { APT_CONFIG: configPath };

function apt(...command: string[]): Promise<string> {
  return run(command, { env: aptEnvironment });
}

async function describe(path: string): Promise<DebianPackage> {
  const text = await run(["dpkg-deb", "-f", path, "Package", "Source", "Version"]);
  const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(text)?.[1];
  const name = field("Package") ?? "";
  // "Source: name (version)", each part only where it differs from the package's own.
  const [, source, version] = /^(\S+)(?: \((.+)\))?$/.exec(field("Source") ?? name) ?? [];
  return { path, name, source: source ?? name, sourceVersion: version ?? field("Version") ?? "" };
}

function configText(): string {
  const architectures = TARGETS.map(({ debian }) => `"${debian}";`).join(" ");
  return [
    `Dir::State "${aptPath}";`,
    `Dir::State::lists "${aptPath}/lists";`,
    `Dir::State::status "${aptPath}/status";`,
    `Dir::Cache "${aptPath}/cache";`,
    `Dir::Etc::sourcelist "${aptPath}/debian.sources";`,
    ...["sourceparts", "preferencesparts", "preferences", "parts"].map(
      (part) => `Dir::Etc::${part} "/dev/null";`,
    ),
    `APT::Architecture "${TARGETS[0]?.debian}";`,
    `APT::Architectures { ${architectures} };`,
    // apt's own user may not be let into this folder.
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    "",
  ].join("\n");
}

async function sourcesText(): Promise<string> {
  if (!existsSync(KEYRING)) {
    throw new PrebuildError(`${KEYRING} is missing; install debian-archive-keyring`);
  }
  const suites = await suitesByMirror();
  if (suites.size === 0) {
    throw new PrebuildError(
      `this machine's apt knows no mirror of Debian's archive; name one by ${MIRROR_VARIABLE}`,
    );
  }
  return [...suites]
    .map(([mirror, names]) =>
      [
        "Types: deb deb-src",
        `URIs: ${mirror}`,
        `Suites: ${[...names].join(" ")}`,
        "Components: main",
        `Architectures: ${TARGETS.map(({ debian }) => debian).join(" ")}`,
        `Signed-By: ${KEYRING}`,
        "",
      ].join("\n"),
    )
    .join("\n");
}

/** The mirrors that the host's own apt uses, for the same suites of our release. */
async function suitesByMirror(): Promise<Map<string, Set<string>>> {
  const named = process.env[MIRROR_VARIABLE];
  if (named) return new Map([[named, new Set([RELEASE, `${RELEASE}-updates`])]]);
  const format = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)";
  const targets = await run([
    "apt-get",
    "indextargets",
    "--format",
    format,
    "Created-By: Packages",
  ]);
  const suites = new Map<string, Set<string>>();
  for (const line of targets.split("\n")) {
    const [origin, mirror = "", suite = ""] = line.split("|");
    // Not what is newer than the release, or not yet in it.
    if (origin !== "Debian" || !/^[a-z]+(-updates|-security)?$/.test(suite)) continue;
    const names = suites.get(mirror) ?? new Set();
    // "trixie-security" on a newer host is "bookworm-security" here.
    names.add(suite.replace(/^[a-z]+/, RELEASE));
    suites.set(mirror, names);
  }
  return suites;
}
