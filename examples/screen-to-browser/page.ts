// SPDX-License-Identifier: MPL-2.0
import { type PlayerStats, StripePlayer } from "pixelflux-ffi/client";

declare global {
  interface Window {
    /** For tests and for the curious: the player that is running now. */
    player?: StripePlayer;
  }
}

const canvas = element("screen", HTMLCanvasElement);
const state = element("state", HTMLElement);
const stage = element("stage", HTMLElement);

function connect(): void {
  const url = new URL("stream", location.href);
  url.search = location.search; // the token, where the server wants one
  const player = new StripePlayer(canvas, url);
  window.player = player;
  player.on("stats", showStats);
  player.on("screen", ({ width, height, mode }) => {
    showState("live", `${width} × ${height}, ${mode === "h264" ? "H.264" : "JPEG"}`);
  });
  player.on("state", (state) => {
    if (state.name !== "waiting") return;
    showState("lost", state.reason);
    for (const id of ["fps", "rate", "latency"]) element(id, HTMLOutputElement).value = "–";
  });
}

function showState(name: "waiting" | "live" | "lost", text: string): void {
  state.setAttribute("data-state", name);
  state.textContent = text;
}

function showStats({ fps, bytes, latencyMs }: PlayerStats): void {
  element("fps", HTMLOutputElement).value = `${fps}`;
  element("rate", HTMLOutputElement).value = Math.round((bytes * 8) / 1000).toLocaleString("en");
  // A still screen has no latency: the last one stays.
  if (latencyMs !== undefined) element("latency", HTMLOutputElement).value = latencyMs.toFixed(1);
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no such element: ${id}`);
  return found;
}

element("full", HTMLButtonElement).addEventListener("click", () => {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void stage.requestFullscreen();
});

connect();
