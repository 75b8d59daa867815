// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/display", and what they may not.
import { type DisplayEnvironment, VirtualDisplay } from "pixelflux-ffi/display";
import { same } from "./equal.ts";

export async function displays(signal: AbortSignal): Promise<void> {
  await using display = await VirtualDisplay.start({ width: 800, height: 600, signal });
  same<typeof display, VirtualDisplay>(true);
  same<typeof display.name, string>(true);
  same<typeof display.environment, DisplayEnvironment>(true);
  same<typeof display.finished, Promise<void>>(true);
  same<ReturnType<typeof display.stop>, Promise<void>>(true);
  await VirtualDisplay.start();
  await VirtualDisplay.start({ args: ["+iglx"], program: undefined, timeoutMs: 5000 });
  await display.resize(1024, 768);
  Bun.spawn(["xterm"], { env: { ...process.env, ...display.environment } });
  // @ts-expect-error both sides
  await display.resize(1024);
  // @ts-expect-error a number as text
  await VirtualDisplay.start({ width: "800" });
  // @ts-expect-error a misspelt option
  await VirtualDisplay.start({ heigth: 600 });
  // @ts-expect-error its number is the system's to choose
  await VirtualDisplay.start({ name: ":7" });
  // @ts-expect-error displays are started
  new VirtualDisplay();
  // @ts-expect-error sizes are told, not set
  display.width = 10;
}
