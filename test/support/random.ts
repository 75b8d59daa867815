// SPDX-License-Identifier: MPL-2.0

/** The seed of this run: PF_SEED where it is set, else a new one. Print it. */
export function seedOfRun(): number {
  const { PF_SEED } = process.env;
  return PF_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(PF_SEED);
}

/** Numbers from 0 up: at least `count`, and more for PF_FUZZ_SECONDS where that is set. */
export function* rounds(count: number): Generator<number> {
  const { PF_FUZZ_SECONDS = "0" } = process.env;
  const endMs = performance.now() + Number(PF_FUZZ_SECONDS) * 1000;
  for (let round = 0; round < count || performance.now() < endMs; round++) yield round;
}

/** Deterministic whole numbers 0...limit-1 (mulberry32). */
export function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
