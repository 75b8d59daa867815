// SPDX-License-Identifier: MPL-2.0
/** `pixelflux-ffi/display`: an X server without a monitor, for programs that need a screen. */
export type { VirtualDisplayOptions } from "./options.ts";
export { type DisplayEnvironment, VirtualDisplay } from "./virtual-display.ts";
