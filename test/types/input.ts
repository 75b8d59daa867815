// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/input", and what they may not.
import type { ScreenCapture } from "pixelflux-ffi";
import { Input, type MouseButton, type Point } from "pixelflux-ffi/input";
import { same } from "./equal.ts";

declare const capture: ScreenCapture;

export async function opening(): Promise<void> {
  await using input = await Input.open();
  same<typeof input, Input>(true);
  await Input.open({ display: ":1", region: { x: 0, y: 0, width: 10, height: 10 } });
  await Input.open({ region: capture, display: undefined });
  // @ts-expect-error a region without a height
  await Input.open({ region: { x: 0, y: 0, width: 10 } });
  // @ts-expect-error a misspelt option
  await Input.open({ diplay: ":1" });
  // @ts-expect-error inputs are opened
  new Input();
}

export async function pointing(input: Input): Promise<void> {
  await input.click();
  await input.click({ count: 2 });
  await input.click(10, 20, { button: "right", modifiers: ["ctrl", "shift"] });
  await input.drag({ x: 1, y: 2 }, { x: 3, y: 4 }, { durationMs: 100 });
  await input.scroll(0, -3, { x: 1, y: 2 });
  await input.down({ button: "left" }, { at: { x: 1, y: 2 } });
  await input.up({ button: "left" });
  same<ReturnType<typeof input.position>, Promise<Point>>(true);
  same<MouseButton, "left" | "middle" | "right" | "back" | "forward">(true);
  // @ts-expect-error a place of one number
  await input.click(10);
  // @ts-expect-error a button that there is not
  await input.click({ button: "centre" });
  // @ts-expect-error a place is an object here
  await input.drag([1, 2], [3, 4]);
  // @ts-expect-error two numbers, as of a click
  await input.move({ x: 1, y: 2 });
}

export async function typing(input: Input, signal: AbortSignal): Promise<void> {
  await input.type("Grüße ✓\n", { delayMs: 5, signal });
  await input.key("ctrl+shift+t");
  await input.down("shift", { exactly: true });
  await input.releaseAll();
  same<ReturnType<typeof input.close>, Promise<void>>(true);
  // @ts-expect-error the controller, not its signal
  await input.type("text", { signal: new AbortController() });
  // @ts-expect-error keys are one text
  await input.key(["ctrl", "t"]);
}
