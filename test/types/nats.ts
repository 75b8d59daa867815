// SPDX-License-Identifier: MPL-2.0
// What users may write with "pixelflux-ffi/nats", and what they may not.
import { connect } from "@nats-io/transport-node";
import type { ScreenCapture } from "pixelflux-ffi";
import {
  type NatsSource,
  natsSource,
  publishStripes,
  type StripePublisher,
} from "pixelflux-ffi/nats";
import { captureSource, fanout, type StripeSource } from "pixelflux-ffi/server";
import { same } from "./equal.ts";

declare const capture: ScreenCapture;

export async function machines(): Promise<void> {
  const connection = await connect({ servers: "127.0.0.1" });
  const publisher = publishStripes(captureSource(capture), connection, { subject: "screens.a" });
  same<typeof publisher, StripePublisher>(true);
  const source = natsSource(connection, { subject: "screens.a", codecs: ["jpeg"] });
  same<typeof source, NatsSource>(true);
  source satisfies StripeSource;
  fanout(source);
  // @ts-expect-error a capture is made a source first
  publishStripes(capture, connection, { subject: "screens.a" });
  // @ts-expect-error the subject is missing
  publishStripes(captureSource(capture), connection, {});
  // @ts-expect-error there is no default subject
  natsSource(connection);
  // @ts-expect-error an address is no connection
  natsSource("127.0.0.1", { subject: "screens.a" });
  // @ts-expect-error a codec that there is not
  natsSource(connection, { subject: "screens.a", codecs: ["vp8"] });
}
