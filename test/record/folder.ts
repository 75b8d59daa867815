// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for a test's recordings, which goes with it. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "pf-record-"));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
