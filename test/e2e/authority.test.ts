// SPDX-License-Identifier: MPL-2.0
// Where the cookie for a display comes from, on a server that lets nobody in without one.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { authorizationFor } from "../../src/x11/authority.ts";
import {
  registerAuthority,
  registeredAuthority,
  unregisterAuthority,
} from "../../src/x11/authority-registry.ts";
import { parseDisplayName } from "../../src/x11/display-name.ts";
import { Xvfb } from "../support/xvfb.ts";

let server: Xvfb;
let path: string;

beforeAll(async () => {
  server = await Xvfb.start({ authority: true });
  path = server.authorityPath as string;
});

afterAll(() => server?.[Symbol.asyncDispose]());

/** How a capture of the server ends: "running", or the error's code. */
async function outcomeOf(authorityPath?: string, display = server.display): Promise<string> {
  const capture = new ScreenCapture({ display, authorityPath });
  try {
    await capture.start((stripe) => stripe.release());
    return "running";
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await capture.stop();
  }
}

/** Runs something while `process.env.XAUTHORITY` has another value. */
async function withVariable<T>(value: string | undefined, run: () => Promise<T>): Promise<T> {
  const { XAUTHORITY } = process.env;
  const set = (text: string | undefined) => {
    if (text === undefined) Reflect.deleteProperty(process.env, "XAUTHORITY");
    else Object.assign(process.env, { XAUTHORITY: text });
  };
  set(value);
  try {
    return await run();
  } finally {
    set(XAUTHORITY);
  }
}

test("of the file that the setting names", async () => {
  expect(await outcomeOf(path)).toBe("running");
  expect(await outcomeOf(path, `unix${server.display}.0`)).toBe("running");
  expect(await outcomeOf()).toBe("ERR_DISPLAY_OPEN");
  for (const none of ["/dev/null", "/nowhere", "", "/tmp"]) {
    expect(await outcomeOf(none)).toBe("ERR_DISPLAY_OPEN");
  }
});

test("a server that refuses is told of, and the cookie that it refuses", async () => {
  await using other = await Xvfb.start({ authority: true });
  const display = server.display;
  const refusal = async (authorityPath: string) => {
    const refused = new ScreenCapture({ display, authorityPath }).screenshot();
    return (await refused.catch((error: unknown) => error)) as PixelfluxError;
  };
  const wrong = await refusal(other.authorityPath as string);
  expect(wrong).toMatchObject({ code: "ERR_DISPLAY_OPEN", field: "authorityPath" });
  expect(wrong.message).toContain(`the X server of "${display}" refuses the cookie`);
  expect(wrong.message).toContain(other.authorityPath as string);
  const none = await refusal("/dev/null");
  expect(none).toMatchObject({ code: "ERR_DISPLAY_OPEN", field: "display" });
  expect(none.message).toContain(`the X server of "${display}" refuses this user`);
});

test("of the file that $XAUTHORITY names when the capture starts", async () => {
  expect(await withVariable(path, () => outcomeOf())).toBe("running");
  expect(await withVariable("/dev/null", () => outcomeOf(path))).toBe("running");
  const tooLong = `/${"x".repeat(5000)}`;
  expect(await withVariable(tooLong, () => outcomeOf())).toBe("ERR_DISPLAY_OPEN");
});

test("of the file of a display that this thread has started", async () => {
  const name = parseDisplayName(server.display);
  const number = name?.number as number;
  registerAuthority(number, path);
  try {
    expect(await outcomeOf()).toBe("running");
    expect(await withVariable("/dev/null", () => outcomeOf())).toBe("running");
    expect(await outcomeOf("/dev/null")).toBe("ERR_DISPLAY_OPEN");
    expect(name && authorizationFor(name)?.cookie).toHaveLength(16);
    expect(registeredAuthority(parseDisplayName(`localhost${server.display}`))).toBeUndefined();
    unregisterAuthority(number, "/another");
    expect(registeredAuthority(name)).toBe(path);
  } finally {
    unregisterAuthority(number, path);
  }
  expect(registeredAuthority(name)).toBeUndefined();
});
