// SPDX-License-Identifier: MPL-2.0
/** What a browser's decoders can do, by asking and by trying. */
import { codecString } from "./h264.ts";

/**
 * 64×64 px of one colour in H.264 as captures send it: full range, matrix 6. Made
 * with ffmpeg and x264 (baseline, `-color_range pc -colorspace smpte170m`, SEI
 * removed).
 */
export const PROBE_STREAM =
  "AAAAAWdCwAqmERCbAW4CGgyAAAADAIAAABlHiRMIwAAAAAFoyEIBDLIAAAFliIIdCMUAATmY4AAjPRwABFnk5OTrrrrrrrrrrrrw";
/** Its colour. Read as limited range, it would be 38, 93, 147. */
export const PROBE_RGB = [48, 96, 144] as const;
/** Per channel, for the rounding of 8-bit YUV. */
const PROBE_TOLERANCE = 4;

let probe: Promise<boolean> | undefined;

/** Whether this browser decodes H.264 here at all: on https and localhost only. */
export function hasVideoDecoder(): boolean {
  return typeof VideoDecoder !== "undefined";
}

/**
 * Whether the browser says that it has a hardware decoder for a codec. Never
 * rejects. Two questions: Firefox answers the first one by yes wherever it decodes
 * at all, and the second one, for small pictures, too.
 */
export async function hasHardwareDecoder(codec: string): Promise<boolean> {
  const config = { codec, hardwareAcceleration: "prefer-hardware" } as const;
  const size = { width: 1920, height: 1080, bitrate: 1e7, framerate: 60 };
  const video = { contentType: `video/mp4; codecs="${codec}"`, ...size };
  try {
    const { supported } = await VideoDecoder.isConfigSupported(config);
    if (supported !== true) return false;
    return (await navigator.mediaCapabilities.decodingInfo({ type: "file", video })).powerEfficient;
  } catch {
    return false; // a browser that does not know the question
  }
}

/**
 * Whether the browser shows full range video as it is. Firefox on Linux makes
 * RGB of decoded H.264 as if it were limited range, whatever the stream says:
 * tones near black and white are lost. Tried once, with a picture whose colour is
 * known; true where that cannot be told. Never rejects.
 */
export function showsFullRange(): Promise<boolean> {
  probe ??= tryFullRange();
  return probe;
}

async function tryFullRange(): Promise<boolean> {
  try {
    const bytes = Uint8Array.from(atob(PROBE_STREAM), (letter) => letter.charCodeAt(0));
    const frame = await decodeOne(bytes);
    try {
      return await isRight(frame);
    } finally {
      frame.close();
    }
  } catch {
    return true; // where nothing can be decoded, the stream's own decoders will say so
  }
}

function decodeOne(bytes: Uint8Array<ArrayBuffer>): Promise<VideoFrame> {
  return new Promise((resolve, reject) => {
    const decoder = new VideoDecoder({
      output: (frame) => {
        resolve(frame);
        decoder.close();
      },
      error: reject,
    });
    decoder.configure({ codec: codecString(bytes) ?? "", optimizeForLatency: true });
    decoder.decode(new EncodedVideoChunk({ type: "key", timestamp: 0, data: bytes }));
    // Rejects when the decoder is closed, which is with the one frame there is.
    decoder.flush().catch(reject);
  });
}

/** The frame's pixels tell, where they are RGB already; else what the frame says of them. */
async function isRight(frame: VideoFrame): Promise<boolean> {
  const channels = frame.format?.slice(0, 3);
  if (channels !== "RGB" && channels !== "BGR") return frame.colorSpace.fullRange !== false;
  const rect = { x: 32, y: 32, width: 1, height: 1 };
  const pixel = new Uint8Array(frame.allocationSize({ rect }));
  await frame.copyTo(pixel, { rect });
  const rgb = channels === "RGB" ? pixel.subarray(0, 3) : pixel.subarray(0, 3).reverse();
  return PROBE_RGB.every((value, at) => Math.abs(value - (rgb[at] ?? 0)) <= PROBE_TOLERANCE);
}
