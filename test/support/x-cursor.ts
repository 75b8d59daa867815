// SPDX-License-Identifier: MPL-2.0
// The pointer as the X server itself tells of it, on a connection of the test's own.
import { XConnection } from "../../src/x11/connection.ts";
import { parseDisplayName } from "../../src/x11/display-name.ts";

/** What XFixesGetCursorImage answers. */
export interface ServersCursor {
  /** The hot spot on the screen. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly hotX: number;
  readonly hotY: number;
  readonly serial: number;
  /** Premultiplied 0xaarrggbb. */
  readonly pixels: Uint32Array;
}

/** Asks the server of this display, which lets every local user in. */
export async function serversCursor(display: string): Promise<ServersCursor> {
  const name = parseDisplayName(display);
  if (name === undefined) throw new Error(`no display's name: ${display}`);
  using connection = await XConnection.open(name, undefined, 5000);
  const major = await opcodeOf(connection, "XFIXES");
  const version = Buffer.from([major, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
  await answerTo(connection, version);
  const reply = await answerTo(connection, Buffer.from([major, 4, 1, 0]));
  const width = reply.readUInt16LE(12);
  const height = reply.readUInt16LE(14);
  const pixels = Uint32Array.from({ length: width * height }, (_, i) =>
    reply.readUInt32LE(32 + 4 * i),
  );
  return {
    ...{ x: reply.readInt16LE(8), y: reply.readInt16LE(10), width, height },
    ...{ hotX: reply.readUInt16LE(16), hotY: reply.readUInt16LE(18) },
    ...{ serial: reply.readUInt32LE(20), pixels },
  };
}

async function opcodeOf(connection: XConnection, extension: string): Promise<number> {
  const request = Buffer.alloc(8 + ((extension.length + 3) & ~3));
  request.writeUInt8(98, 0); // QueryExtension
  request.writeUInt16LE(request.length / 4, 2);
  request.writeUInt16LE(extension.length, 4);
  request.write(extension, 8, "latin1");
  return (await answerTo(connection, request)).readUInt8(9);
}

async function answerTo(connection: XConnection, request: Buffer): Promise<Buffer> {
  const answer = await connection.ask(request);
  if (answer === undefined) throw new Error("the X server refuses the request");
  return answer;
}

/** Straight RGBA as the premultiplied 0xaarrggbb that a server would have. */
export function premultiplied(rgba: Uint8Array): Uint32Array {
  return Uint32Array.from({ length: rgba.length / 4 }, (_, i) => {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(4 * i, 4 * i + 4);
    const over = (value: number) => Math.floor((value * alpha + 127) / 255);
    return ((alpha << 24) | (over(red) << 16) | (over(green) << 8) | over(blue)) >>> 0;
  });
}
