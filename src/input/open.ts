// SPDX-License-Identifier: MPL-2.0
/** From a display's name to a server that takes input. */
import { PixelfluxError } from "../errors.ts";
import { show } from "../settings.ts";
import type { Authorization } from "../x11/authority.ts";
import { ServerError } from "../x11/connection.ts";
import { type DisplayName, parseDisplayName } from "../x11/display-name.ts";
import { cookieFor } from "../x11/server-description.ts";
import { XSession } from "../x11/session.ts";
import { screensOf } from "../x11/setup.ts";
import { Guard } from "./guard.ts";
import type { Opcodes } from "./keyboard.ts";
import { ignoreGrabs, useXkb } from "./requests.ts";

/** A server, ready for input. */
export interface InputServer {
  readonly session: XSession;
  readonly opcodes: Opcodes;
  /** The root window of the display's screen. */
  readonly root: number;
  readonly guard: Guard;
}

const OPERATION = "Input.open";

/** @throws {PixelfluxError} by rejection: `ERR_DISPLAY_OPEN` or `ERR_DISPLAY_UNSUPPORTED`. */
export async function openServer(
  display: string,
  authorityPath: string | undefined,
): Promise<InputServer> {
  const name = parseDisplayName(display);
  if (name === undefined) {
    throw cannotOpen(display, 'that is no display\'s name, as in ":0" or "host:1.0"');
  }
  const given = authorityPath === undefined ? undefined : cookieFor(name, authorityPath);
  const authorization = given ?? cookieFor(name);
  const session = await connect(display, name, authorization);
  try {
    const root = screensOf(session.setup)[name.screen]?.root;
    if (root === undefined) throw cannotOpen(display, `it has no screen ${name.screen}`);
    const [xtest, xkb] = await Promise.all([
      opcodeOf(session, display, "XTEST"),
      opcodeOf(session, display, "XKEYBOARD"),
    ]);
    session.send(ignoreGrabs(xtest));
    await session.ask(useXkb(xkb));
    return { session, opcodes: { xtest, xkb }, root, guard: new Guard(name, authorization) };
  } catch (error) {
    session.close();
    throw error instanceof PixelfluxError ? error : cannotOpen(display, wordsOf(error), error);
  }
}

async function connect(
  display: string,
  name: DisplayName,
  authorization: Authorization | undefined,
): Promise<XSession> {
  try {
    return await XSession.open(name, authorization);
  } catch (error) {
    throw cannotOpen(display, wordsOf(error), error);
  }
}

async function opcodeOf(session: XSession, display: string, name: string): Promise<number> {
  const opcode = await session.extension(name);
  if (opcode !== undefined) return opcode;
  const text = `${OPERATION}: the X server of ${show(display)} has no ${name} extension, by which input is sent. Start it without "-extension ${name}", or use another server: Xorg, Xvfb and Xvnc have it.`;
  throw new PixelfluxError("ERR_DISPLAY_UNSUPPORTED", OPERATION, text);
}

function wordsOf(error: unknown): string {
  if (error instanceof ServerError) return error.message;
  return `what answers there speaks no proper X11 (${error instanceof Error ? error.message : error})`;
}

function cannotOpen(display: string, words: string, cause?: unknown): PixelfluxError {
  const text = `${OPERATION}: the display ${show(display)} cannot be used: ${words}. Check the option display, $DISPLAY and $XAUTHORITY.`;
  return new PixelfluxError("ERR_DISPLAY_OPEN", OPERATION, text, { cause, field: "display" });
}
