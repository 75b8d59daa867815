// SPDX-License-Identifier: MPL-2.0
// Plain SVG: bars and lines with axes, readable on light and dark pages.

/** Colours of equal weight on white and on near black; black text is never put on them. */
const COLOURS = ["#2f7ed8", "#d9822b", "#2a9d6f", "#b0529f", "#7a8a3a", "#c94f4f"];
const GREYS = ["#8a8f98", "#a3a8b0", "#767b84", "#bcc0c6", "#5f646c"];

const STYLE = `<style>
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 13px; }
.small { font-size: 11px; fill: #57606a; }
.rule { stroke: #d0d7de; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .small { fill: #9da7b3; }
  .rule { stroke: #3d444d; }
}
</style>`;

export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function svgDocument(width: number, height: number, label: string, parts: string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(label)}">`;
  return `${open}\n<!-- SPDX-License-Identifier: MPL-2.0 -->\n${STYLE}\n${parts.join("\n")}\n</svg>\n`;
}

interface TextStyle {
  anchor?: "start" | "middle" | "end";
  kind?: "title" | "small";
}

export function svgText(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { anchor = "start", kind } = style;
  const look = kind === undefined ? "" : ` class="${kind}"`;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${look}>${escapeText(text)}</text>`;
}

export function svgRule(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="rule" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

export function svgBar(
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(width, 1))}" height="${round(height)}" rx="1.5" fill="${colour}"/>`;
}

export function svgLine(points: [number, number][], colour: string): string {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
  const dots = points.map(
    ([x, y]) => `<circle cx="${round(x)}" cy="${round(y)}" r="2.5" fill="${colour}"/>`,
  );
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8"/>${dots.join("")}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The n-th colour for what is ours, or the n-th grey for what it is compared with. */
export function colourOf(index: number, kind: "own" | "other" = "own"): string {
  const list = kind === "own" ? COLOURS : GREYS;
  return list[index % list.length] as string;
}
