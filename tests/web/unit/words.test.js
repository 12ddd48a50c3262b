// Texts by key.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MESSAGES } from "../../../web/js/messages.js";
import { lookup, say } from "../../../web/js/words.js";

test("values take the place of their names", () => {
  assert.equal(say("progress.waiting", { seconds: 3 }), "The service is busy. Trying again in 3 s.");
});

test("a missing text or value is a mistake that shows", () => {
  assert.throws(() => say("progress.nowhere"), RangeError);
  assert.throws(() => say("progress.waiting"), RangeError);
});

test("a key from outside never reaches anything but texts", () => {
  for (const key of ["error.constructor.title", "error.__proto__.title", "error", "error.busy"]) assert.equal(lookup(key), undefined);
});

test("the texts are plain data, ready for translation", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(MESSAGES)), MESSAGES);
});
