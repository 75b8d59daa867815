// SPDX-License-Identifier: MPL-2.0
/** What a package says of the software of others that its library contains. */
import type { Component } from "./archives.ts";

const INTRODUCTION = `libpixelflux.so contains pixelflux-ffi itself, under the Mozilla Public License 2.0
(LICENSE), and the software below, linked into it. Because it contains x264, the
library as a whole may be passed on only under the GNU General Public License,
version 2 or later (COPYING). x264 is to be had under another licence from its
makers, and pixelflux-ffi can be built without it; docs/packaging.md says how.

The corresponding source is that of pixelflux-ffi at the version of this package,
and Debian's source packages of the names and versions below, which
"apt-get source NAME=VERSION" and Debian's archive of snapshots serve; x264 is
compiled by prebuild/x264.zig, the others come as Debian compiled them.

This software is based in part on the work of the Independent JPEG Group.
`;

/** The text of the file NOTICE. */
export function noticeText(components: readonly Component[]): string {
  const list = components.map(({ source, version }) => `    ${source} ${version}`).join("\n");
  const texts = components.map(({ source, copyright }) => {
    return `${"=".repeat(78)}\n${source}\n${"=".repeat(78)}\n\n${copyright.trim()}\n`;
  });
  return `${INTRODUCTION}\n${list}\n\n${texts.join("\n")}`;
}
