// SPDX-License-Identifier: MPL-2.0
/** Gives a screen another size, by RandR 1.2 (randrproto.txt). */
import { padded, ServerError, type XConnection } from "./connection.ts";
import { wordRequest } from "./requests.ts";
import { opcodeOf } from "./server-description.ts";
import { screensOf } from "./setup.ts";

/** Minor opcodes of RandR. */
const QUERY_VERSION = 0;
const SET_SCREEN_SIZE = 7;
const CREATE_MODE = 16;
const DESTROY_MODE = 17;
const ADD_OUTPUT_MODE = 18;
const DELETE_OUTPUT_MODE = 19;
const SET_CRTC_CONFIG = 21;
const GET_SCREEN_RESOURCES_CURRENT = 25;
/** Requests of the core protocol. */
const GRAB_SERVER = 36;
const UNGRAB_SERVER = 37;
const WARP_POINTER = 41;
/** Has an answer, and costs nothing. */
const GET_INPUT_FOCUS = 43;

const ROTATE_0 = 1;
const HEAD_BYTES = 32;
const MODE_BYTES = 32;
const MM_PER_INCH = 25.4;
/** A mode's frame rate is told of and has no effect: nothing is sent to a monitor. */
const REFRESH_HZ = 60;

/** A server that answers, but cannot or will not have such a screen. */
export class ScreenSizeError extends ServerError {}

/** What a screen is to become, in px. */
export interface ScreenSize {
  readonly width: number;
  readonly height: number;
  /** Dots an inch, from which programs derive how large they draw. */
  readonly dpi: number;
}

/** The parts of a server that drive one monitor. */
interface Resources {
  readonly configTimestamp: number;
  readonly crtc: number;
  readonly output: number;
  readonly modes: ReadonlyMap<string, number>;
}

/**
 * Makes the first screen as large as is wanted, and its first output's mode too.
 * Others see either the size before or the one after it.
 *
 * @param replaced - the mode that an earlier call has made, which is removed.
 * @returns the mode that this call has made, or has kept; `undefined` where the
 *   server had one of that size of its own.
 * @throws {ServerError} by rejection: the server does not answer; {@link ScreenSizeError}
 *   where it has no RandR, or refuses.
 */
export async function setScreenSize(
  connection: XConnection,
  size: ScreenSize,
  replaced: number | undefined,
): Promise<number | undefined> {
  const randr = await opcodeOf(connection, "RANDR");
  const root = screensOf(connection.setup)[0]?.root;
  if (randr === undefined || root === undefined) throw new ScreenSizeError("it has no RandR");
  await connection.ask(wordRequest(randr, QUERY_VERSION, 1, 2));
  const resources = await readResources(connection, randr, root);
  const present = resources.modes.get(nameOf(size));
  const mode = present ?? (await createMode(connection, randr, root, size));
  const added =
    present === undefined ? [wordRequest(randr, ADD_OUTPUT_MODE, resources.output, mode)] : [];
  await show(connection, randr, root, resources, mode, size, added);
  if (replaced !== undefined && replaced !== mode) {
    // Refused where somebody uses the mode, who may keep it.
    await settle(
      connection,
      wordRequest(randr, DELETE_OUTPUT_MODE, resources.output, replaced),
      wordRequest(randr, DESTROY_MODE, replaced),
    );
  }
  return present === undefined || present === replaced ? mode : undefined;
}

/** Puts the pointer into the middle of the first screen, where a new server has it. */
export async function centrePointer(
  connection: XConnection,
  { width, height }: Pick<ScreenSize, "width" | "height">,
): Promise<void> {
  const root = screensOf(connection.setup)[0]?.root ?? 0;
  const place = (width >> 1) | ((height >> 1) << 16);
  await settle(connection, wordRequest(WARP_POINTER, 0, 0, root, 0, 0, place));
}

/** @param first - what is to be done before, unseen by others. */
async function show(
  connection: XConnection,
  randr: number,
  root: number,
  { crtc, output, configTimestamp }: Resources,
  mode: number,
  size: ScreenSize,
  first: readonly Buffer[],
): Promise<void> {
  const { width, height, dpi } = size;
  const config = (modeId: number, ...outputs: readonly number[]) =>
    wordRequest(randr, SET_CRTC_CONFIG, crtc, 0, configTimestamp, 0, modeId, ROTATE_0, ...outputs);
  // Of no millimetre the server says that it is no screen.
  const mm = (sidePx: number) => Math.max(1, Math.round((sidePx / dpi) * MM_PER_INCH));
  const grown = wordRequest(
    randr,
    SET_SCREEN_SIZE,
    root,
    width | (height << 16),
    mm(width),
    mm(height),
  );
  // A screen cannot become smaller than what is shown on it: nothing is, for a moment.
  const off = await ask(connection, wordRequest(GRAB_SERVER, 0), ...first, config(0));
  const on = await ask(connection, grown, config(mode, output));
  const isDone = await settle(connection, wordRequest(UNGRAB_SERVER, 0));
  if (isDone && off?.[1] === 0 && on?.[1] === 0) return;
  throw new ScreenSizeError(`it refuses a screen of ${nameOf(size)}`);
}

/** The answer to the last of some requests; `undefined` where the server refuses any of them. */
function ask(connection: XConnection, ...requests: readonly Buffer[]): Promise<Buffer | undefined> {
  return connection.ask(Buffer.concat(requests));
}

/**
 * Waits until requests that have no answer are done.
 *
 * @returns false where the server refuses any of them; nothing can be asked behind that.
 */
async function settle(connection: XConnection, ...requests: readonly Buffer[]): Promise<boolean> {
  return (await ask(connection, ...requests, wordRequest(GET_INPUT_FOCUS, 0))) !== undefined;
}

async function createMode(
  connection: XConnection,
  randr: number,
  root: number,
  size: ScreenSize,
): Promise<number> {
  const { width, height } = size;
  const name = nameOf(size);
  const mode = Buffer.alloc(MODE_BYTES + padded(name.length));
  mode.writeUInt16LE(width, 4);
  mode.writeUInt16LE(height, 6);
  mode.writeUInt32LE(Math.min(width * height * REFRESH_HZ, 2 ** 32 - 1), 8);
  for (const at of [12, 14, 16]) mode.writeUInt16LE(width, at); // no pause at a row's end
  for (const at of [20, 22, 24]) mode.writeUInt16LE(height, at);
  mode.writeUInt16LE(name.length, 26);
  mode.write(name, MODE_BYTES, "latin1");
  const fields = Array.from({ length: mode.length / 4 }, (_, index) =>
    mode.readUInt32LE(index * 4),
  );
  const answer = await connection.ask(wordRequest(randr, CREATE_MODE, root, ...fields));
  if (answer === undefined) throw new ScreenSizeError(`it refuses a mode of ${name}`);
  return answer.readUInt32LE(8);
}

async function readResources(
  connection: XConnection,
  randr: number,
  root: number,
): Promise<Resources> {
  const answer = await connection.ask(wordRequest(randr, GET_SCREEN_RESOURCES_CURRENT, root));
  const [crtcCount, outputCount, modeCount] = [16, 18, 20].map((at) => answer?.readUInt16LE(at));
  if (!answer || !crtcCount || !outputCount)
    throw new ScreenSizeError("its RandR drives no monitor");
  const outputsAt = HEAD_BYTES + crtcCount * 4;
  const modesAt = outputsAt + outputCount * 4;
  const modes = new Map<string, number>();
  for (let at = modesAt; at < modesAt + (modeCount ?? 0) * MODE_BYTES; at += MODE_BYTES) {
    const size = { width: answer.readUInt16LE(at + 4), height: answer.readUInt16LE(at + 6) };
    modes.set(nameOf(size), answer.readUInt32LE(at));
  }
  return {
    configTimestamp: answer.readUInt32LE(12),
    crtc: answer.readUInt32LE(HEAD_BYTES),
    output: answer.readUInt32LE(outputsAt),
    modes,
  };
}

function nameOf({ width, height }: Pick<ScreenSize, "width" | "height">): string {
  return `${width}x${height}`;
}
