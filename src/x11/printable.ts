// SPDX-License-Identifier: MPL-2.0
/** A text of somebody else's without anything that a terminal would act on. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, " ").trim();
}
