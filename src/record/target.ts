// SPDX-License-Identifier: MPL-2.0
/** Where a recording's bytes go: files, streams, pipes and Unix sockets. */
import { closeSync, constants, openSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { fileErrorWords } from "../file-words.ts";
import { PixelfluxError } from "../index.ts";

/** Takes bytes in their order. One call at a time; every call may fail. */
export interface Target {
  /** Writes behind what has been written; resolves when all of it has been taken. */
  append(bytes: Uint8Array): Promise<void>;
  /** Writes over what has been written; only files can. */
  readonly amend: ((position: number, bytes: Uint8Array) => Promise<void>) | undefined;
  /** Ends the target; nothing may be called afterwards. */
  close(): Promise<void>;
}

/**
 * Opens what a path names: a regular file anew, its former contents lost; a
 * named pipe, a device or a Unix socket as it is.
 *
 * @throws {PixelfluxError} `ERR_WRITE`.
 */
export async function openPath(path: string): Promise<Target> {
  try {
    const kind = await kindOf(path);
    if (kind === "socket") return await SocketTarget.connect(path);
    if (kind === "pipe") return new DeviceTarget(await openPipe(path));
    if (kind === "device") return new DeviceTarget(await open(path, "w"));
    return await FileTarget.open(path);
  } catch (error) {
    if (error instanceof PixelfluxError) throw error;
    const words = fileErrorWords(error);
    const text = `record: target: ${path} cannot be opened for writing: ${words}`;
    throw new PixelfluxError("ERR_WRITE", "record", text, { field: "target", cause: error });
  }
}

/** Takes a stream over; it is closed with the target. @throws {PixelfluxError} `ERR_INVALID_SETTING`. */
export function openStream(stream: WritableStream<Uint8Array>): Target {
  if (stream.locked) {
    const text = "record: target is a stream that has a writer already. Release it first.";
    throw new PixelfluxError("ERR_INVALID_SETTING", "record", text, { field: "target" });
  }
  const writer = stream.getWriter();
  return {
    append: (bytes) => writer.write(bytes),
    amend: undefined,
    close: () => writer.close(),
  };
}

/** The error of a target that failed; one that is such an error already stays. */
export function writeError(what: string, cause: unknown): PixelfluxError {
  if (cause instanceof PixelfluxError) return cause;
  const text = `record: ${what}: ${fileErrorWords(cause)}. What was written before can be played.`;
  return new PixelfluxError("ERR_WRITE", "record", text, { cause });
}

type PathKind = "file" | "pipe" | "socket" | "device";

async function kindOf(path: string): Promise<PathKind> {
  try {
    const facts = await stat(path);
    if (facts.isSocket()) return "socket";
    if (facts.isFIFO()) return "pipe";
    return facts.isCharacterDevice() ? "device" : "file";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "file";
    throw error;
  }
}

/**
 * Opens a pipe that has a reader. To open one without waits for a reader, which
 * nothing could end (fifo(7)), so whether there is one is asked first. That
 * descriptor stays open meanwhile, or the reader would see the pipe's end; and
 * one for reading, which has the pipe opened at once if its reader has just gone.
 */
async function openPipe(path: string): Promise<FileHandle> {
  const asked: number[] = [];
  try {
    asked.push(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    asked.push(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    return await open(path, constants.O_WRONLY);
  } catch (error) {
    if (codeOf(error) !== "ENXIO") throw error;
    throw new Error("nobody reads this pipe; start its reader first", { cause: error });
  } finally {
    for (const descriptor of asked) closeSync(descriptor);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** The files that are written to, by device and inode: two recordings would spoil one file. */
const openFiles = new Set<string>();

class FileTarget implements Target {
  readonly #file: FileHandle;
  readonly #key: string;
  #size = 0;

  private constructor(file: FileHandle, key: string) {
    this.#file = file;
    this.#key = key;
  }

  /** Makes the file, or empties it. */
  static async open(path: string): Promise<FileTarget> {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT);
    let taken: string | undefined;
    try {
      const { dev, ino } = await file.stat();
      const key = `${dev}:${ino}`;
      if (openFiles.has(key)) {
        throw new Error("another recording writes to it; give each a file of its own");
      }
      openFiles.add(key);
      taken = key;
      await file.truncate(0);
      return new FileTarget(file, key);
    } catch (error) {
      if (taken !== undefined) openFiles.delete(taken);
      await file.close();
      throw error;
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes, this.#size);
    this.#size += bytes.length;
  }

  readonly amend = (position: number, bytes: Uint8Array): Promise<void> =>
    this.#write(bytes, position);

  async close(): Promise<void> {
    try {
      // Of a fragment that did not fit a part may have been written; a player would stumble over it.
      await this.#file.truncate(this.#size);
    } finally {
      await this.#file.close().finally(() => openFiles.delete(this.#key));
    }
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const length = bytes.length - done;
      done += (await this.#file.write(bytes, done, length, position + done)).bytesWritten;
    }
  }
}

/** A pipe or a device: it has no positions. */
class DeviceTarget implements Target {
  readonly amend = undefined;
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#file.write(bytes, done, bytes.length - done, null)).bytesWritten;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

class SocketTarget implements Target {
  readonly amend = undefined;
  readonly #socket: Socket;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#failure = error;
    });
  }

  static async connect(path: string): Promise<SocketTarget> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    return new SocketTarget(socket);
  }

  append(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) reject(this.#failure ?? new Error("the other side has closed"));
      const onClose = () => reject(this.#failure ?? new Error("the other side has closed"));
      this.#socket.once("close", onClose);
      this.#socket.write(bytes, (error) => {
        this.#socket.off("close", onClose);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.end(() => resolve());
    });
  }
}
