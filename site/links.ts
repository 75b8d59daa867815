// SPDX-License-Identifier: MPL-2.0
/** Whether the links of the site's pages lead somewhere. */
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** @returns in words, the links to files and to places in them that are not in the folder. */
export async function brokenLinks(folder: string): Promise<readonly string[]> {
  const pages = new Map<string, Page>();
  for await (const path of new Bun.Glob("**/*.html").scan({ cwd: folder, absolute: true })) {
    pages.set(path, readPage(await Bun.file(path).text()));
  }
  return [...pages].flatMap(([path, { links }]) =>
    links
      .filter((link) => !leadsSomewhere(path, link, pages))
      .map((link) => `${relative(folder, path)}: the link to ${link} leads nowhere`),
  );
}

interface Page {
  readonly links: readonly string[];
  readonly ids: ReadonlySet<string>;
}

function readPage(html: string): Page {
  const values = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, value = ""]) => value);
  return {
    links: values(/ (?:href|src)="([^"]*)"/g).filter((link) => !/^[a-z]+:/.test(link)),
    ids: new Set(values(/ id="([^"]*)"/g)),
  };
}

function leadsSomewhere(from: string, link: string, pages: ReadonlyMap<string, Page>): boolean {
  const [file = "", id = ""] = decodeURI(link.replaceAll("&amp;", "&")).split("#");
  const [name = ""] = file.split("?");
  const target = name === "" ? from : join(dirname(from), name);
  const page = pages.get(target);
  if (page === undefined) return existsSync(target);
  return id === "" || page.ids.has(id);
}
