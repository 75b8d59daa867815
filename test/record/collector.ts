// SPDX-License-Identifier: MPL-2.0

/** Keeps what a recording writes to a stream. */
export class Collector {
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  closed = false;

  take(bytes: Uint8Array): void {
    this.chunks.push(bytes.slice());
    this.bytes += bytes.length;
  }

  get stream(): WritableStream<Uint8Array> {
    return new WritableStream({
      write: (bytes) => this.take(bytes),
      close: () => {
        this.closed = true;
      },
    });
  }

  async save(path: string): Promise<void> {
    await Bun.write(path, Buffer.concat(this.chunks));
  }
}
