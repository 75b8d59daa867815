// SPDX-License-Identifier: MPL-2.0
/**
 * pixelflux-ffi/nats: the stripes of a capture on any number of machines, over
 * NATS. One machine publishes what it captures; each gateway has a source that
 * `fanout` of `pixelflux-ffi/server` takes in place of a capture.
 *
 * Needs `@nats-io/transport-node`, which this package does not install.
 */
export type { PublishedCodecStats } from "./codec-stream.ts";
export type { NatsSourceOptions, PublishStripesOptions } from "./options.ts";
export { type PublisherStats, publishStripes, type StripePublisher } from "./publisher.ts";
export { type NatsSource, natsSource, type ReceivedCodecStats } from "./source.ts";
