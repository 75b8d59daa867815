// SPDX-License-Identifier: MPL-2.0
import { cpus } from "node:os";

interface Times {
  readonly busyMs: number;
  readonly allMs: number;
}

function times(): Times[] {
  return cpus().map(({ times: { user, nice, sys, idle, irq } }) => {
    const busyMs = user + nice + sys + irq;
    return { busyMs, allMs: busyMs + idle };
  });
}

/** How busy each processor of this machine was between two looks. */
export class LoadMeter {
  #before = times();

  /** From 0 to 1, since the last call or the beginning. */
  read(): number[] {
    const before = this.#before;
    this.#before = times();
    return this.#before.map(({ busyMs, allMs }, index) => {
      const { busyMs: busyBefore, allMs: allBefore } = before[index] ?? { busyMs: 0, allMs: 0 };
      return allMs > allBefore ? (busyMs - busyBefore) / (allMs - allBefore) : 0;
    });
  }
}
