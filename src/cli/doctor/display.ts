// SPDX-License-Identifier: MPL-2.0
/** Checks of the way to the display, and of what its server has. */
import { existsSync } from "node:fs";
import { authorityPath, authorizationFor } from "../../x11/authority.ts";
import {
  type DisplayName,
  hasAbstractSocket,
  parseDisplayName,
  portOf,
  socketPath,
} from "../../x11/display-name.ts";
import {
  describeServer,
  type ExtensionName,
  type ServerDescription,
} from "../../x11/server-description.ts";
import { type Check, failed, ok, skipped, warning } from "./check.ts";

const TIMEOUT_MS = 5000;
const OR_ANOTHER = "\nor name another display: pixelflux-ffi list shows those there are";
/** Since which a server takes memory by a file instead of a key. */
const SHM_VERSION_MIN = "1.2";

/** What a capture does without an extension; it needs none of them. */
const WITHOUT: Record<ExtensionName, string> = {
  "MIT-SHM": "pixels come through the connection, which is slower",
  DAMAGE: "the screen is compared as a whole, frame by frame",
  XFIXES: "the screen is compared as a whole, and the pointer is not shown",
  XInputExtension: "the pointer's motion is noticed later",
  RANDR: "there are no monitors to be listed or captured by their names",
};

/** @param given - the option `--display`. */
export async function displayChecks(given: string | undefined, display: string): Promise<Check[]> {
  const named = displayCheck(given, display);
  const name = parseDisplayName(display);
  if (name === undefined) {
    return [failed("display", `"${display}" is no display name`, "one looks like :0 or host:0.0")];
  }
  const socket = socketCheck(name);
  const checks = [named, socket, authorityCheck(name)];
  if (socket.status === "failed") return [...checks, skipped("connection", "there is no socket")];
  try {
    const server = await describeServer(name, { windows: false, timeoutMs: TIMEOUT_MS });
    const connection = ok("connection", server.vendor);
    return [...checks, connection, screenCheck(server, name), ...extensionChecks(server)];
  } catch (error) {
    return [...checks, connectionFailure(error, name), skipped("screen", "there is no connection")];
  }
}

function displayCheck(given: string | undefined, display: string): Check {
  if (given !== undefined) return ok("display", `${display}, by --display`);
  const { DISPLAY } = process.env;
  if (DISPLAY) return ok("display", `${display}, by $DISPLAY`);
  const words = `${display}, since neither --display nor DISPLAY names one`;
  return warning("display", words, `export DISPLAY=${display}`);
}

function socketCheck(name: DisplayName): Check {
  const path = socketPath(name);
  if (path === undefined) return ok("socket", `TCP, ${name.host}, port ${portOf(name)}`);
  if (existsSync(path)) return ok("socket", path);
  if (hasAbstractSocket(path)) return ok("socket", `@${path}, abstract; there is no ${path}`);
  return failed("socket", `there is no ${path}`, startOne(name));
}

/** Without a cookie the connection may be accepted all the same, which is for its own check to say. */
function authorityCheck(name: DisplayName): Check {
  const path = authorityPath();
  try {
    const found = authorizationFor(name) !== undefined;
    return ok("authority", `${path} has ${found ? "a" : "no"} cookie for this display`);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const { XAUTHORITY } = process.env;
    if (code === "ENOENT" && !XAUTHORITY) return ok("authority", `no ${path}`);
    if (code === "ENOENT") {
      const remedy = "unset XAUTHORITY, or set it to the X server's cookie file";
      return warning("authority", `XAUTHORITY names ${path}, which is not there`, remedy);
    }
    const remedy = `make it readable for this user: ls -l ${path}`;
    return failed("authority", `${path} cannot be read (${code})`, remedy);
  }
}

function connectionFailure(error: unknown, name: DisplayName): Check {
  const words = error instanceof Error ? error.message : String(error);
  return failed("connection", words, connectionRemedy(words, name));
}

function connectionRemedy(words: string, name: DisplayName): string {
  if (words.includes("refuses")) {
    return 'set XAUTHORITY to the X server\'s cookie file,\nor let this user in from a terminal on that display: xhost "+si:localuser:$(id -un)"';
  }
  return words.includes("hangs")
    ? `end what listens there, and start it anew${OR_ANOTHER}`
    : startOne(name);
}

function startOne(name: DisplayName): string {
  const start =
    socketPath(name) === undefined
      ? `see to it that ${name.host} can be reached, and that its X server listens on TCP, port ${portOf(name)}`
      : `start an X server, as in: Xvfb :${name.number} -screen 0 1280x720x24 &`;
  return start + OR_ANOTHER;
}

function screenCheck({ screens }: ServerDescription, { screen: index }: DisplayName): Check {
  const screen = screens[index];
  if (screen === undefined) {
    return failed("screen", `the server has no screen ${index}`, "leave the .N out of the display");
  }
  const words = `${screen.width}x${screen.height}, depth ${screen.depth}`;
  if (screen.capturable) return ok("screen", words);
  const remedy = "start the X server with depth 24";
  return failed("screen", `${words}: its pixels are not 32-bit BGRX`, remedy);
}

function extensionChecks({ extensions }: ServerDescription): Check[] {
  return (Object.keys(WITHOUT) as ExtensionName[]).map((name) => {
    const version = extensions[name];
    if (version === undefined) return missing(name, "the server has not got it");
    const isOld = name === "MIT-SHM" && isOlder(version, SHM_VERSION_MIN);
    if (isOld) return missing(name, `${version}, where ${SHM_VERSION_MIN} is needed`);
    return ok(name, version || "there");
  });
}

function isOlder(version: string, than: string): boolean {
  return Bun.semver.order(`${version}.0`, `${than}.0`) < 0;
}

function missing(name: ExtensionName, words: string): Check {
  const remedy = `start the X server with it; without it ${WITHOUT[name]}`;
  return warning(name, words, remedy);
}
