// SPDX-License-Identifier: MPL-2.0
/** The options of a fan-out and their validation. */
import { PixelfluxError } from "../index.ts";
import { Input } from "../input/index.ts";
import {
  checkFlag,
  checkFunction,
  checkInteger,
  checkOptionNames,
  invalidOption,
  leaveOut,
} from "../options.ts";
import type { AdmissionOptions } from "./admission.ts";
import type { Codec, FeedStripe } from "./feed.ts";

/** Options of `fanout`. All are optional; `undefined` means the default. */
export interface FanoutOptions extends AdmissionOptions {
  /** Viewers at once, 1…10000. Default: 100. */
  readonly viewersMax?: number | undefined;
  /** How long the capture goes on without a viewer, in ms, 0…86400000. Default: 5000. */
  readonly idleMs?: number | undefined;
  /**
   * Bytes that may wait for one viewer before frames are held back from it,
   * 65536…1073741824; one frame more may be on its way. Default: the larger of
   * 4 MiB and two seconds of the stream's present rate.
   */
  readonly budgetBytes?: number | undefined;
  /** A viewer that has read nothing of what waits for it is closed after so long, in ms, 100…86400000. Default: 10000. */
  readonly stallMs?: number | undefined;
  /**
   * How late a viewer that acknowledges frames may be before frames are held back
   * from it, in ms, 50…60000. Default: 1000.
   */
  readonly lagMs?: number | undefined;
  /**
   * Whether the capture's frame rate and quality step down while all viewers are
   * behind, and up again afterwards. Default: true.
   */
  readonly adapt?: boolean | undefined;
  /** Whether any viewer may change the quality, for all of them. Default: false. */
  readonly viewerQuality?: boolean | undefined;
  /**
   * Where given, viewers point and type by it: all that are let in, which need the
   * `token` then; or those for whose request the function gives one. Open it with the
   * capture as its `region`. It stays yours to close. Default: none; what viewers send
   * is ignored.
   */
  readonly input?: Input | ((request: Request) => Input | undefined) | undefined;
  /** The codecs that viewers may choose from; the first is for those that do not. Default: the source's. */
  readonly codecs?: readonly Codec[] | undefined;
  /**
   * Sees every stripe ahead of the viewers. Its bytes are not to be kept: they
   * are released afterwards. What it throws goes to `onError`. Default: none.
   */
  readonly onStripe?: ((stripe: FeedStripe) => void) | undefined;
  /**
   * Told when the source could not be started, or failed, which viewers are told
   * too; and what `onStripe` throws. Default: `console.error`.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly token: string | undefined;
  readonly origins: readonly string[];
  readonly viewersMax: number;
  readonly idleMs: number;
  readonly budgetBytes: number | undefined;
  readonly stallMs: number;
  readonly lagMs: number;
  readonly adapt: boolean;
  readonly viewerQuality: boolean;
  readonly input: (request: Request) => Input | undefined;
  readonly codecs: readonly [Codec, ...Codec[]];
  readonly onStripe: ((stripe: FeedStripe) => void) | undefined;
  readonly onError: (error: unknown) => void;
}

const DAY_MS = 86_400_000;
const TOKEN_LENGTH_MIN = 16;
/** The operation that errors name. */
const FANOUT = "fanout";
const NAMES = [
  ...["token", "origins", "viewersMax", "idleMs", "budgetBytes", "stallMs", "lagMs"],
  ...["adapt", "viewerQuality", "input", "codecs", "onStripe", "onError"],
];

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolveOptions(
  options: FanoutOptions,
  available: readonly [Codec, ...Codec[]],
): ResolvedOptions {
  checkOptionNames(FANOUT, options, NAMES);
  const integer = (field: string, value: unknown, min: number, max: number) =>
    checkInteger(FANOUT, field, value, [min, max], leaveOut());
  const { budgetBytes, onStripe, onError = console.error } = options;
  checkFunction(FANOUT, "onError", onError);
  if (onStripe !== undefined) checkFunction(FANOUT, "onStripe", onStripe);
  return {
    token: tokenOf(options.token),
    origins: originsOf(options.origins ?? []),
    viewersMax: integer("viewersMax", options.viewersMax ?? 100, 1, 10_000),
    idleMs: integer("idleMs", options.idleMs ?? 5000, 0, DAY_MS),
    budgetBytes:
      budgetBytes === undefined ? undefined : integer("budgetBytes", budgetBytes, 1 << 16, 1 << 30),
    stallMs: integer("stallMs", options.stallMs ?? 10_000, 100, DAY_MS),
    lagMs: integer("lagMs", options.lagMs ?? 1000, 50, 60_000),
    adapt: checkFlag(FANOUT, "adapt", options.adapt ?? true),
    viewerQuality: checkFlag(FANOUT, "viewerQuality", options.viewerQuality ?? false),
    input: inputOf(options),
    codecs: codecsOf(options.codecs ?? available, available),
    ...{ onStripe, onError },
  };
}

function tokenOf(token: unknown): string | undefined {
  if (token === undefined) return undefined;
  if (typeof token === "string" && token.length >= TOKEN_LENGTH_MIN) return token;
  const expected = `a string of at least ${TOKEN_LENGTH_MIN} characters (crypto.randomUUID() makes one)`;
  throw invalidOption(
    FANOUT,
    "token",
    expected,
    typeof token === "string" ? `${token.length} characters` : token,
    leaveOut(),
  );
}

/** Who may watch without a token is everybody who reaches the port: they are not to type. */
function inputOf({ input, token }: FanoutOptions): (request: Request) => Input | undefined {
  if (input === undefined) return () => undefined;
  if (typeof input === "function") return input;
  if (!(input instanceof Input)) {
    throw invalidOption(
      FANOUT,
      "input",
      "an Input of pixelflux-ffi/input, or a function that gives one",
      input,
      leaveOut(),
    );
  }
  if (token !== undefined) return () => input;
  const text =
    "fanout: input needs a token, since every viewer may point and type: set the option token, or make input a function that decides by the request.";
  throw new PixelfluxError("ERR_INVALID_SETTING", FANOUT, text, { field: "input" });
}

function originsOf(origins: unknown): readonly string[] {
  const expected = 'a list of origins such as "https://desk.example.com"';
  if (!Array.isArray(origins))
    throw invalidOption(FANOUT, "origins", expected, origins, leaveOut());
  for (const origin of origins) {
    const same =
      typeof origin === "string" && URL.canParse(origin) && new URL(origin).origin === origin;
    if (!same) throw invalidOption(FANOUT, "origins", expected, origin, leaveOut());
  }
  return [...origins];
}

function codecsOf(
  codecs: unknown,
  available: readonly [Codec, ...Codec[]],
): readonly [Codec, ...Codec[]] {
  const expected = `a list of one or more of: ${available.join(", ")}`;
  if (!Array.isArray(codecs)) throw invalidOption(FANOUT, "codecs", expected, codecs, leaveOut());
  const [first, ...rest] = codecs;
  for (const codec of [first, ...rest]) {
    if (!available.includes(codec))
      throw invalidOption(FANOUT, "codecs", expected, codec, leaveOut());
  }
  return [first, ...rest];
}
