// SPDX-License-Identifier: MPL-2.0
// For files that are only compiled, never run. A line that has to be refused has the directive
// "@ts-expect-error" above it, which is an error itself where nothing is refused.

/** Whether two types are the same; `any` is the same as itself alone. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles with `true` where the types are the same, with `false` where they are not. */
export declare function same<A, B>(verdict: Equal<A, B>): void;
