// The order of films and the file of grades.

import assert from "node:assert/strict";
import { test } from "node:test";

import { order } from "../../training/grading/page/order.js";
import { csv } from "../../training/grading/page/table.js";

const KEYS = Array.from({ length: 60 }, (_, at) => `film-${at}`);
const keysOf = (showings) => showings.map(({ key }) => key);

test("every film comes once, the repeats a second time, well after the first", () => {
  for (const reader of ["a", "b", "c", "d"]) {
    const showings = order(KEYS, `0:${reader}`, 12);
    const first = showings.filter(({ showing }) => showing === 1);
    const second = showings.filter(({ showing }) => showing === 2);
    assert.deepEqual(keysOf(first).sort(), [...KEYS].sort());
    assert.equal(second.length, 12);
    assert.equal(new Set(keysOf(second)).size, 12);
    for (const { key } of second) {
      const places = showings.flatMap((showing, at) => (showing.key === key ? [at] : []));
      assert.equal(showings[places[0]].showing, 1);
      assert.ok(places[1] - places[0] > 20, `${key} comes again after ${places[1] - places[0]}`);
    }
  }
});

test("the order is the same for a reader each time, and another for each reader and seed", () => {
  assert.deepEqual(order(KEYS, "0:a", 6), order(KEYS, "0:a", 6));
  assert.notDeepEqual(order(KEYS, "0:a", 6), order(KEYS, "0:b", 6));
  assert.notDeepEqual(order(KEYS, "0:a", 6), order(KEYS, "1:a", 6));
});

test("no place is preferred", () => {
  const sums = Object.fromEntries(KEYS.map((key) => [key, 0]));
  for (let reader = 0; reader < 400; reader++) order(KEYS, `0:r${reader}`, 0).forEach(({ key }, at) => (sums[key] += at / 400));
  // The mean of 400 places out of 60 has a standard deviation of .87 around 29.5.
  for (const key of KEYS) assert.ok(Math.abs(sums[key] - 29.5) < 4.5, `${key}: ${sums[key]}`);
});

test("half of the films can come twice", () => {
  assert.equal(order(KEYS, "0:a", 30).length, 90);
});

test("few films work, too", () => {
  assert.deepEqual(keysOf(order(["only"], "0:a", 1)), ["only", "only"]);
  assert.deepEqual(order([], "0:a", 0), []);
});

test("a comment can neither break the file nor run in a spreadsheet", () => {
  const comments = ["=1+1", "+a", "-a", "@a", "\t=a", "he said \"no\", then\nleft", "plain", "'quoted"];
  const showings = comments.map((_, at) => ({ key: `film-${at}`, showing: 1 }));
  const mark = (comment) => ({ severity: "hairline", seconds: 1.26, graded_at: "2026-03-01T10:00:00.000Z", comment });
  const text = csv(showings, "a", ({ key }) => mark(comments[Number(key.slice(5))]));
  const lines = text.split("\r\n");
  assert.equal(lines[0], "image_id,reader,severity,showing,seconds,graded_at,comment");
  assert.equal(lines[1], 'film-0,a,hairline,1,1.3,2026-03-01T10:00:00.000Z,"\'=1+1"');
  for (const line of lines.slice(2, 6)) assert.match(line, /,"'[+\-@\t][^"]*"$/);
  assert.ok(text.includes('"he said ""no"", then\nleft"'));
  assert.ok(text.includes(",plain\r\n"));
});

test("films without a grade are not in the file", () => {
  const showings = [{ key: "a", showing: 1 }, { key: "b", showing: 1 }];
  const draft = { severity: "", seconds: 3, graded_at: "", comment: "not yet" };
  assert.equal(csv(showings, "x", ({ key }) => (key === "a" ? draft : undefined)).split("\r\n").length, 2);
});
