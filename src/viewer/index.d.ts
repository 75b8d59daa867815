// SPDX-License-Identifier: MPL-2.0
import type { HTMLBundle } from "bun";

/**
 * The viewer page, as a route of `Bun.serve`: `routes: { "/": viewer }`.
 *
 * Shows the stream at the address `stream` beside the page, by `wss:` where the
 * page came by https, and passes its own `?token=` on. So a page at `/desk/`
 * needs the stream at `/desk/stream`. Behind a proxy that takes a path off, such
 * as `/desk/`, the page finds its script and style under that path.
 */
declare const viewer: HTMLBundle;
export default viewer;
