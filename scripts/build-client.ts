// SPDX-License-Identifier: MPL-2.0
/**
 * Bundles what browsers get into `dist/`: the worker, which the player carries as
 * text, and the module for pages whose bundler is another than Bun, or that have
 * none. Also the preload of `bun test`, so that no test sees an old one.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const rootPath = join(import.meta.dir, "..");
const LICENSE_LINE = "// SPDX-License-Identifier: MPL-2.0";

/** Types of the worker's text: what an `import … with { type: "text" }` of it gives. */
const WORKER_TYPES = `${LICENSE_LINE}
declare const source: string;
export default source;
`;

async function bundle(
  entry: string,
  options: Pick<Bun.BuildConfig, "format" | "minify">,
): Promise<string> {
  const { outputs } = await Bun.build({
    ...{ entrypoints: [join(rootPath, entry)], target: "browser", banner: LICENSE_LINE },
    ...options,
  });
  const [output] = outputs;
  if (output === undefined) throw new Error(`${entry} gave no bundle`);
  return output.text();
}

/** Replaces the file as a whole, where it differs: other processes may be reading it. */
async function write(name: string, text: string): Promise<void> {
  const path = join(rootPath, "dist", name);
  const file = Bun.file(path);
  if ((await file.exists()) && (await file.text()) === text) return;
  const temporaryPath = `${path}.${process.pid}`;
  writeFileSync(temporaryPath, text);
  renameSync(temporaryPath, path);
}

mkdirSync(join(rootPath, "dist"), { recursive: true });
await write("decode-worker.d.ts", WORKER_TYPES);
await write(
  "decode-worker.js",
  await bundle("src/client/decode-worker.ts", { format: "iife", minify: true }),
);
await write("client.js", await bundle("src/client/index.ts", { format: "esm" }));
