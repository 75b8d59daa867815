// SPDX-License-Identifier: MPL-2.0
/** What a shared library says of itself, as binutils' readelf tells it. */
import { run } from "./command.ts";

export interface ElfFile {
  readonly machine: string;
  /** Names of the libraries that it needs. */
  readonly needed: readonly string[];
  readonly soname: string | undefined;
  /** Entries of its dynamic section, such as TEXTREL or RUNPATH. */
  readonly dynamicTags: ReadonlySet<string>;
  /** Words of FLAGS and FLAGS_1. */
  readonly flags: ReadonlySet<string>;
  /** Versions of symbols that it asks for, such as "GLIBC_2.17". */
  readonly versions: readonly string[];
  /** Symbols that others can use. */
  readonly exported: readonly string[];
  /** Segments: type and permissions, as in "RE". */
  readonly segments: readonly { readonly type: string; readonly permissions: string }[];
  readonly sections: ReadonlySet<string>;
  /** Hexadecimal; undefined where it has none. */
  readonly buildId: string | undefined;
}

export async function readElf(path: string): Promise<ElfFile> {
  const text = await run(["readelf", "-hldnVSW", "--dyn-syms", path]);
  const dynamic = allOf(text, /^ 0x[0-9a-f]+ \((\w+)\)\s+(.*)$/gm).map(
    ([, tag = "", value = ""]) => ({
      tag,
      value,
    }),
  );
  const bracketed = (value: string) => /\[(.+)\]/.exec(value)?.[1] ?? value;
  return {
    machine: /^ {2}Machine:\s+(.+)$/m.exec(text)?.[1] ?? "",
    needed: dynamic.filter(({ tag }) => tag === "NEEDED").map(({ value }) => bracketed(value)),
    soname: dynamic.filter(({ tag }) => tag === "SONAME").map(({ value }) => bracketed(value))[0],
    dynamicTags: new Set(dynamic.map(({ tag }) => tag)),
    flags: new Set(
      dynamic
        .filter(({ tag }) => tag.startsWith("FLAGS"))
        .flatMap(({ value }) => value.replace("Flags:", "").split(/\s+/)),
    ),
    versions: allOf(text, /Name: (\S+)\s+Flags:/g).map(([, version = ""]) => version),
    exported: exportedSymbols(text),
    segments: allOf(text, /^ {2}([A-Z_]+)\s+(?:0x[0-9a-f]+ ){5}([RWE ]{3}) /gm).map(
      ([, type = "", permissions = ""]) => ({ type, permissions: permissions.replaceAll(" ", "") }),
    ),
    sections: new Set(allOf(text, /^ {2}\[ *\d+\] (\.\S+)/gm).map(([, name = ""]) => name)),
    buildId: /Build ID: ([0-9a-f]+)/.exec(text)?.[1],
  };
}

/** Of the dynamic symbols those that are defined here: their index is not UND. */
function exportedSymbols(text: string): string[] {
  return allOf(text, /^ +\d+: [0-9a-f]+ +\d+ \w+ +(?:GLOBAL|WEAK) +\w+ +\d+ (\S+)$/gm)
    .map(([, name = ""]) => name)
    .sort();
}

function allOf(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)];
}
