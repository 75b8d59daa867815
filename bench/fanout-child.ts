// SPDX-License-Identifier: MPL-2.0
// A process that bench/fanout.ts and bench/nats.ts measure: bun bench/fanout-child.ts <role as JSON>
//
// Says "ready" or its address on the first line; answers each line on stdin with its figures.
import { connect } from "@nats-io/transport-node";
import { type CaptureSettings, ScreenCapture } from "../src/index.ts";
import { natsSource, publishStripes } from "../src/nats/index.ts";
import { captureSource, type Fanout, fanout } from "../src/server/index.ts";
import { residentBytes } from "../test/support/proc.ts";

/** What a process does: captures and serves viewers; captures for gateways; is a gateway. */
export type Role =
  | { readonly kind: "server"; readonly settings: CaptureSettings }
  | { readonly kind: "publisher"; readonly settings: CaptureSettings; readonly nats: string }
  | { readonly kind: "gateway"; readonly codec: "h264" | "jpeg"; readonly nats: string };

const SUBJECT = "bench";
const FANOUT_OPTIONS = { viewersMax: 1000, adapt: false };

function serve(screen: Fanout): Fanout {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => screen.upgrade(request, server),
    websocket: screen.websocket,
  });
  console.log(String(server.url));
  return screen;
}

async function begin(role: Role): Promise<Fanout | undefined> {
  switch (role.kind) {
    case "server": {
      const screen = serve(fanout(new ScreenCapture(role.settings), FANOUT_OPTIONS));
      screen.watch(); // captures all the time, so that what is measured is the viewers
      return screen;
    }
    case "publisher": {
      const connection = await connect({ servers: role.nats });
      const source = captureSource(new ScreenCapture(role.settings));
      publishStripes(source, connection, { subject: SUBJECT });
      console.log("ready");
      return undefined;
    }
    case "gateway": {
      const connection = await connect({ servers: role.nats });
      const source = natsSource(connection, { subject: SUBJECT, codecs: [role.codec] });
      return serve(fanout(source, FANOUT_OPTIONS));
    }
  }
}

const screen = await begin(JSON.parse(process.argv[2] ?? "{}") as Role);
for await (const _ of console) {
  Bun.gc(true);
  const { user, system } = process.cpuUsage();
  const viewers = screen?.stats().viewers ?? [];
  const held = viewers.reduce((sum, { framesHeld }) => sum + framesHeld, 0);
  const sentBytes = viewers.reduce((sum, viewer) => sum + viewer.sentBytes, 0);
  const residents = residentBytes();
  console.log(JSON.stringify({ cpuUs: user + system, residentBytes: residents, held, sentBytes }));
}
