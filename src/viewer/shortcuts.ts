// SPDX-License-Identifier: MPL-2.0

/** Controls whose keys are their own: a letter chooses among a list's words, or is text. */
const TYPING = "select, textarea, input:not([type='radio'], [type='checkbox']), [contenteditable]";

/**
 * Calls an action for a key pressed alone, unless it is typed into a control or
 * a dialog is open.
 *
 * @param actions - By `KeyboardEvent.key`, lower case.
 */
export function listenForShortcuts(actions: Readonly<Record<string, () => void>>): void {
  document.addEventListener("keydown", (event) => {
    // Shift stays allowed: "?" needs it on most keyboards.
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.defaultPrevented || event.isComposing) return;
    if (event.target instanceof Element && event.target.closest(TYPING) !== null) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const action = actions[event.key.toLowerCase()];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
