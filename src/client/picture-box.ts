// SPDX-License-Identifier: MPL-2.0

/** Where a picture is shown within an element, in CSS px from the corner of its padding. */
export interface PictureBox {
  readonly left: number;
  readonly top: number;
  /** CSS px a px of the picture. */
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Sides in whatever unit. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Where CSS places a picture in its element's content box (CSS Images 3, 5.5), for an
 * `object-position` of percentages, which 50% 50% is when nothing is said.
 *
 * @param fit - the computed `object-fit`.
 * @param position - the computed `object-position`; lengths in it count as 0.
 */
export function pictureBox(picture: Size, box: Size, fit: string, position: string): PictureBox {
  const [scaleX, scaleY] = scalesOf(picture, box, fit);
  const [x = 0, y = 0] = position.split(" ").map(fractionOf);
  return {
    left: (box.width - picture.width * scaleX) * x,
    top: (box.height - picture.height * scaleY) * y,
    ...{ scaleX, scaleY },
  };
}

function scalesOf(picture: Size, box: Size, fit: string): [number, number] {
  const byWidth = box.width / picture.width;
  const byHeight = box.height / picture.height;
  switch (fit) {
    case "contain":
      return same(Math.min(byWidth, byHeight));
    case "cover":
      return same(Math.max(byWidth, byHeight));
    case "none":
      return same(1);
    case "scale-down":
      return same(Math.min(1, byWidth, byHeight));
    default: // "fill"
      return [byWidth, byHeight];
  }
}

function same(scale: number): [number, number] {
  return [scale, scale];
}

function fractionOf(word: string): number {
  return word.endsWith("%") ? Number.parseFloat(word) / 100 : 0;
}
