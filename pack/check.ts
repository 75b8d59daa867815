// SPDX-License-Identifier: MPL-2.0
/** Whether a tarball is what those who install it can use. */
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { contentFailuresOf } from "./contents.ts";
import type { Tarball } from "./tarballs.ts";

/**
 * Ways of resolving that Bun, and bundlers, do not have: TypeScript's for old Node.js,
 * and for CommonJS in Node.js, which cannot load `bun:ffi` anyway.
 */
const FOREIGN_RESOLUTIONS = ["node10", "node16-cjs"];

/** Says what is wrong with the tarball; empty where nothing is. */
export async function failuresOf(packed: Tarball): Promise<string[]> {
  const { path, manifest } = packed;
  const tarball = await Bun.file(path).arrayBuffer();
  const { messages, pkg } = await publint({ pack: { tarball }, level: "warning", strict: true });
  const failures = [
    ...(await contentFailuresOf(packed)),
    ...messages.map((message) => formatMessage(message, pkg) ?? message.code),
  ];
  return manifest.files.includes("types")
    ? [...failures, ...(await typeFailuresOf(tarball))]
    : failures;
}

async function typeFailuresOf(tarball: ArrayBuffer): Promise<string[]> {
  const excludeEntrypoints = ["./viewer"]; // a page, which only Bun can import
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)), {
    excludeEntrypoints,
  });
  if (result.types === false) return ["it has no types"];
  return result.problems
    .filter((p) => !("resolutionKind" in p && FOREIGN_RESOLUTIONS.includes(p.resolutionKind)))
    .map((problem) => JSON.stringify(problem));
}
