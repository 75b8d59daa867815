// SPDX-License-Identifier: MPL-2.0
/** From a place on a page to one of the picture. Pure. */

/** A rectangle of the page in CSS px. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A size in px of the picture. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A place in px of the picture. */
export interface Place {
  readonly x: number;
  readonly y: number;
  /** It was not beside the picture; where it was, this is the nearest. */
  readonly inside: boolean;
}

/** Where a picture is that is fitted into a box with its sides' ratio kept. */
export function fitted({ left, top, width, height }: Box, size: Size): Box {
  const scale = Math.min(width / size.width, height / size.height);
  const shown = { width: size.width * scale, height: size.height * scale };
  return {
    left: left + (width - shown.width) / 2,
    top: top + (height - shown.height) / 2,
    ...shown,
  };
}

/** The pixel of the picture that is shown at a place of the page. */
export function placeOf(clientX: number, clientY: number, shown: Box, size: Size): Place {
  const x = Math.floor(((clientX - shown.left) / shown.width) * size.width);
  const y = Math.floor(((clientY - shown.top) / shown.height) * size.height);
  const inside = x >= 0 && y >= 0 && x < size.width && y < size.height;
  const clamp = (value: number, max: number) => Math.min(Math.max(value || 0, 0), max);
  return { x: clamp(x, size.width - 1), y: clamp(y, size.height - 1), inside };
}
