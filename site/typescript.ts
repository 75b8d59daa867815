// SPDX-License-Identifier: MPL-2.0
/**
 * Gives typedoc the compiler that it is written for. The project is checked by
 * TypeScript 7, which has no such interface for programs, and which is what the name
 * `typescript` leads to. To be imported before typedoc is.
 */
import typescript from "@typescript/typescript6";

Bun.plugin({
  name: "typescript for typedoc",
  setup(build) {
    build.module("typescript", () => ({
      exports: { ...typescript, default: typescript },
      loader: "object",
    }));
  },
});
