// SPDX-License-Identifier: MPL-2.0
/** Where results go, and where everything else does. */

/** Nobody reads the results any more: the program ends, and has nothing to say about it. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/**
 * Writes a result to the standard output.
 *
 * @returns resolves when it is written.
 * @throws {OutputClosed} by rejection where the reader has gone.
 */
export function writeResult(result: string | Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.stdout.write(result, (error) => {
    if (!error) resolve();
    else reject("code" in error && error.code === "EPIPE" ? new OutputClosed() : error);
  });
  return promise;
}

/** Writes a result as one line of JSON. */
export function writeJson(result: unknown): Promise<void> {
  return writeResult(`${JSON.stringify(result)}\n`);
}

/** Writes a line for the person at the terminal: to the standard error. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A stream's errors come as events too, which would end the process with a stack. */
export function takeStreamErrors(): void {
  // The callback of each write has the error of this stream.
  process.stdout.on("error", () => undefined);
  // There is nobody left to tell.
  process.stderr.on("error", () => undefined);
}

/** Rows in columns: words to the left, and to the right the columns that are numbers in the last row. */
export function columns(rows: readonly (readonly string[])[]): string {
  const last = rows.at(-1) ?? [];
  const widths = last.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const cell = (text: string, index: number) => {
    const width = widths[index] ?? 0;
    return Number.isNaN(Number(last[index])) ? text.padEnd(width) : text.padStart(width);
  };
  return rows.map((row) => `${row.map(cell).join("  ").trimEnd()}\n`).join("");
}
