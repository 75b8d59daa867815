// SPDX-License-Identifier: MPL-2.0
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { PixelfluxError } from "../../src/index.ts";
import { natsSource, publishStripes } from "../../src/nats/index.ts";
import type { StripeSource } from "../../src/server/feed.ts";
import { random, seedOfRun } from "../support/random.ts";
import { anyValue } from "../support/values.ts";
import { NatsCluster } from "./cluster.ts";
import { ManualSource } from "./manual-source.ts";

const seed = seedOfRun();
let cluster: NatsCluster;
let connection: NatsConnection;

beforeAll(async () => {
  cluster = await NatsCluster.start({ count: 1 });
  connection = await cluster.connect(0);
});
afterAll(() => cluster[Symbol.asyncDispose]());

function refusal(run: () => unknown): PixelfluxError {
  try {
    run();
  } catch (error) {
    if (error instanceof PixelfluxError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const publish = (options: object) =>
  publishStripes(new ManualSource(), connection, { subject: "a", ...options } as never);
const watch = (options: object) => natsSource(connection, { subject: "a", ...options } as never);

const BAD_SUBJECTS = [
  ...["", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\r\nPUB x 0", "a.*", ">", "a.>", "$SYS"],
  ...["bücher", "a\0", "x".repeat(201), 5, null, undefined, {}, ["a"]],
];

test("subjects that are none are refused by both halves", () => {
  for (const subject of BAD_SUBJECTS) {
    for (const run of [publish, watch]) {
      const error = refusal(() => run({ subject }));
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "subject" });
      expect(error.message).toContain("Give one such as");
    }
  }
});

test("subjects with any other printable character work", async () => {
  const characters = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
  const subject = characters.filter((character) => !"*.>".includes(character)).join("");
  await publish({ subject }).stop();
  expect(watch({ subject: `${subject}.x` }).codecs).toEqual(["h264", "jpeg"]);
  await connection.flush();
});

for (const [field, values, words] of [
  ["idleMs", [-1, 1.5, Number.NaN, 86_400_001, "5"], "an integer from 0 to 86400000"],
  ["bufferBytesMax", [0, 65_535, 2 ** 31], "an integer from 65536 to 1073741824"],
  ["onError", [null, "log"], "a function"],
] as const) {
  test(`publishStripes says what ${field} has to be`, () => {
    for (const value of values) {
      const error = refusal(() => publish({ [field]: value }));
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field });
      expect(error.message).toContain(`${field} has to be ${words}, but is `);
    }
  });
}

test("natsSource says what codecs have to be", () => {
  for (const codecs of [[], ["vp8"], ["h264", "h264"], "h264", {}, [undefined]]) {
    const error = refusal(() => watch({ codecs }));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "codecs" });
  }
  expect(watch({ codecs: ["jpeg"] }).codecs).toEqual(["jpeg"]);
});

test("options that do not exist are refused by name", () => {
  const error = refusal(() => publish({ idleMS: 5 }));
  expect(error).toMatchObject({ code: "ERR_UNKNOWN_SETTING", field: "idleMS" });
  expect(error.message).toContain("subject, idleMs, bufferBytesMax, onError");
  expect(refusal(() => watch({ token: "" })).code).toBe("ERR_UNKNOWN_SETTING");
});

test("what is no source, and no connection, is refused", () => {
  for (const source of [undefined, null, {}, { codecs: [], open: () => undefined }, 5]) {
    const error = refusal(() =>
      publishStripes(source as unknown as StripeSource, connection, { subject: "a" }),
    );
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "source" });
    expect(error.message).toContain("captureSource()");
  }
  for (const other of [undefined, null, {}, "127.0.0.1", Promise.resolve(connection)]) {
    const none = other as unknown as NatsConnection;
    const errors = [
      refusal(() => publishStripes(new ManualSource(), none, { subject: "a" })),
      refusal(() => natsSource(none, { subject: "a" })),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "connection" });
    }
  }
});

test(`any options are right or give a PixelfluxError (PF_SEED=${seed})`, async () => {
  const pick = random(seed);
  let refusals = 0;
  for (let round = 0; round < 3000; round++) {
    const options: Record<string, unknown> = { subject: "a" };
    const names = ["subject", "idleMs", "bufferBytesMax", "onError", "codecs", "other"];
    for (let count = 1 + pick(2); count > 0; count--) {
      options[names[pick(names.length)] as string] = anyValue(pick);
    }
    const given = pick(20) === 0 ? anyValue(pick) : options;
    try {
      if (pick(2) === 0) natsSource(connection, given as never);
      else await publishStripes(new ManualSource(), connection, given as never).stop();
    } catch (error) {
      if (!(error instanceof PixelfluxError)) throw error;
      refusals += 1;
    }
  }
  expect(refusals).toBeGreaterThan(1000);
});
