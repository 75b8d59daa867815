// SPDX-License-Identifier: MPL-2.0
// What the tests of the packages have users run, and what is to come of it.
import { expect } from "bun:test";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { type Canvas, compare } from "../support/canvas.ts";
import { decodeH264, decodeJpegs } from "../support/decode.ts";
import { type ChildResult, rootPath } from "../support/process.ts";

/**
 * Prints the pictures of a still screen of 320×240 in both codecs, and what the library
 * tells of itself; or the error.
 */
export function shotProgram(display: string): string {
  return `
import { capabilities, type Codec, ScreenCapture, type Stripe } from "pixelflux-ffi";
async function shot(outputMode: Codec) {
  const settings = { outputMode, h264FullFrame: true, stripeHeight: 256 } as const;
  await using capture = new ScreenCapture({ display: ${JSON.stringify(display)}, ...settings });
  const payloads: string[] = [];
  await capture.start((stripe: Stripe) => {
    using s = stripe;
    payloads.push(Buffer.from(s.payload).toString("base64"));
  });
  return payloads[0];
}
try {
  const { licence, version } = capabilities();
  console.log(JSON.stringify({ licence, version, jpeg: await shot("jpeg"), h264: await shot("h264") }));
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  console.log(JSON.stringify({ code, message }));
}
`;
}

/** Records half a second of a synthetic screen into the file that is its argument. */
export const FILM_PROGRAM = `
import { ScreenCapture } from "pixelflux-ffi";
import { record } from "pixelflux-ffi/record";
const capture = new ScreenCapture({ display: "synthetic://320x240@30" });
const recording = await record(capture, process.argv[2] ?? "", { durationMs: 500 });
await recording.finished;
`;

/** What the program of {@link shotProgram} prints. */
export type Shot = { version: string; licence: string; jpeg: string; h264: string } & {
  code: string;
  message: string;
};

/** The README's ten lines, on a display and a free port. */
export async function liveProgram(display: string): Promise<string> {
  const readme = await Bun.file(join(rootPath, "README.md")).text();
  const [, block = ""] = /^```ts serve\n(.*?)^```$/ms.exec(readme) ?? [];
  return block
    .replace("new ScreenCapture({", `$& display: ${JSON.stringify(display)},`)
    .replace('hostname: "127.0.0.1",', "$& port: 0,");
}

/** Checks that the pictures decode, and show the screen, or the same in both codecs. */
export async function expectPictures(child: ChildResult, screen?: Canvas): Promise<void> {
  expect(child).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  const shot: Shot = JSON.parse(child.stdout);
  expect(shot).toMatchObject({
    licence: "GPL-2.0-or-later AND MPL-2.0",
    version: manifest.version,
  });
  const [jpeg] = await decodeJpegs([Buffer.from(shot.jpeg, "base64")]);
  const [h264] = await decodeH264([Buffer.from(shot.h264, "base64")]);
  if (jpeg === undefined || h264 === undefined) throw new Error("there is no picture");
  expect(jpeg).toMatchObject({ width: 320, height: 240 });
  // Two lossy codecs are further apart than either is from the screen.
  expect(compare(screen ?? h264, jpeg).psnr).toBeGreaterThan(25);
  expect(compare(screen ?? jpeg, h264).psnr).toBeGreaterThan(25);
  expect(new Set(jpeg.rgb).size).toBeGreaterThan(16);
}

/** Asks the ten lines that run there: for their page, its script, and a stripe by its stream. */
export async function expectLive(
  live: Bun.Subprocess<"ignore" | undefined, "pipe", "inherit">,
): Promise<void> {
  await using child = live;
  const { value } = await child.stdout.getReader().read();
  const address = /http:\S+/.exec(new TextDecoder().decode(value))?.[0] ?? "";
  const page = await (await fetch(address)).text();
  const script = /<script[^>]* src="([^"]+)"/.exec(page)?.[1] ?? "none";
  const code = await (await fetch(new URL(script, address))).text();
  expect(code).toContain("WebSocket");
  const stream = new WebSocket(new URL("/stream", address.replace("http", "ws")));
  stream.binaryType = "arraybuffer";
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  stream.onmessage = ({ data }) => data instanceof ArrayBuffer && resolve(data.byteLength);
  stream.onclose = ({ reason }) => reject(new Error(`closed: ${reason}`));
  expect(await promise).toBeGreaterThan(10);
  stream.close();
  child.kill();
  await child.exited;
}
