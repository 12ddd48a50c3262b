// What is refused before anything is sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { check } from "../../../web/js/checks.js";

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const blob = (...bytes) => new Blob([new Uint8Array(bytes)]);

test("a film passes and its format is told", async () => {
  assert.equal(await check(blob(...PNG), 100), "png");
  assert.equal(await check(blob(0xff, 0xd8, 0xff, 0xe0), 100), "jpeg");
  assert.equal(await check(blob(...Array(128).fill(0), 0x44, 0x49, 0x43, 0x4d), 1000), "dicom");
});

test("a file at the limit passes, one byte more does not", async () => {
  assert.equal(await check(blob(...PNG), 8), "png");
  await assert.rejects(check(blob(...PNG, 0), 8), { code: "file_too_large" });
});

test("nothing, and what is no film, are refused", async () => {
  await assert.rejects(check(blob(), 100), { code: "empty_file" });
  await assert.rejects(check(new Blob(["%PDF-1.7"]), 100), { code: "unsupported_format" });
  await assert.rejects(check(new Blob(["DICM"]), 100), { code: "unsupported_format" });
});

test("a folder, or a file that has gone, is named as such", async () => {
  const gone = { size: 4096, slice: () => ({ arrayBuffer: async () => { throw new DOMException("gone", "NotFoundError"); } }) };
  await assert.rejects(check(gone, 10_000), { code: "file_unreadable" });
});
