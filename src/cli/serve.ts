// SPDX-License-Identifier: MPL-2.0
/** `serve`: the viewer page, and the stream that it shows. */
import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { type CaptureSettings, ScreenCapture } from "../index.ts";
import { Input } from "../input/index.ts";
import { type Fanout, fanout } from "../server/index.ts";
import viewer from "../viewer/index.html";
import { defineCommand } from "./command.ts";
import { Ending } from "./ending.ts";
import {
  choiceOption,
  flagOption,
  integerOption,
  listOption,
  secondsOption,
  shown,
  textOption,
  UsageError,
  type ValuesOf,
} from "./option.ts";
import { OutputClosed, tell, writeJson, writeResult } from "./output.ts";
import { ServeMeter, statusLine } from "./serve-meter.ts";

const PORT_MAX = 65535;
const DEFAULT_PORT = 9001;
const LOOPBACK = "127.0.0.1";
const STATUS_INTERVAL_MS = 1000;
/** The fan-out itself knows the ranges of its options. */
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

const OPTIONS = {
  port: integerOption(`port to listen on, 0 for a free one; default ${DEFAULT_PORT}`, 0, PORT_MAX),
  hostname: textOption(
    "NAME",
    `address to listen on, 0.0.0.0 for all of this machine's; default ${LOOPBACK}`,
  ),
  token: textOption(
    "TEXT",
    "what viewers have to bring, 16 characters at least; default $PIXELFLUX_TOKEN, else a new one",
  ),
  "no-token": flagOption("let everybody on this machine watch; for a loopback address only"),
  origins: listOption(
    "URLS",
    "pages that may watch, as in https://desk.example.com, besides the server's own at an IP address; separated by commas",
  ),
  "viewers-max": integerOption("viewers at once, 1 to 10000; default 100", 0, COUNT_MAX),
  "viewer-quality": flagOption("let viewers change the quality, for all of them"),
  input: flagOption("let viewers point and type on the screen; goes with a token only"),
  "no-adapt": flagOption("do not step down when all viewers are behind"),
  "idle-ms": integerOption(
    "how long the capture goes on without a viewer; default 5000",
    0,
    COUNT_MAX,
  ),
  "budget-bytes": integerOption(
    "bytes that may wait for a viewer before frames are held back; default the larger of 4 MiB and 2 s of the stream",
    0,
    COUNT_MAX,
  ),
  "stall-ms": integerOption(
    "when a viewer that reads nothing is closed; default 10000",
    0,
    COUNT_MAX,
  ),
  "lag-ms": integerOption(
    "how late a viewer may be before frames are held back; default 1000",
    0,
    COUNT_MAX,
  ),
  mode: choiceOption(["jpeg", "h264"], "the same as --codec, as the demo has it"),
  fullframe: flagOption("the same as --h264-full-frame, as the demo has it"),
  seconds: secondsOption("end after so long; default: at Ctrl-C"),
  json: flagOption("one JSON object a line on the standard output: serving, status, end"),
};
type Values = ValuesOf<typeof OPTIONS>;

export const serve = defineCommand({
  name: "serve",
  summary: "Shows a screen live in browsers.",
  notes: `Prints the page's address, with the token in it. Once a second a line on the standard error:
frames, stripes and kB in that second, viewers, and the median time from grabbing a frame to
its being shown. Captures only while somebody watches. Prometheus finds figures at /metrics.
`,
  options: OPTIONS,
  settings: { includes: () => true, defaults: { outputMode: "h264" } },
  async run({ values, settings }) {
    const token = tokenOf(values);
    if (values.input && token === undefined) {
      throw new UsageError("--input goes with a token only: leave --no-token out");
    }
    const capture = new ScreenCapture({ ...settings, ...demoSettings(values) });
    await using inputs = new DisplayInput(capture);
    if (values.input) await inputs.open();
    using ending = new Ending();
    const firstStripe = Promise.withResolvers<void>();
    await using screen = fanout(capture, {
      ...fanoutOptions(values),
      token,
      input: () => inputs.current,
      onStripe: () => firstStripe.resolve(),
      onError: (error) => ending.fail(error),
    });
    await using server = await listen(values, screen);
    // Says at once where there is no display, instead of when the first viewer comes.
    const unwatch = screen.watch();
    const code = await Promise.race([firstStripe.promise, ending.code]);
    unwatch();
    if (code !== undefined) return code;
    ending.endAfter(values.seconds); // of service, however long it took to get there
    const address = addressOf(server, token, values.input);
    return await report(screen, ending, values.json, {
      display: capture.settings.display,
      address,
    });
  },
});

/** Settings by the names that they have in the demo. */
function demoSettings({ mode, fullframe }: Values): CaptureSettings {
  return {
    ...(mode === undefined ? {} : { outputMode: mode }),
    ...(fullframe ? { h264FullFrame: true } : {}),
  };
}

/** The input of a capture's display, opened anew where that was lost and is back. */
class DisplayInput implements AsyncDisposable {
  readonly #capture: ScreenCapture;
  /** `undefined` where there is none. */
  current: Input | undefined;

  constructor(capture: ScreenCapture) {
    this.#capture = capture;
  }

  async open(): Promise<void> {
    this.current = await Input.open({ region: this.#capture });
    this.#capture.on("reconnect", () => void this.#reopen());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.current?.close();
  }

  async #reopen(): Promise<void> {
    await this.current?.close();
    try {
      this.current = await Input.open({ region: this.#capture });
    } catch (error) {
      this.current = undefined;
      tell(`no input: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** What is served. */
interface Serving {
  readonly display: string;
  /** With the token. */
  readonly address: string;
}

/** Tells of what happens until the end; gives the exit code. */
async function report(
  screen: Fanout,
  ending: Ending,
  json: boolean,
  { display, address }: Serving,
): Promise<number> {
  const meter = new ServeMeter(screen);
  if (json) await writeJson({ type: "serving", display, url: address });
  else await writeResult(`Watch ${display} at ${address}\n`).catch(unlessClosed);
  const ticker = setInterval(() => {
    const status = meter.read();
    if (!json) tell(statusLine(status));
    // Whoever has started it for its figures is gone where nobody reads them.
    else writeJson(status).catch((error: unknown) => ending.fail(error));
  }, STATUS_INTERVAL_MS);
  try {
    const code = await ending.code;
    if (json) await writeJson(meter.summary());
    return code;
  } finally {
    clearInterval(ticker);
  }
}

/** Whoever wanted no more than the address has it, and the page goes on. */
function unlessClosed(error: unknown): void {
  if (!(error instanceof OutputClosed)) throw error;
}

function fanoutOptions(values: Values) {
  return {
    origins: values.origins,
    viewersMax: values["viewers-max"],
    viewerQuality: values["viewer-quality"],
    adapt: !values["no-adapt"],
    idleMs: values["idle-ms"],
    budgetBytes: values["budget-bytes"],
    stallMs: values["stall-ms"],
    lagMs: values["lag-ms"],
  };
}

/** Without one, whoever reaches the port may watch: that is for this machine's own users to allow. */
function tokenOf(values: Values): string | undefined {
  const { PIXELFLUX_TOKEN } = process.env;
  const { hostname = LOOPBACK, token } = values;
  if (!values["no-token"]) return token ?? (PIXELFLUX_TOKEN || randomBytes(16).toString("hex"));
  if (token !== undefined) throw new UsageError("--no-token and --token exclude each other");
  if (isLoopback(hostname)) return undefined;
  throw new UsageError(
    `--no-token goes with a loopback address only, and ${JSON.stringify(hostname)} is none: everybody who reaches it could watch`,
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function listen(values: Values, screen: Fanout) {
  const { hostname = LOOPBACK, port = DEFAULT_PORT } = values;
  try {
    return Bun.serve({
      hostname,
      port,
      development: false,
      routes: {
        "/": viewer,
        "/stream": (request, server) => screen.upgrade(request, server),
        "/metrics": (request) => screen.refusal(request) ?? new Response(screen.prometheus()),
      },
      fetch: () => new Response("Not found", { status: 404 }),
      websocket: screen.websocket,
    });
  } catch (error) {
    throw await listenError(error, hostname, port);
  }
}

async function listenError(error: unknown, hostname: string, port: number): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  const code = "code" in error ? error.code : undefined;
  // Bun says of a name without an address, too, that it is in use.
  const isThere = await lookup(hostname).then(
    () => true,
    () => false,
  );
  if (!isThere || code === "EADDRNOTAVAIL") {
    return new Error(
      `--hostname has to be an address of this machine, or 0.0.0.0 for all of them, but is ${shown(hostname)}`,
    );
  }
  if (code === "EADDRINUSE") return new Error(`port ${port} is taken: choose another by --port`);
  if (code === "EACCES")
    return new Error(`this user may not listen on port ${port}: choose one above 1023 by --port`);
  return new Error(`cannot listen on ${hostname}, port ${port}: ${error.message}`);
}

/** The page's address as another machine would write it. */
function addressOf(server: Bun.Server<unknown>, token: string | undefined, input: boolean): string {
  const url = new URL(server.url);
  if (["0.0.0.0", "[::]"].includes(url.hostname)) url.hostname = outsideAddress() ?? LOOPBACK;
  if (token !== undefined) url.searchParams.set("token", token);
  if (input) url.searchParams.set("input", "1");
  return url.href;
}

function outsideAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
