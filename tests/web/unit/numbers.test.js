// Numbers as people read them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hours, milliseconds, percent, size } from "../../../web/js/numbers.js";

test("a probability shows decimals only where they matter", () => {
  assert.equal(percent(0.8734), "87%");
  assert.equal(percent(0.0312), "3.1%");
  assert.equal(percent(0.9628), "96.3%");
});

test("a probability is never shown as certain", () => {
  assert.equal(percent(0), "< 0.1%");
  assert.equal(percent(0.0004), "< 0.1%");
  assert.equal(percent(0.99996), "> 99.9%");
  assert.equal(percent(1), "> 99.9%");
});

test("rounding never jumps a step of the scale", () => {
  let last = -1;
  for (let p = 0.001; p <= 0.999; p += 0.0005) {
    const shown = parseFloat(percent(p));
    assert.ok(shown >= last, `${p} shows ${shown} after ${last}`);
    assert.ok(Math.abs(shown - p * 100) <= 0.5001, `${p} shows ${shown}`);
    last = shown;
  }
});

test("sizes count as the limits do", () => {
  assert.equal(size(33554432), "32 MB");
  assert.equal(size(5_000_000), "4.8 MB");
  assert.equal(size(12_345), "12 kB");
  assert.equal(size(0), "0 bytes");
});

test("short times keep one decimal", () => {
  assert.equal(milliseconds(3.24), "3.2");
  assert.equal(milliseconds(123.4), "123");
});

test("retention is told in the unit that suits it", () => {
  assert.equal(hours(24), "24 hours");
  assert.equal(hours(1), "1 hour");
  assert.equal(hours(0.25), "15 minutes");
  assert.equal(hours(72), "3 days");
});
