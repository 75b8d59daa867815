// SPDX-License-Identifier: MPL-2.0
/** The C ABI as its headers declare it: `native/include/pixelflux.h` and what it includes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rootPath } from "./command.ts";

/** Where the headers are: what a C compiler is given by `-I`. */
export const includePath = join(rootPath, "native/include");

/** The headers by subject that the one header includes; relative to {@link includePath}. */
export function subjectHeaders(): string[] {
  const umbrella = readFileSync(join(includePath, "pixelflux.h"), "utf8");
  return [...umbrella.matchAll(/^#include "(.+)"$/gm)].map(([, path]) => path ?? "");
}

/** The text of all of them, with their comments. */
export function headerText(): string {
  return subjectHeaders()
    .map((path) => readFileSync(join(includePath, path), "utf8"))
    .join("\n");
}

/** The names of the functions that the library is to export, sorted. */
export function declaredFunctions(): string[] {
  const declarations = headerText().matchAll(/^PF_API [\w ]+?\*?(pf_\w+)\(/gm);
  return [...declarations].map(([, name]) => name ?? "").sort();
}
