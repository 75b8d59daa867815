// SPDX-License-Identifier: MPL-2.0
/** What the site has: the entry points of the package, and the guides. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };

export const rootPath = join(import.meta.dir, "..");

/** What a user imports, and the source that says what it exports. */
export interface EntryPoint {
  /** As in `pixelflux-ffi/server`. */
  readonly name: string;
  /** From the root of the repository. */
  readonly source: string;
}

/** Those of the package's `exports`; where two have one source, the first. */
export function entryPoints(): readonly EntryPoint[] {
  const bySource = new Map<string, EntryPoint>();
  for (const [path, target] of Object.entries(manifest.exports)) {
    const source = typeof target === "string" ? target : target.types;
    if (bySource.has(source) || !/\.ts$/.test(source)) continue;
    bySource.set(source, { name: path.replace(".", manifest.name), source });
  }
  return [...bySource.values()];
}

const INDEX = "docs/README.md";
const OUTSIDE_DOCS = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/** All pages but the README, from the root of the repository: first those that the index names, in its order. */
export async function pages(): Promise<readonly string[]> {
  const index = await Bun.file(join(rootPath, INDEX)).text();
  const named = [...index.matchAll(/\]\(([a-z-]+\.md)/g)].map(([, name]) => `docs/${name}`);
  const all = readdirSync(join(rootPath, "docs")).filter((name) => name.endsWith(".md"));
  const rest = all.map((name) => `docs/${name}`).sort();
  return [...new Set([INDEX, ...named, ...rest, ...OUTSIDE_DOCS, ...examplePages()])];
}

function examplePages(): string[] {
  return [...new Bun.Glob("examples/*/README.md").scanSync({ cwd: rootPath })].sort();
}

/** A page's title: its first heading, and what it is where that is not a guide. */
export async function titleOf(page: string): Promise<string> {
  const text = await Bun.file(join(rootPath, page)).text();
  const [, title] = /^# (.*)$/m.exec(text) ?? [];
  if (title === undefined) throw new Error(`${page} has no heading`);
  return `${page.startsWith("examples/") ? "Example: " : ""}${title.replaceAll("`", "")}`;
}
