// SPDX-License-Identifier: MPL-2.0
// The pointer by way of NATS: gateways that come early, late, and after a restart have it.
import { expect, test } from "bun:test";
import { natsSource, publishStripes } from "../../src/nats/index.ts";
import type { FeedCursor, FeedCursorImage } from "../../src/server/feed.ts";
import { waitFor } from "../support/process.ts";
import { NatsCluster } from "./cluster.ts";
import { drawSubject } from "./gateway.ts";
import { ManualSource } from "./manual-source.ts";
import { Received } from "./received.ts";

class Pointed extends Received {
  readonly cursors: FeedCursor[] = [];

  cursor(cursor: FeedCursor): void {
    this.cursors.push(cursor);
  }

  async at(x: number): Promise<FeedCursor> {
    return await waitFor(`the pointer at ${x}`, () => {
      const last = this.cursors.at(-1);
      return last?.visible && last.x === x ? last : undefined;
    });
  }
}

const imageOf = (side: number): FeedCursorImage => {
  const pixels = Uint8Array.from({ length: side * side * 4 }, (_, i) => i * side);
  return { width: side, height: side, hotX: side - 1, hotY: 0, pixels };
};
const at = (x: number, image: FeedCursorImage): FeedCursor => ({ x, y: -3, visible: true, image });

test("every gateway has the pointer, its image once, and the newest place", async () => {
  await using cluster = await NatsCluster.start({ count: 1 });
  const connection = await cluster.connect(0);
  const subject = drawSubject();
  const source = new ManualSource();
  const open = () => publishStripes(source, connection, { subject });
  const join = async () => {
    const feed = natsSource(connection, { subject }).open("jpeg");
    const received = new Pointed();
    await feed.start(received);
    return { feed, received };
  };
  let publisher = open();
  const first = await join();
  await waitFor("the feed to run", () => source.sink !== undefined);
  source.frame(new Uint8Array(50));
  const [arrow, beam] = [imageOf(3), imageOf(256)];
  source.sink?.cursor?.(at(5, arrow));
  source.sink?.cursor?.(at(6, arrow));
  source.sink?.cursor?.(at(7, beam));
  expect(await first.received.at(7)).toEqual(at(7, beam));
  const shown = first.received.cursors.find(({ x }) => x === 6)?.image;
  expect(first.received.cursors[0]?.image).toBe(shown as FeedCursorImage); // the same object
  expect(shown).toEqual(arrow);

  const late = await join();
  expect(await late.received.at(7)).toEqual(at(7, beam));
  source.sink?.cursor?.(at(8, arrow));
  expect((await late.received.at(8)).image).toEqual(arrow);
  expect((await first.received.at(8)).image).toBe(shown as FeedCursorImage);
  source.sink?.cursor?.({ ...at(8, arrow), visible: false, image: undefined });
  await waitFor("no pointer", () => first.received.cursors.at(-1)?.visible === false);

  await publisher.stop();
  publisher = open();
  await waitFor("the feed to run again", () => source.sink !== undefined);
  source.frame(new Uint8Array(50));
  source.sink?.cursor?.(at(9, beam)); // an id that the publisher before gave to another image
  for (const { received } of [first, late]) expect((await received.at(9)).image).toEqual(beam);
  for (const { feed, received } of [first, late]) {
    expect(received.errors).toEqual([]);
    await feed.stop();
  }
  await publisher.stop();
}, 20_000);
