// SPDX-License-Identifier: MPL-2.0
import { StripePlayer } from "pixelflux-ffi/client";
import { CONTROL_NAMES } from "./controls.ts";
import type { Change, ChangeMessage, PlaygroundMessage, StatsMessage } from "./messages.ts";
import { SettingsPanel } from "./panel.ts";

declare global {
  interface Window {
    /** For tests and for the curious: the player that is running now. */
    player?: StripePlayer;
  }
}

const RECONNECT_MS = 1000;

const canvas = element("screen", HTMLCanvasElement);
const state = element("state", HTMLElement);
const panel = new SettingsPanel(element("panel", HTMLFormElement), change);

let settingsSocket: WebSocket | undefined;
/** Number of the last change that was sent, and whether its answer is still to come. */
let changeId = 0;
let waiting = false;

function address(path: string): URL {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = location.search; // the token, where the server wants one
  return url;
}

function connectStream(): void {
  const player = new StripePlayer(canvas, address("stream"));
  window.player = player;
  player.on("screen", ({ width, height, mode }) => {
    showState("live", `${width} × ${height}, ${mode === "h264" ? "H.264" : "JPEG"}`);
  });
  player.on("state", (state) => {
    if (state.name === "waiting") showState("lost", state.reason);
  });
}

function connectSettings(): void {
  const socket = new WebSocket(address("settings"));
  settingsSocket = socket;
  waiting = false;
  socket.onmessage = ({ data }) => receive(JSON.parse(String(data)));
  socket.onclose = () => setTimeout(connectSettings, RECONNECT_MS);
}

function change(settings: Change): void {
  if (settingsSocket?.readyState !== WebSocket.OPEN) return; // its first message sets the controls
  changeId += 1;
  waiting = true;
  const message: ChangeMessage = { type: "change", id: changeId, settings };
  settingsSocket.send(JSON.stringify(message));
}

function receive(message: PlaygroundMessage): void {
  switch (message.type) {
    case "settings":
      if (message.id === changeId) waiting = false;
      // A slider that is being dragged is ahead of its answers.
      if (!waiting) panel.show(message.settings);
      return;
    case "refused":
      if (message.id === changeId) waiting = false;
      panel.refuse(message.field, `${message.code}: ${message.message}`);
      return;
    case "stats":
      showStats(message);
      return;
  }
}

function showStats({ type: _, ...counters }: StatsMessage): void {
  for (const [name, count] of Object.entries(counters)) {
    element(name, HTMLOutputElement).value = Math.round(count).toLocaleString("en");
  }
}

function showState(name: "waiting" | "live" | "lost", text: string): void {
  state.setAttribute("data-state", name);
  state.textContent = text;
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no such element: ${id}`);
  return found;
}

element("keyframe", HTMLButtonElement).onclick = () => window.player?.requestKeyframe();
element("defaults", HTMLButtonElement).onclick = () => {
  panel.forgive();
  change(Object.fromEntries(CONTROL_NAMES.map((name) => [name, null])));
};

connectStream();
connectSettings();
