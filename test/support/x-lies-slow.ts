// SPDX-License-Identifier: MPL-2.0
// What X servers may do wrong that takes seconds to see through, or all of whose bits may be wrong.
import { REQUEST_NAMES } from "./fake-x-server.ts";
import { random, seedOfRun } from "./random.ts";
import {
  type Ending,
  endless,
  longAnswer,
  longEvent,
  manyEvents,
  only,
  patched,
  refused,
  type XLie,
} from "./x-lie.ts";

/** Of servers that are given up in the end. */
export const WAITING_LIES: Record<string, XLie> = {
  "announces a long answer and is silent": { ...longAnswer, ...refused },
  "announces a long answer and sends it byte by byte": {
    ...only("GetGeometry", (honest) => {
      honest.writeUInt32LE(0x10000, 4);
      return endless(honest, Buffer.alloc(1), 50);
    }),
    ...refused,
  },
  "announces a long answer to another question": {
    ...only(
      "QueryExtension",
      patched((bytes) => bytes.writeUInt32LE(0x10000, 4)),
    ),
    ...refused,
  },
  "announces a long event and is silent": { ...only("GetInputFocus", () => longEvent), ...refused },
  "sends events instead of an answer, without an end": {
    ...only("GetInputFocus", () => endless(manyEvents, manyEvents)),
    ...refused,
  },
  "sends an answer of 1 GiB": {
    ...only("GetGeometry", (honest) => {
      honest.writeUInt32LE(0x10000000, 4);
      return endless(honest, manyEvents);
    }),
    ...refused,
  },
  "is silent in the middle of the first pixels": {
    ...only("GetImage", (honest) => honest.subarray(0, 1000)),
    ...refused,
  },
  "never answers the setup": { setup: () => "silence", ...refused },
  "sends half a setup and is silent": { setup: (honest) => honest.subarray(0, 60), ...refused },
  "sends rubbish for a setup": { setup: () => Buffer.alloc(64, 0x77), ...refused },
  "answers nothing behind the setup": { ...only("GetGeometry", () => "silence"), ...refused },
  "does not say which extensions it has": {
    ...only("GetInputFocus", () => "silence"),
    ...refused,
  },
  "sends half an answer and is silent": {
    ...only("GetGeometry", (honest) => honest.subarray(0, 10)),
    ...refused,
  },
  "numbers requests as it does not take them": {
    ...only(
      "QueryExtension",
      patched((bytes) => bytes.writeUInt8(255, 9)),
    ),
    ...refused,
  },
  "is silent instead of pixels": { ...only("GetImage", () => "silence"), ...refused },
};

/** Any ending of a connection on which some bits are wrong; what it may not do is crash, leak, or
 * hold a stop up. */
const ANY_ENDING: readonly Ending[] = [
  ...["clean", "silence", "ERR_DISPLAY_OPEN", "ERR_DISPLAY_LOST", "ERR_DISPLAY_UNSUPPORTED"],
  ...["ERR_REGION_OFF_SCREEN", "ERR_OUT_OF_MEMORY", "ERR_WINDOW_GONE", "ERR_WINDOW_HIDDEN"],
  "ERR_MONITOR_NOT_FOUND",
] as Ending[];

/** Flips a bit in one of `rarity` bytes of every answer, and in every fourth lie of the setup too. */
function flippedLie(seed: number, index: number): XLie {
  const pick = random(seed + index);
  const rarity = [20, 200, 2000][index % 3] ?? 20;
  const flip = patched((bytes) => {
    for (let at = pick(rarity); at < bytes.length; at += 1 + pick(rarity * 2)) {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8));
    }
  });
  const replies = Object.fromEntries(REQUEST_NAMES.map((name) => [name, flip]));
  const target = [{}, { window: 0x400123 }, { monitor: "primary" }][index % 3];
  const captureCursor = (["blend", "none", "stream", "none"] as const)[index % 4];
  const settings = { captureCursor, ...target };
  const extensions = ["DAMAGE", "XFIXES", "XInputExtension", "RANDR", "Composite"] as const;
  const lie = { replies, settings, extensions, endings: ANY_ENDING };
  return { ...lie, ...(index % 4 === 0 ? { setup: flip } : {}) };
}

/** Every run's own; PF_SEED has to be set for one that is to be repeated. */
export function flippedLies(): Record<string, XLie> {
  const seed = seedOfRun();
  const lies = Array.from({ length: 32 }, (_, i) => [`flips bits, ${i}`, flippedLie(seed, i)]);
  return Object.fromEntries(lies);
}
