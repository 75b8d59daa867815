// SPDX-License-Identifier: MPL-2.0

/** The page's element of this id; throws where the page has none of that kind. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no such element: ${id}`);
  return found;
}
