// SPDX-License-Identifier: MPL-2.0
// Who gets what of a stream: budgets, joining, holding back and mending.
import { afterEach, describe, expect, test } from "bun:test";
import { Channel } from "../../src/server/channel.ts";
import type { Codec } from "../../src/server/feed.ts";
import { type FanoutOptions, resolveOptions } from "../../src/server/options.ts";
import { Viewer } from "../../src/server/viewer.ts";
import { waitFor } from "../support/process.ts";
import { FakeFeed, FakeSocket, FakeStripe, ROWS } from "./fake-feed.ts";

const channels: Channel[] = [];

afterEach(async () => {
  for (const channel of channels.splice(0)) await channel.end();
});

async function open(codec: Codec, options: FanoutOptions = {}) {
  const feed = new FakeFeed(codec);
  const errors: unknown[] = [];
  const resolved = resolveOptions(
    { idleMs: 0, budgetBytes: 1 << 16, onError: (error) => errors.push(error), ...options },
    [codec],
  );
  const channel = new Channel(codec, feed, resolved);
  channels.push(channel);
  let id = 0;
  const join = () => {
    const socket = new FakeSocket();
    id += 1;
    const viewer = new Viewer(id, socket.asSocket, channel, undefined);
    socket.onClose = () => channel.leave(viewer);
    channel.join(viewer);
    return { socket, viewer };
  };
  return { feed, channel, join, errors };
}

/** A channel that has shown its first frame to its first viewer. */
async function running(codec: Codec, options: FanoutOptions = {}) {
  const { feed, join, ...rest } = await open(codec, options);
  const first = join();
  await Promise.resolve();
  feed.show();
  await feed.frame("0!", "16!", "32!");
  return { feed, join, first, ...rest };
}

describe.each(["h264", "jpeg"] as const)("%s", (codec) => {
  const mark = codec === "jpeg" ? "!" : "";

  test("the first viewer gets the screen, then whole frames with their begin and end", async () => {
    const { feed, first } = await running(codec);
    await feed.frame("16");
    const whole = ["frame 0", "0/0!", "0/16!", "0/32!", "end 0"];
    expect(first.socket.sent).toEqual(["screen", ...whole, "frame 1", `1/16${mark}`, "end 1"]);
  });

  test("stripes go out when they are there, not when the frame is complete", async () => {
    const { feed, first } = await running(codec);
    first.socket.clear();
    feed.hand(new FakeStripe(codec, 7, 0, true));
    await Promise.resolve();
    expect(first.socket.sent).toEqual(["frame 7", "7/0!"]);
    feed.hand(new FakeStripe(codec, 7, 16, true));
    await Promise.resolve();
    feed.sink?.endFrame(7);
    expect(first.socket.sent).toEqual(["frame 7", "7/0!", "7/16!", "end 7"]);
  });

  test("a frame whose end nobody told ends with the next one's begin", async () => {
    const { feed, first } = await running(codec);
    first.socket.clear();
    feed.hand(new FakeStripe(codec, 1, 0, true));
    feed.hand(new FakeStripe(codec, 2, 16, true));
    await Promise.resolve();
    expect(first.socket.sent).toEqual(["frame 1", "1/0!", "end 1", "frame 2", "2/16!"]);
  });

  test("a frame is held back as a whole past the budget, and then mended", async () => {
    const { feed, join } = await running(codec);
    const slow = join();
    await feed.frame("0!", "16!", "32!");
    slow.socket.clear();
    slow.socket.bufferedBytes = (1 << 16) + 1;
    await feed.frame("0", "16");
    expect(slow.socket.sent).toEqual([]);
    expect(slow.viewer.stats()).toMatchObject({ framesHeld: 1, behind: true });
    slow.socket.bufferedBytes = 1 << 16;
    const asked = feed.keyframeRequests;
    slow.viewer.drained();
    if (codec === "jpeg") {
      expect(slow.socket.sent).toEqual(["frame 2", "2/0!", "2/16!", "end 2"]);
      expect(feed.keyframeRequests).toBe(asked);
      expect(slow.viewer.stats().behind).toBe(false);
      return;
    }
    // Its own IDR, which may be asked for once a second: a viewer has just come.
    await waitFor("the request", () => feed.keyframeRequests === asked + 1);
    await feed.frame("0", "32");
    expect(slow.socket.stripes).toEqual(["3/32"]);
    await feed.frame("0!", "16", "32");
    await feed.frame("0", "16!", "32");
    expect(slow.socket.stripes.slice(1)).toEqual(["4/0!", "4/32", "5/0", "5/16!", "5/32"]);
    expect(slow.viewer.stats()).toMatchObject({ behind: false });
  });

  test("nobody else notices a viewer that is held back", async () => {
    const { feed, first, join } = await running(codec);
    const slow = join();
    slow.socket.bufferedBytes = 1 << 20;
    first.socket.clear();
    for (let count = 0; count < 5; count++) await feed.frame("0", "32");
    expect(first.socket.stripes.length).toBe(10);
    expect(slow.socket.stripes.filter((text) => !text.startsWith("0/"))).toEqual([]);
  });

  test("what a socket refuses is mended as what was held back", async () => {
    const { feed, first } = await running(codec);
    first.socket.refuses = true;
    await feed.frame("0!", "16");
    first.socket.refuses = false;
    expect(first.viewer.stats().behind).toBe(true);
    first.socket.clear();
    first.viewer.drained();
    if (codec === "jpeg") expect(first.socket.stripes).toEqual(["1/0!", "1/16!"]);
    else await waitFor("the request", () => feed.keyframeRequests > 0);
  });

  test("a late viewer gets the whole picture at once, of one frame", async () => {
    const { feed, join } = await running(codec);
    await feed.frame("16!");
    const late = join();
    if (codec === "jpeg") {
      const picture = ["frame 1", "1/0!", "1/16!", "1/32!", "end 1"];
      expect(late.socket.sent.toSorted()).toEqual(["screen", ...picture].toSorted());
      expect(late.socket.sent.slice(0, 2)).toEqual(["screen", "frame 1"]);
      expect(late.socket.sent.at(-1)).toBe("end 1");
      expect(feed.keyframeRequests).toBe(0);
      return;
    }
    expect(late.socket.sent).toEqual(["screen"]);
    expect(feed.keyframeRequests).toBe(1);
    await feed.frame("0"); // under way before the request: of no use to it
    expect(late.socket.stripes).toEqual([]);
    await feed.frame("0!", "16!", "32!");
    expect(late.socket.stripes).toEqual(["3/0!", "3/16!", "3/32!"]);
  });

  test("one that comes in the middle of a frame gets none of it twice", async () => {
    const { feed, join } = await running(codec);
    feed.hand(new FakeStripe(codec, 1, 0, true));
    await Promise.resolve();
    const late = join();
    feed.hand(new FakeStripe(codec, 1, 32, true));
    await Promise.resolve();
    expect(late.socket.stripes).toEqual([]);
    feed.sink?.endFrame(1);
    const rows = codec === "jpeg" ? ["1/0!", "1/16!", "1/32!"] : [];
    expect(late.socket.stripes.toSorted()).toEqual(rows);
  });

  test("a paused viewer gets nothing, and everything when it is back", async () => {
    const { feed, channel, first, join } = await running(codec);
    join(); // so that the feed goes on
    channel.pause(first.viewer);
    first.socket.clear();
    await feed.frame("0!", "16!");
    expect(first.socket.sent).toEqual([]);
    expect(first.viewer.stats()).toMatchObject({ paused: true, behind: false });
    const asked = feed.keyframeRequests;
    channel.resume(first.viewer);
    if (codec === "jpeg") expect(first.socket.stripes.length).toBe(3);
    else await waitFor("the request", () => feed.keyframeRequests > asked);
  });

  test("the feed runs while somebody looks, and no longer", async () => {
    const { feed, channel, first, join } = await running(codec);
    expect([feed.starts, feed.stops]).toEqual([1, 0]);
    const second = join();
    first.socket.close(1000, "");
    channel.pause(second.viewer);
    await waitFor("the stop", () => feed.stops === 1);
    channel.resume(second.viewer);
    await waitFor("the start", () => feed.starts === 2);
    second.socket.clear();
    feed.show();
    await feed.frame("0!", "16!", "32!");
    expect(second.socket.sent[0]).toBe("screen");
    expect(second.socket.stripes.length).toBe(3);
    second.socket.close(1000, "");
    await waitFor("the stop", () => feed.stops === 2);
    expect(feed.heldRows).toEqual([]);
  });

  test("everything is released: what is replaced, what is sent, and at the end the rest", async () => {
    const { feed, channel } = await running(codec);
    await feed.frame("0!", "32!");
    expect(feed.heldRows.toSorted()).toEqual(codec === "jpeg" ? [0, 16, 32] : []);
    await channel.end();
    expect(feed.heldRows).toEqual([]);
  });

  test("another size begins anew", async () => {
    const { feed, first } = await running(codec);
    first.socket.clear();
    feed.show({ width: 32 });
    await feed.frame("0"); // too wide or not: H.264 needs its keyframe
    const rows = codec === "jpeg" ? ["1/0!"] : [];
    expect(first.socket.sent[0]).toBe("screen");
    expect(first.socket.stripes).toEqual(rows);
  });

  test("a gap on the way here is not built upon", async () => {
    const { feed, first } = await running(codec);
    first.socket.clear();
    feed.sink?.gap();
    await waitFor("the request", () => feed.keyframeRequests === 1);
    await feed.frame("0", "16!");
    expect(first.socket.stripes).toEqual(codec === "jpeg" ? ["1/0!", "1/16!"] : ["1/16!"]);
  });

  test("a failure is told, closes everybody, and the next viewer starts anew", async () => {
    const { feed, first, join, errors } = await running(codec);
    const error = new Error("the display is gone");
    feed.sink?.fail(error);
    expect(first.socket.sent.at(-1)).toBe("failure");
    expect(first.socket.closed).toEqual([1011, "the capture has failed"]);
    expect(errors).toEqual([error]);
    expect(feed.heldRows).toEqual([]);
    join();
    await waitFor("the start", () => feed.starts === 2);
  });
});

test("a source that does not start is told of", async () => {
  const { feed, join, errors } = await open("h264");
  feed.refusesStart = new Error("no such display");
  const { socket } = join();
  await waitFor("the end", () => socket.closed);
  expect(socket.sent).toEqual(["failure"]);
  expect(errors).toEqual([feed.refusesStart]);
});

test("what onStripe throws is told, and keeps the stripe from nobody", async () => {
  const onStripe = () => {
    throw new Error("meant");
  };
  const { feed, first, errors } = await running("h264", { onStripe });
  expect(first.socket.stripes).toEqual(["0/0!", "0/16!", "0/32!"]);
  expect(errors.map(String)).toEqual(Array(3).fill("Error: meant"));
  expect(feed.heldRows).toEqual([]);
});

test("keyframe requests of many count once", async () => {
  const { feed, join } = await running("h264");
  for (let count = 0; count < 20; count++) join();
  expect(feed.keyframeRequests).toBe(1);
  await waitFor("those that came too soon", () => feed.keyframeRequests === 2);
});

test("those that have fallen behind are mended together, once a second", async () => {
  const { feed, channel } = await running("h264");
  channel.requestKeyframe(false);
  const startMs = performance.now();
  const asking = setInterval(() => channel.requestKeyframe(false), 10);
  await waitFor("the second request", () => feed.keyframeRequests === 2);
  clearInterval(asking);
  expect(performance.now() - startMs).toBeGreaterThan(900);
  channel.requestKeyframe(false);
  channel.requestKeyframe(true); // one that sees nothing waits less
  const newcomerMs = performance.now();
  await waitFor("the newcomer's", () => feed.keyframeRequests === 3);
  expect(performance.now() - newcomerMs).toBeLessThan(900);
});

test("a viewer that asks all the time is heard once a second", async () => {
  const { feed, first } = await running("h264");
  const startMs = performance.now();
  await waitFor("five requests", () => {
    first.viewer.restart();
    return feed.keyframeRequests >= 3;
  });
  // The first is heard at once, the others a second after the one before.
  expect(performance.now() - startMs).toBeGreaterThan(1900);
});

test("a copy is made only out of rows that are right, into rows that are right then", async () => {
  const { feed, join } = await open("jpeg");
  const first = join();
  const extended = { isExtended: true };
  await Promise.resolve();
  feed.show();
  for (const y of ROWS) feed.hand(new FakeStripe("jpeg", 0, y, true, extended));
  feed.hand(new FakeStripe("copy", 1, 0, false, { sourceY: 16 }));
  await Promise.resolve();
  feed.sink?.endFrame(1);
  expect(first.socket.stripes.at(-1)).toBe("1/0 copy");
  first.socket.bufferedBytes = 1 << 20;
  feed.hand(new FakeStripe("jpeg", 2, 16, true, { x: 8, width: 8, ...extended }));
  await Promise.resolve();
  feed.sink?.endFrame(2);
  first.socket.bufferedBytes = 0;
  first.socket.clear();
  feed.hand(new FakeStripe("copy", 3, 32, false, { sourceY: 16 })); // out of a broken row
  feed.hand(new FakeStripe("jpeg", 3, 16, true, { x: 8, width: 8, ...extended }));
  feed.hand(new FakeStripe("jpeg", 3, 0, true, { x: 8, width: 8, ...extended }));
  await Promise.resolve();
  feed.sink?.endFrame(3);
  expect(first.socket.stripes).toEqual(["3/0 jpeg"]);
  for (const y of [16, 32]) feed.hand(new FakeStripe("jpeg", 4, y, true, extended));
  await Promise.resolve();
  feed.sink?.endFrame(4);
  expect(first.socket.stripes.slice(1)).toEqual(["4/16 jpeg", "4/32 jpeg"]);
  expect(first.viewer.stats().behind).toBe(false);
});

test("a viewer that acknowledges late gets one frame at a time until it keeps up", async () => {
  const { feed, first } = await running("jpeg", { lagMs: 50 });
  first.viewer.acknowledge(0);
  const sentMs = performance.now();
  await feed.frame("0");
  await waitFor("it to be late", () => performance.now() - sentMs > 60);
  first.socket.clear();
  await feed.frame("16");
  await feed.frame("32");
  expect(first.socket.sent).toEqual([]);
  expect(first.viewer.stats()).toMatchObject({ framesHeld: 2, behind: true });
  first.viewer.acknowledge(1);
  // What it has missed, as one frame.
  expect(first.socket.sent).toEqual(["frame 3", "3/16!", "3/32!", "end 3"]);
  await feed.frame("0");
  expect(first.socket.stripes.length).toBe(2); // one under way is enough for now
  first.viewer.acknowledge(3);
  expect(first.socket.stripes.slice(2)).toEqual(["4/0!"]);
  await feed.frame("16");
  expect(first.socket.stripes.slice(3)).toEqual(["5/16!"]); // and now two
});

test("a late viewer that cannot use what it was sent last gets a keyframe all the same", async () => {
  const { feed, first } = await running("jpeg", { lagMs: 50 });
  first.viewer.acknowledge(0);
  const sentMs = performance.now();
  await feed.frame("0");
  await waitFor("it to be late", () => performance.now() - sentMs > 60);
  await feed.frame("16");
  first.socket.clear();
  first.viewer.restart();
  await feed.frame("0!", "16!", "32!");
  expect(first.socket.stripes.toSorted()).toEqual(["3/0!", "3/16!", "3/32!"]);
});

test("acknowledgements of frames that never were say nothing", async () => {
  const { feed, first } = await running("jpeg", { lagMs: 50 });
  for (const frameId of [9, 65535]) first.viewer.acknowledge(frameId);
  for (let count = 0; count < 300; count++) await feed.frame("0");
  expect(first.viewer.stats()).toMatchObject({ framesHeld: 0, latencyMs: undefined });
});

test("what does not move for too long is closed; what moves is not", async () => {
  const { feed, channel, first, join } = await running("jpeg", { stallMs: 100 });
  const moving = join();
  for (const { socket } of [first, moving]) socket.bufferedBytes = 1000;
  await feed.frame("0");
  await waitFor("the close", () => {
    moving.viewer.drained();
    channel.tick(performance.now());
    return first.socket.closed;
  });
  expect(first.socket.closed?.[0]).toBe(4000);
  expect(first.viewer.closeCode).toBe(4000);
  expect(moving.socket.closed).toBeUndefined();
});

test("the source steps down while everybody is behind, and up again", async () => {
  const { feed, channel, first, join } = await running("h264");
  const quick = join();
  first.socket.bufferedBytes = 1 << 20;
  let nowMs = 0;
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second++) {
      await feed.frame("0");
      nowMs += 1000;
      channel.tick(nowMs);
    }
  };
  await seconds(5);
  expect(feed.paces).toEqual([]); // one of two
  quick.socket.bufferedBytes = 1 << 20;
  await seconds(10);
  expect(feed.paces.map(([step]) => step)).toEqual([1, 2, 3, 4]);
  for (const { socket } of [first, quick]) socket.bufferedBytes = 0;
  await seconds(30);
  expect(feed.paces.slice(4).map(([step]) => step)).toEqual([3, 2, 1, 0]);
});

test("adapt: false leaves the source alone", async () => {
  const { feed, channel, first } = await running("h264", { adapt: false });
  first.socket.bufferedBytes = 1 << 20;
  for (let second = 1; second < 10; second++) {
    await feed.frame("0");
    channel.tick(second * 1000);
  }
  expect(feed.paces).toEqual([]);
});

test("the budget follows the stream's rate where the options name none", async () => {
  const { channel, feed } = await running("h264", { budgetBytes: undefined });
  expect(channel.budgetBytes).toBe(4 << 20);
  const stripe = new FakeStripe("h264", 9, 0, true);
  Object.assign(stripe, { data: new Uint8Array(3 << 20).fill(4) });
  feed.hand(stripe);
  await Promise.resolve();
  channel.tick(1000);
  expect(channel.budgetBytes).toBeGreaterThanOrEqual(6 << 20);
});
