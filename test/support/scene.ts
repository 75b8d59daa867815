// SPDX-License-Identifier: MPL-2.0
import { writeFileSync } from "node:fs";
import type { CaptureSettings } from "../../src/index.ts";
import { type Canvas, expectAlike, type Tolerance } from "./canvas.ts";
import { type Area, Painter } from "./painter.ts";
import { waitFor } from "./process.ts";
import { Recorder } from "./recorder.ts";
import { Xvfb, type XvfbOptions } from "./xvfb.ts";

/** The codecs and colour formats, each with the settings that choose it. */
export const CODECS: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["JPEG 4:4:4", { outputMode: "jpeg", jpegFullColor: true }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 4:4:4", { outputMode: "h264", h264FullColor: true }],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
];

/** Settings that lose as little as each codec can, for tests that compare numbers. */
export const NEAR_LOSSLESS: CaptureSettings = {
  ...{ jpegQuality: 100, paintOverJpegQuality: 100, jpegFullColor: true },
  ...{ h264Crf: 1, h264PaintOverCrf: 1, h264FullColor: true },
};

/** An X server of the test's own, and a painter on it. */
export class Scene implements AsyncDisposable {
  readonly server: Xvfb;
  readonly painter: Painter;

  private constructor(server: Xvfb, painter: Painter) {
    this.server = server;
    this.painter = painter;
  }

  /** Default 320×240. */
  static async start(options: XvfbOptions = {}): Promise<Scene> {
    const server = await Xvfb.start({ width: 320, height: 240, ...options });
    return new Scene(server, await Painter.start(server.display));
  }

  get display(): string {
    return this.server.display;
  }

  get area(): Area {
    return { x: 0, y: 0, width: this.painter.width, height: this.painter.height };
  }

  /** Fills the whole screen. */
  async fill(rgb: number): Promise<void> {
    await this.painter.fill(this.area, rgb);
  }

  record(settings: CaptureSettings = {}): Promise<Recorder> {
    return Recorder.start({ display: this.display, ...settings });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.painter[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/**
 * Waits until the client shows the picture: as soon as nothing has come for `quietMs`, unlike
 * `Recorder.showsAtRest`, which waits for the refresh, too.
 */
export async function showsSoon(
  recorder: Recorder,
  expected: Canvas,
  tolerance: Tolerance,
  what: string,
  quietMs = 120,
): Promise<void> {
  let last: unknown;
  const look = async () => {
    await recorder.quiet(quietMs);
    try {
      expectAlike(expected, await recorder.show(), tolerance, what);
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await waitFor(what, look, 20_000).catch((error) => {
    throw last ?? error;
  });
}

/** A pointer image: premultiplied alpha, as RENDER and XFIXES have it. */
export interface PointerImage {
  width: number;
  height: number;
  hotX: number;
  hotY: number;
  /** 0xaarrggbb, row by row. */
  pixels: Uint32Array;
}

/** Makes it the pointer of the painter's window, by way of a file at `path`. */
export async function setPointer(
  painter: Painter,
  path: string,
  image: PointerImage,
): Promise<void> {
  const { width, height, hotX, hotY, pixels } = image;
  writeFileSync(path, new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  await painter.command(`argb-cursor ${path} ${width} ${height} ${hotX} ${hotY}`);
}

/** A region of the screen as settings. */
export function region(area: Area): CaptureSettings {
  return {
    ...{ captureX: area.x, captureY: area.y },
    ...{ captureWidth: area.width, captureHeight: area.height },
  };
}
