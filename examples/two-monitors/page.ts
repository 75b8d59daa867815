// SPDX-License-Identifier: MPL-2.0
import type { Monitor } from "pixelflux-ffi";
import { type PlayerState, StripePlayer } from "pixelflux-ffi/client";

/** The token, where there is one, is in the page's address and goes with each request. */
const { search } = location;

const answer = await fetch(`monitors${search}`);
const monitors: Monitor[] = answer.ok ? await answer.json() : [];
const main = document.getElementById("monitors");
if (!answer.ok) main?.append(`The server refuses: ${await answer.text()}`);
// The server numbers them as it lists them; here they stand as they do on the desk.
const numbered = monitors.map((monitor, index) => ({ monitor, index }));
numbered.sort((a, b) => a.monitor.x - b.monitor.x || a.monitor.y - b.monitor.y);
for (const { monitor, index } of numbered) main?.append(show(monitor, index));

/** A canvas that shows one monitor, with its name and how it is. */
function show({ name, width, height }: Monitor, index: number): HTMLElement {
  const figure = document.createElement("figure");
  const canvas = document.createElement("canvas");
  const caption = document.createElement("figcaption");
  figure.style.setProperty("--width", `${width}`);
  canvas.style.aspectRatio = `${width} / ${height}`;
  canvas.title = name;
  figure.append(canvas, caption);
  const player = new StripePlayer(canvas, `monitors/${index}${search}`);
  const tell = (state: PlayerState) => {
    caption.textContent = `${name}: ${"reason" in state ? state.reason : state.name}`;
  };
  tell({ name: "connecting" });
  player.on("state", tell);
  player.on("screen", (screen) => {
    // A monitor may get another mode.
    canvas.style.aspectRatio = `${screen.width} / ${screen.height}`;
  });
  return figure;
}
