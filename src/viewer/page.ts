// SPDX-License-Identifier: MPL-2.0
import type { PlayerState, ScreenMessage } from "../client/index.ts";
import { Choices } from "./choices.ts";
import { Connection } from "./connection.ts";
import { element } from "./elements.ts";
import { Fullscreen } from "./fullscreen.ts";
import { Notice } from "./notice.ts";
import { isScale, loadPreferences, type Scale, savePreferences } from "./preferences.ts";
import { listenForShortcuts } from "./shortcuts.ts";
import { Stage } from "./stage.ts";
import { Statistics } from "./statistics.ts";
import { stateWords } from "./words.ts";

const canvas = element("screen", HTMLCanvasElement);
const bar = element("bar", HTMLElement);
const stateLine = element("state", HTMLElement);
const help = element("help", HTMLDialogElement);
const scaleChoice = element("scale", HTMLFieldSetElement);

const stage = new Stage(element("stage", HTMLElement), canvas);
const statistics = new Statistics();
const notice = new Notice(() => connection.restart());
const fullscreen = new Fullscreen(element("fullscreen", HTMLButtonElement), isBarNeeded);
const choices = new Choices({
  codec: (codec) => connection.setCodec(codec),
  quality: (quality) => connection.player.setQuality(quality),
});

/** Of this connection; a connection that is being made has none yet. */
let screen: ScreenMessage | undefined;
let state: PlayerState = { name: "connecting" };
/** There is something on the canvas, be it old. */
let hasPicture = false;

const connection = new Connection(canvas, {
  state: (next) => {
    state = next;
    if (next.name !== "live") screen = undefined;
    showState();
  },
  screen: (next) => {
    screen = next;
    stage.size = next;
    statistics.screen = next;
    choices.offer(next);
    showState();
  },
  stats: (stats) => statistics.add(stats, connection.player.totals),
});

function showState(): void {
  const words = stateWords(state, screen);
  stateLine.setAttribute("data-state", state.name);
  stateLine.title = words;
  // A screen reader reads what changes: not the same words again.
  if (stateLine.textContent !== words) element("state-words", HTMLElement).textContent = words;
  document.title = `${words} – pixelflux`;
  hasPicture ||= state.name === "live";
  if (state.name === "live" || !hasPicture) stage.stale = undefined;
  else stage.stale = state.name === "connecting" ? "connecting" : "disconnected";
  const hadFocus = notice.hasFocus;
  notice.show(state, screen !== undefined);
  if (hadFocus && state.name !== "waiting" && state.name !== "closed") stage.focus();
}

function isBarNeeded(): boolean {
  return help.open || notice.isShown || bar.querySelector(":focus-visible") !== null;
}

function setScale(scale: Scale): void {
  stage.scale = scale;
  for (const input of scaleChoice.querySelectorAll("input")) input.checked = input.value === scale;
  savePreferences({ scale });
}

function toggleStatistics(): void {
  statistics.isShown = !statistics.isShown;
  savePreferences({ statistics: statistics.isShown });
}

scaleChoice.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement && isScale(target.value)) setScale(target.value);
});
element("statistics-toggle", HTMLButtonElement).addEventListener("click", toggleStatistics);
element("keyframe", HTMLButtonElement).addEventListener("click", requestKeyframe);
element("help-open", HTMLButtonElement).addEventListener("click", () => help.showModal());
help.addEventListener("click", ({ target }) => {
  if (target === help) help.close(); // beside it: its content covers the rest of it
});

function requestKeyframe(): void {
  connection.player.requestKeyframe();
}

listenForShortcuts({
  f: () => fullscreen.toggle(),
  1: () => setScale("fit"),
  2: () => setScale("fill"),
  3: () => setScale("actual"),
  s: toggleStatistics,
  k: requestKeyframe,
  "?": () => help.showModal(),
});

const remembered = loadPreferences();
setScale(remembered.scale);
statistics.isShown = remembered.statistics;
