// SPDX-License-Identifier: MPL-2.0
/** pixelflux-ffi/input: pointing and typing on an X display, by its XTEST extension. */
export { Input } from "./input.ts";
export type {
  CaptureRegion,
  ClickOptions,
  DragOptions,
  HoldOptions,
  HoldTarget,
  InputOptions,
  MouseButton,
  Point,
  TypeOptions,
} from "./options.ts";
