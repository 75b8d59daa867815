// SPDX-License-Identifier: MPL-2.0
/** The site, by typedoc. To be imported after `typescript.ts` alone. */
import { relative, resolve } from "node:path";
import {
  Application,
  type DocumentationEntryPoint,
  type ProjectReflection,
  type TranslatedString,
  type TypeDocOptions,
} from "typedoc";
import manifest from "../package.json" with { type: "json" };
import { wrongErrorCodes } from "./error-codes.ts";
import { brokenLinks } from "./links.ts";
import { entryPoints, pages, rootPath, titleOf } from "./pages.ts";
import { shareComments } from "./shared-comments.ts";

/** Types that others are made of: to be read there, not to be named by users. */
const UNEXPORTED = ["CODECS", "SCREENSHOT_FORMATS", "OpenSetting", "Narrowed", "Header"];

/**
 * Writes the site into a folder, in place of what is there.
 *
 * @returns whether there was nothing to say against it.
 */
export async function write(out: string): Promise<boolean> {
  process.chdir(rootPath); // which typedoc takes paths from
  const app = await Application.bootstrap({ ...(await options()), out });
  const project = app.converter.convert(namedEntryPoints(app));
  await nameDocuments(project);
  shareComments(project);
  app.validate(project);
  await app.generateOutputs(project);
  for (const failure of [...wrongErrorCodes(project), ...(await brokenLinks(out))]) {
    app.logger.error(failure as TranslatedString);
  }
  if (app.logger.hasErrors() || app.logger.hasWarnings()) return false;
  console.log(`docs: ${relative(process.cwd(), out)}/index.html`);
  return true;
}

async function options(): Promise<Partial<TypeDocOptions>> {
  return {
    entryPoints: entryPoints().map(({ source }) => source),
    projectDocuments: [...(await pages())],
    tsconfig: "site/tsconfig.json",
    name: manifest.name,
    readme: "README.md",
    includeVersion: true,
    disableSources: true, // they would name the commit, or a repository
    excludeInternal: true,
    excludePrivate: true,
    sort: ["source-order"],
    preservedTypeAnnotationTags: ["@throws"],
    validation: { notDocumented: true },
    intentionallyNotExported: UNEXPORTED,
    highlightLanguages: ["ts", "js", "sh", "json", "jsonc", "nginx", "systemd", "dockerfile"],
    ignoredHighlightLanguages: ["caddy"],
    navigation: { includeFolders: false }, // of the names, only slashes make any
    cleanOutputDir: true,
    customCss: "site/site.css",
    // A file's name such as CHANGELOG.md is no host in Moldova.
    markdownItLoader: (parser) => parser.linkify.set({ fuzzyLink: false }),
  };
}

/** The entry points as they are imported, not as their files are called. */
function namedEntryPoints(app: Application): DocumentationEntryPoint[] {
  const names = new Map(entryPoints().map(({ name, source }) => [resolve(source), name]));
  return (app.getEntryPoints() ?? []).map((point) => ({
    ...point,
    displayName: names.get(resolve(point.sourceFile.fileName)) ?? point.displayName,
  }));
}

/** Gives pages their titles, in place of their files' names. */
async function nameDocuments(project: ProjectReflection): Promise<void> {
  for (const document of project.documents ?? []) {
    document.name = await titleOf(`${document.name}.md`);
  }
}
