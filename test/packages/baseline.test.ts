// SPDX-License-Identifier: MPL-2.0
// The prebuilt libraries on the oldest CPUs of their architectures: newer instructions are chosen
// at run time, and nothing else uses any.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TARGETS, type Target } from "../../prebuild/targets.ts";
import { expectAlike } from "../support/canvas.ts";
import { type RecordedStripe, showStripes } from "../support/decode.ts";
import { rootPath, runCommand } from "../support/process.ts";
import { compile, emulator, libraryOf, prebuild } from "./machine.ts";
import { painted } from "./recording.ts";

/** qemu's names: x86-64 with SSE3 and no more, and the first ARMv8. */
const OLDEST_CPUS = { x64: "qemu64", arm64: "cortex-a53" };
/** Of SSSE3 (2006), and of ARMv8.1 (2014). */
const NEWER = { x64: "pabsb %xmm0, %xmm0", arm64: ".arch_extension lse\\nldadd w0, w1, [sp]" };
const WIDTH = 192;
const HEIGHT = 128;

let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pixelflux-baseline-"));
  for (const target of TARGETS) {
    expect(await prebuild(target)).toMatchObject({ exitCode: 0 });
    const source = join(rootPath, "native/test/baseline.c");
    await compile(target, source, program(target), "-Inative/include");
  }
}, 1_800_000);

afterAll(() => rmSync(folder, { recursive: true }));

function program(target: Target): string {
  return join(folder, target.name);
}

/** Reads what baseline.c writes. */
function parse(output: Uint8Array, type: RecordedStripe["type"]): RecordedStripe[] {
  const stripes: RecordedStripe[] = [];
  for (let at = 0; at < output.length; ) {
    const lineEnd = output.indexOf(10, at);
    const line = Buffer.from(output.subarray(at, lineEnd)).toString().split(" ").map(Number);
    const [y = 0, width = 0, height = 0, keyframe = 0, sizeBytes = 0] = line;
    at = lineEnd + 1 + sizeBytes;
    const payload = output.slice(lineEnd + 1, at);
    const rest = { frameId: 0, timestamp: 0, keyframe: keyframe === 1 };
    stripes.push({ type, y, width, height, payload, ...rest });
  }
  return stripes;
}

describe.each(TARGETS)("$name on its oldest CPU", (target) => {
  test.each(["jpeg", "h264"] as const)(
    "%s",
    async (type) => {
      const qemu = await emulator(target, "-cpu", OLDEST_CPUS[target.cpu]);
      const output = join(folder, `${target.name}.${type}`);
      const command = [...qemu, program(target), libraryOf(target), type === "jpeg" ? "0" : "1"];
      const child = Bun.spawn(command, {
        stdout: Bun.file(output),
        stderr: "pipe",
        timeout: 60_000,
        killSignal: "SIGKILL",
      });
      const words = await new Response(child.stderr).text();
      await child.exited;
      expect({ words, exit: child.exitCode, signal: child.signalCode }).toEqual({
        words: "",
        exit: 0,
        signal: null,
      });
      const stripes = parse(await Bun.file(output).bytes(), type);
      const shown = await showStripes(stripes, WIDTH, HEIGHT);
      // The same corner as of the larger picture.
      expectAlike(painted(0).crop(0, 0, WIDTH, HEIGHT), shown, { psnr: 39 });
    },
    120_000,
  );

  test("which does not know newer instructions", async () => {
    const source = join(folder, "newer.c");
    await Bun.write(source, `int main(void) { __asm__("${NEWER[target.cpu]}"); return 0; }`);
    await compile(target, source, join(folder, "newer"));
    const qemu = await emulator(target, "-cpu", OLDEST_CPUS[target.cpu]);
    expect(await runCommand([...qemu, join(folder, "newer")])).toMatchObject({ signal: "SIGILL" });
  });
});
