// SPDX-License-Identifier: MPL-2.0
// A page with a player and nothing else. Its options come with the address, as JSON in `options`.
import {
  type PlayerOptions,
  type PlayerState,
  type PlayerStats,
  type ScreenMessage,
  StripePlayer,
} from "pixelflux-ffi/client";

declare global {
  interface Window {
    player?: StripePlayer;
    /** What the players of this page have told, oldest first. */
    told: {
      states: PlayerState[];
      screens: ScreenMessage[];
      stats: PlayerStats[];
      errors: string[];
    };
    /** Opens a player on the page's canvas. */
    openPlayer(options?: PlayerOptions): StripePlayer;
  }
}

window.told = { states: [], screens: [], stats: [], errors: [] };

window.openPlayer = (options = {}) => {
  const canvas = document.querySelector("canvas");
  if (canvas === null) throw new Error("the page has no canvas");
  const player = new StripePlayer(canvas, `stream${location.search}`, options);
  player.on("state", (state) => window.told.states.push(state));
  player.on("screen", (screen) => window.told.screens.push(screen));
  player.on("stats", (stats) => window.told.stats.push(stats));
  player.on("error", ({ name, message }) => window.told.errors.push(`${name}: ${message}`));
  window.player = player;
  return player;
};

const options = new URLSearchParams(location.search).get("options");
if (options !== null) window.openPlayer(JSON.parse(options));
