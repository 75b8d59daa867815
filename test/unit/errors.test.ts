// SPDX-License-Identifier: MPL-2.0
import { expect, test } from "bun:test";
import { headerText } from "../../prebuild/headers.ts";
import { errorOfStatus, PixelfluxError } from "../../src/errors.ts";

const errorStatuses = [...headerText().matchAll(/^ {4}PF_STATUS_(\w+) = (-\d+)/gm)].map(
  (match) => ({
    name: match[1] ?? "",
    status: Number(match[2]),
  }),
);

test("the header has error statuses", () => {
  expect(errorStatuses.length).toBeGreaterThan(10);
});

test.each(errorStatuses)("PF_STATUS_$name has a code and words of its own", ({ status }) => {
  const error = errorOfStatus(status, "start", "the words");
  expect(error.code).toMatch(/^ERR_/);
  expect(error.code).not.toBe("ERR_ABI_MISMATCH");
  expect(error.message).toBe("start: the words");
  expect(errorOfStatus(status, "start", "").message.length).toBeGreaterThan("start: ".length);
});

test("no two statuses share a code", () => {
  const codes = errorStatuses.map(({ status }) => errorOfStatus(status, "x", "").code);
  expect(new Set(codes).size).toBe(codes.length);
});

test("a status of another version is told as such", () => {
  const error = errorOfStatus(-99, "start", "no idea");
  expect(error).toMatchObject({ code: "ERR_ABI_MISMATCH", operation: "start" });
  expect(error.message).toContain("-99");
  expect(error.message).toContain("no idea");
});

test("a PixelfluxError is an Error with its parts", () => {
  const cause = new Error("inner");
  const error = new PixelfluxError("ERR_ENCODER", "start", "text", { field: "h264Crf", cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "PixelfluxError", field: "h264Crf", cause });
  expect(new PixelfluxError("ERR_ENCODER", "start", "text").field).toBeUndefined();
  expect("cause" in new PixelfluxError("ERR_ENCODER", "start", "text")).toBe(false);
});
