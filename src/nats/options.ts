// SPDX-License-Identifier: MPL-2.0
/** The options of both halves, and their validation. */
import type { NatsConnection } from "@nats-io/transport-node";
import type { PixelfluxError } from "../errors.ts";
import { checkInteger, copyOptions, invalidOption, leaveOut } from "../options.ts";
import type { Codec, StripeSource } from "../server/feed.ts";

/** Options of `publishStripes`. `undefined` means the default. */
export interface PublishStripesOptions {
  /**
   * What the subjects of this stream begin with, as in `"screens.lobby"`: 1…200
   * characters of printable ASCII in one or more parts with dots between them,
   * without `*` and `>`, and not beginning with `$`. One publisher at a time.
   */
  readonly subject: string;
  /** How long a codec's feed goes on after its last gateway, in ms, 0…86400000. Default: 5000. */
  readonly idleMs?: number | undefined;
  /**
   * Bytes that may be on their way to the server, 65536…1073741824: beyond that
   * stripes are dropped, and gateways ask for keyframes when they see it. One
   * complete frame has to fit. Default: 16 MiB.
   */
  readonly bufferBytesMax?: number | undefined;
  /** Told when a feed cannot be started or fails, and when the connection has ended. Default: `console.error`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options of `natsSource`. */
export interface NatsSourceOptions {
  /** As of the publisher; see {@link PublishStripesOptions}. */
  readonly subject: string;
  /** What may be asked of the publisher, the codec for viewers that do not choose first. Default: `["h264", "jpeg"]`. */
  readonly codecs?: readonly Codec[] | undefined;
}

/** {@link PublishStripesOptions} with every default filled in. */
export interface ResolvedPublishOptions {
  readonly subject: string;
  readonly idleMs: number;
  readonly bufferBytesMax: number;
  readonly onError: (error: unknown) => void;
}

/** {@link NatsSourceOptions} with every default filled in. */
export interface ResolvedSourceOptions {
  readonly subject: string;
  readonly codecs: readonly [Codec, ...Codec[]];
}

const DAY_MS = 86_400_000;
const IDLE_MS = 5000;
const BUFFER_BYTES_MAX = 16 << 20;
const SUBJECT_LENGTH_MAX = 200;
/** Printable ASCII but for the dot between tokens and the wildcards. */
const SUBJECT = /^(?!\$)[!-)+,\-/-=?-~]+(?:\.[!-)+,\-/-=?-~]+)*$/;
const CODECS: readonly unknown[] = ["jpeg", "h264"];
const CONNECTION_CALLS = [
  ...(["publish", "subscribe", "request", "flush"] as const),
  ...(["status", "closed", "isClosed"] as const),
];

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolvePublishOptions(options: PublishStripesOptions): ResolvedPublishOptions {
  const check = new OptionCheck("publishStripes");
  const names = ["subject", "idleMs", "bufferBytesMax", "onError"] as const;
  const given = check.entries<PublishStripesOptions>(options, names);
  const { idleMs = IDLE_MS, bufferBytesMax = BUFFER_BYTES_MAX, onError = console.error } = given;
  if (typeof onError !== "function") throw check.refused("onError", "a function", onError);
  return {
    subject: check.subject(given.subject),
    idleMs: check.integer("idleMs", idleMs, 0, DAY_MS),
    bufferBytesMax: check.integer("bufferBytesMax", bufferBytesMax, 1 << 16, 1 << 30),
    onError,
  };
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolveSourceOptions(options: NatsSourceOptions): ResolvedSourceOptions {
  const check = new OptionCheck("natsSource");
  const given = check.entries<NatsSourceOptions>(options, ["subject", "codecs"]);
  const { subject, codecs = ["h264", "jpeg"] } = given;
  return { subject: check.subject(subject), codecs: check.codecs(codecs) };
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` where it cannot be a connection of the NATS client. */
export function checkConnection(connection: NatsConnection, operation: string): void {
  const isOne = CONNECTION_CALLS.every(
    (call) => typeof (connection as Partial<NatsConnection> | undefined)?.[call] === "function",
  );
  if (isOne) return;
  const expected = "a connection of @nats-io/transport-node";
  const remedy = "Give what its connect() resolves with.";
  throw new OptionCheck(operation).refused("connection", expected, connection, remedy);
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` where it cannot be a source of stripes. */
export function checkSource(source: StripeSource, operation: string): void {
  const { codecs, open } = (source ?? {}) as Partial<StripeSource>;
  if (Array.isArray(codecs) && codecs.length > 0 && typeof open === "function") return;
  const remedy = "Make one of a ScreenCapture by captureSource() of pixelflux-ffi/server.";
  throw new OptionCheck(operation).refused("source", "a StripeSource", source, remedy);
}

/** Checks values on behalf of one public function, which its errors name. */
class OptionCheck {
  readonly #operation: string;

  constructor(operation: string) {
    this.#operation = operation;
  }

  /** The caller's own entries, read once each, under names that exist. */
  entries<Options extends object>(
    options: Options,
    names: readonly (string & keyof Options)[],
  ): Partial<Options> {
    return copyOptions(this.#operation, options, names);
  }

  subject(value: unknown): string {
    const isSubject =
      typeof value === "string" && value.length <= SUBJECT_LENGTH_MAX && SUBJECT.test(value);
    if (isSubject) return value;
    const expected = `1 to ${SUBJECT_LENGTH_MAX} printable ASCII characters in parts with single dots between, without * and >, and not beginning with $`;
    throw this.refused("subject", expected, value, 'Give one such as "screens.lobby".');
  }

  codecs(value: unknown): readonly [Codec, ...Codec[]] {
    const codecs = this.#list(value);
    const isRight =
      codecs.length > 0 &&
      codecs.every((codec) => CODECS.includes(codec)) &&
      new Set(codecs).size === codecs.length;
    if (isRight) return codecs as unknown as [Codec, ...Codec[]];
    throw this.refused("codecs", 'a list of "h264", "jpeg" or both', value);
  }

  integer(field: string, value: unknown, min: number, max: number): number {
    return checkInteger(this.#operation, field, value, [min, max], leaveOut());
  }

  refused(field: string, expected: string, value: unknown, remedy = leaveOut()): PixelfluxError {
    return invalidOption(this.#operation, field, expected, value, remedy);
  }

  /** What is no list, or fails to be read as one, is an empty one. */
  #list(value: unknown): unknown[] {
    try {
      return Array.isArray(value) ? [...value] : [];
    } catch {
      return []; // which is refused as such
    }
  }
}
