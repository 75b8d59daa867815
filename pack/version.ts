// SPDX-License-Identifier: MPL-2.0
/** The version: what is one, and every file that carries it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PrebuildError, rootPath } from "../prebuild/command.ts";
import { TARGETS } from "../prebuild/targets.ts";

/** A version of semver.org 2.0.0; not with build metadata, which npm drops. */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?$/;

/** The version in package.json and the like. */
const IN_JSON = /(?<=^ {2}"version": ")[^"]*(?=",?$)/m;

/** A file that carries the version, and where. */
interface Carrier {
  /** From the repository's root. */
  readonly path: string;
  /** Matches the version alone, once in the file. */
  readonly pattern: RegExp;
}

/**
 * Every file that carries the version. Other places take it from these: the optional
 * dependencies when the package is packed, the native library from build.zig.zon, the
 * command line from package.json.
 */
export const CARRIERS: readonly Carrier[] = [
  { path: "package.json", pattern: IN_JSON },
  ...TARGETS.map(({ name }) => ({ path: `packages/${name}/package.json`, pattern: IN_JSON })),
  { path: "build.zig.zon", pattern: /(?<=^ {4}\.version = ")[^"]*(?=",$)/m },
];

/**
 * The version that all of them carry.
 *
 * @throws {PrebuildError} where one carries another, or none.
 */
export function presentVersion(): string {
  const versions = CARRIERS.map((carrier) => versionIn(carrier));
  const [first = ""] = versions;
  if (versions.every((version) => version === first)) return first;
  const list = CARRIERS.map(({ path }, i) => `${path} has ${versions[i]}`).join(", ");
  throw new PrebuildError(`the files carry different versions: ${list}`);
}

/** A carrier's text with another version in it. */
export function withVersion(carrier: Carrier, version: string): string {
  versionIn(carrier);
  return read(carrier).replace(carrier.pattern, version);
}

/**
 * @param isReleased - whether the present version has been released: if not, it may be now.
 * @throws {PrebuildError} where `version` is none, or none that can follow `present`.
 */
export function checkSuccessor(version: string, present: string, isReleased: boolean): void {
  if (!VERSION.test(version)) {
    throw new PrebuildError(`"${version}" is no version such as 1.2.3 or 1.2.3-rc.1`);
  }
  const order = Bun.semver.order(version, present);
  if (order > 0 || (order === 0 && !isReleased)) return;
  const words = order === 0 ? "has been released already" : `is lower than ${present}`;
  throw new PrebuildError(`${version} ${words}: name a higher one`);
}

function versionIn(carrier: Carrier): string {
  const version = carrier.pattern.exec(read(carrier))?.[0];
  if (version === undefined) throw new PrebuildError(`there is no version in ${carrier.path}`);
  return version;
}

function read({ path }: Carrier): string {
  return readFileSync(join(rootPath, path), "utf8");
}
