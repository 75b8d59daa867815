// SPDX-License-Identifier: MPL-2.0
/** An X server without a monitor, from its start to its end. */
import { PixelfluxError } from "../errors.ts";
import { checkInteger } from "../options.ts";
import { authorizationFor } from "../x11/authority.ts";
import { registerAuthority, unregisterAuthority } from "../x11/authority-registry.ts";
import { ServerError, XConnection } from "../x11/connection.ts";
import { centrePointer, ScreenSizeError, setScreenSize } from "../x11/screen-size.ts";
import {
  type ResolvedDisplayOptions,
  resolveDisplayOptions,
  START,
  type VirtualDisplayOptions,
} from "./options.ts";
import { XvfbProcess } from "./xvfb.ts";

/** How long the server may take to change its size. */
const RESIZE_MS_MAX = 10_000;
/** How long the end of a server may take to be told of, once its connections break. */
const END_MS_MAX = 1000;
const RESIZE = "VirtualDisplay.resize";

/** Variables that a program needs to show itself on a display. */
export interface DisplayEnvironment {
  /** The display's name, as in `":99"`. */
  readonly DISPLAY: string;
  /** Path of the file with its cookie. */
  readonly XAUTHORITY: string;
}

/**
 * An X server of this process's own: Xvfb on a display number that was free, which
 * lets in only whom the cookie of its authority file is given, over no network.
 * {@link environment} is for programs; a `ScreenCapture` of this thread needs only
 * {@link name}.
 *
 * It ends by {@link stop}, with an `await using` block, and with the thread or the
 * process that started it, however that ends, SIGKILL included. It does not keep
 * the process alive, and need not be kept: its name is enough to go on with.
 */
export class VirtualDisplay implements AsyncDisposable {
  /** Such as `":101"`. */
  readonly name: string;
  /** `DISPLAY` and `XAUTHORITY`, for `Bun.spawn({ env: { ...process.env, ...environment } })`. */
  readonly environment: DisplayEnvironment;
  /** The largest width that {@link resize} takes, in px. */
  readonly maxWidth: number;
  /** The largest height that {@link resize} takes, in px. */
  readonly maxHeight: number;
  /**
   * Resolves when the server has ended by {@link stop}; rejects with
   * `ERR_DISPLAY_LOST` where it has ended by itself. Need not be awaited.
   */
  readonly finished: Promise<void>;

  readonly #number: number;
  readonly #server: XvfbProcess;
  readonly #dpi: number;
  #width: number;
  #height: number;
  /** What the last resize has made on the server. */
  #mode: number | undefined;
  #resized: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #hasEnded = false;

  private constructor(server: XvfbProcess, number: number, options: ResolvedDisplayOptions) {
    this.#server = server;
    this.#number = number;
    this.name = `:${number}`;
    this.environment = Object.freeze({ DISPLAY: this.name, XAUTHORITY: server.authorityPath });
    this.maxWidth = options.maxWidth;
    this.maxHeight = options.maxHeight;
    this.#width = options.width;
    this.#height = options.height;
    this.#dpi = options.dpi;
    registerAuthority(number, server.authorityPath);
    this.finished = server.ended.then(() => this.#end());
    this.finished.catch(() => undefined);
  }

  /**
   * Starts a server; any number may be started at the same time.
   *
   * @returns The display, when programs can connect to it.
   * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING` or
   *   `ERR_UNKNOWN_SETTING` with `field`; `ERR_PROGRAM_MISSING` where there is no
   *   Xvfb; `ERR_DISPLAY_START`, with the server's last words, where it does not
   *   start, or not within `timeoutMs`. What `signal` was aborted with, where it was.
   */
  static async start(options: VirtualDisplayOptions = {}): Promise<VirtualDisplay> {
    const resolved = resolveDisplayOptions(options);
    const { signal, timeoutMs } = resolved;
    signal?.throwIfAborted();
    const server = new XvfbProcess(resolved);
    // Whatever is being waited for ends with the server.
    const onAbort = () => server.kill();
    signal?.addEventListener("abort", onAbort);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      server.kill();
    }, timeoutMs);
    try {
      return await VirtualDisplay.#of(server, resolved);
    } catch (cause) {
      await server.end();
      signal?.throwIfAborted();
      throw startError(
        server,
        isLate ? `is not ready within ${timeoutMs} ms` : "does not start",
        cause,
      );
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  static async #of(server: XvfbProcess, options: ResolvedDisplayOptions): Promise<VirtualDisplay> {
    const number = await server.displayNumber();
    if (number === undefined) throw new ServerError("it has ended");
    const display = new VirtualDisplay(server, number, options);
    await display.#connected(options.timeoutMs, async (connection) => {
      await display.#setSize(connection, options.width, options.height);
      await centrePointer(connection, options);
    });
    return display;
  }

  /** Width of the screen in px, as it was started or resized. */
  get width(): number {
    return this.#width;
  }

  /** Height of the screen in px, as it was started or resized. */
  get height(): number {
    return this.#height;
  }

  /** The server's process. */
  get pid(): number {
    return this.#server.pid;
  }

  /**
   * Gives the screen another size. Programs are told by RandR; a capture without a
   * size of its own follows. Calls are done one after the other.
   *
   * @param width - in px, 1…{@link maxWidth}.
   * @param height - in px, 1…{@link maxHeight}.
   * @returns resolves when the screen has the size.
   * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING` with `field`,
   *   `ERR_NOT_RUNNING` after {@link stop}, `ERR_DISPLAY_LOST` where the server has
   *   ended, `ERR_DISPLAY_UNSUPPORTED` where it refuses.
   */
  async resize(width: number, height: number): Promise<void> {
    const remedy = (field: string) => `Start the display with a larger ${field} for that.`;
    checkInteger(RESIZE, "width", width, [1, this.maxWidth], remedy("maxWidth"));
    checkInteger(RESIZE, "height", height, [1, this.maxHeight], remedy("maxHeight"));
    const resized = this.#resized.then(() => this.#resize(width, height));
    this.#resized = resized.catch(() => undefined);
    await resized;
  }

  /**
   * Ends the server, and with it the connections of all that show themselves there.
   * May be called any number of times.
   *
   * @returns resolves when it has gone and its files are removed. Never rejects.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#server.end();
    return this.#stopped;
  }

  /** Stops it, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #resize(width: number, height: number): Promise<void> {
    if (this.#stopped) throw this.#notRunning();
    try {
      await this.#connected(RESIZE_MS_MAX, (connection) =>
        this.#setSize(connection, width, height),
      );
    } catch (cause) {
      // A connection that breaks may be told of before the end of its server is.
      const isRefusal = cause instanceof ScreenSizeError;
      if (!isRefusal) await Promise.race([this.#server.ended, Bun.sleep(END_MS_MAX)]);
      if (this.#stopped) throw this.#notRunning();
      if (this.#hasEnded) throw this.#lost(RESIZE);
      const words = cause instanceof Error ? cause.message : String(cause);
      const text = `${RESIZE}: the display ${this.name} stays as it is: ${words}`;
      throw new PixelfluxError("ERR_DISPLAY_UNSUPPORTED", RESIZE, text, { cause });
    }
  }

  async #setSize(connection: XConnection, width: number, height: number): Promise<void> {
    this.#mode = await setScreenSize(connection, { width, height, dpi: this.#dpi }, this.#mode);
    this.#width = width;
    this.#height = height;
  }

  async #connected(
    timeoutMs: number,
    use: (connection: XConnection) => Promise<void>,
  ): Promise<void> {
    const name = { host: "", number: this.#number, screen: 0 };
    using connection = await XConnection.open(name, authorizationFor(name), timeoutMs);
    await use(connection);
  }

  /** The server has gone. */
  #end(): void {
    this.#hasEnded = true;
    unregisterAuthority(this.#number, this.#server.authorityPath);
    if (!this.#stopped) throw this.#lost("VirtualDisplay");
  }

  #notRunning(): PixelfluxError {
    const text = `${RESIZE}: the display ${this.name} has been stopped. Start another one.`;
    return new PixelfluxError("ERR_NOT_RUNNING", RESIZE, text);
  }

  #lost(operation: string): PixelfluxError {
    const words = this.#server.lastWords();
    const said = words === "" ? "" : ` Its last words:\n${words}`;
    const text = `${operation}: the X server of ${this.name} has ended. Start another one.${said}`;
    return new PixelfluxError("ERR_DISPLAY_LOST", operation, text);
  }
}

function startError(server: XvfbProcess, what: string, cause: unknown): PixelfluxError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const words = server.lastWords();
  const said = words === "" ? "It has said nothing." : `Its last words:\n${words}`;
  const text = `${START}: Xvfb ${what}: ${why}. ${said}`;
  return new PixelfluxError("ERR_DISPLAY_START", START, text, { cause });
}
