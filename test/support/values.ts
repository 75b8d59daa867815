// SPDX-License-Identifier: MPL-2.0
// Any JavaScript value, for property tests.

/** Whole numbers 0...limit-1. */
export type Pick = (limit: number) => number;

function meant(): never {
  throw new Error("code of a value was run");
}

/** A proxy whose every use throws. */
function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Objects that run code when they are turned into something else. */
const TRAPS: readonly unknown[] = [
  { valueOf: meant, toString: meant, toJSON: meant, [Symbol.toPrimitive]: meant },
  Object.assign(() => meant(), { toString: meant }),
  new Proxy({}, { get: meant, has: meant, ownKeys: meant }),
  new Proxy([], { get: meant, has: meant, ownKeys: meant }),
  revoked({}),
  revoked([]),
];

const ODD: readonly unknown[] = [
  ...[null, true, false, 0n, -5n, 2n ** 64n, Symbol("s"), Symbol.iterator],
  ...[NaN, Infinity, -Infinity, -0, 0.5, 1e300, -1e300, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53],
  ...[{}, [], [1], ["jpeg"], { length: 1 }, Object.create(null), new Date(0), /x/, new Map()],
  ...[10n ** 100_000n, Object.create(Uint8Array.prototype)],
  ...[new Number(5), new String("jpeg"), new Boolean(true), () => 1, class {}, new Error("e")],
  ...[new Uint8Array(4), new ArrayBuffer(4), new DataView(new ArrayBuffer(4)), new WeakMap()],
  ...[Promise.resolve(), globalThis, Math, Function.prototype, Uint8Array, "__proto__"],
  ...TRAPS,
];

const PIECES = ["jpeg", "h264", "auto", ":0", "synthetic://", "\0", "\ud800", "\udc00", "ü", "😀"];

function text(pick: Pick): string {
  const piece = () =>
    pick(2) === 0 ? (PIECES[pick(PIECES.length)] ?? "") : String.fromCharCode(pick(0x10000));
  const once = Array.from({ length: pick(6) }, piece).join("");
  return pick(8) === 0 ? once.repeat(pick(3000)) : once;
}

function number(pick: Pick): number {
  const whole = [pick(4), pick(300), pick(70_000), pick(2 ** 32)][pick(4)] ?? 0;
  return [whole, -whole, whole + 0.5, whole * 2 ** pick(40)][pick(4)] ?? whole;
}

/** Any value: odd ones, texts and numbers, about a third each. */
export function anyValue(pick: Pick): unknown {
  switch (pick(3)) {
    case 0:
      return ODD[pick(ODD.length)];
    case 1:
      return text(pick);
    default:
      return number(pick);
  }
}

/** A value that JSON can hold, up to some levels deep. */
export function anyJson(pick: Pick, depth = 3): unknown {
  switch (pick(depth > 0 ? 6 : 4)) {
    case 0:
      return number(pick);
    case 1:
      return text(pick);
    case 2:
      return pick(2) === 0;
    case 3:
      return null;
    case 4:
      return Array.from({ length: pick(4) }, () => anyJson(pick, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: pick(4) }, () => [text(pick), anyJson(pick, depth - 1)]),
      );
  }
}
