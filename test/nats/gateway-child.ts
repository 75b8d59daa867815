// SPDX-License-Identifier: MPL-2.0
// A gateway in a process of its own, which tells its parent all that its feed hands out. The
// subject, the codec and the servers are its arguments.
import { connect } from "@nats-io/transport-node";
import { natsSource } from "../../src/nats/index.ts";
import type { Codec } from "../../src/server/feed.ts";
import type { ChildReport } from "./gateway.ts";

const [subject = "", codec = "h264", ...servers] = process.argv.slice(2);
const tell = (report: ChildReport) => process.send?.(report);

const connection = await connect({
  servers,
  noRandomize: true,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  reconnectJitter: 0,
});
void (async () => {
  for await (const { type } of connection.status()) tell({ status: type });
})();

await natsSource(connection, { subject })
  .open(codec as Codec)
  .start({
    screen: (screen) => tell({ screen }),
    stripe: (stripe) => {
      const { type, frameId, x, stripeYStart, width, stripeHeight, keyframe, timestamp } = stripe;
      const place = { type, frameId, x, stripeYStart, width, stripeHeight, keyframe, timestamp };
      tell({ stripe: { ...place, data: stripe.data.slice() } });
      stripe.release();
    },
    endFrame: (endFrame) => tell({ endFrame }),
    gap: () => tell({ gap: true }),
    fail: (error) => tell({ failure: String(error) }),
  });
