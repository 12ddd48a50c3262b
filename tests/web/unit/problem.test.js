// Answers that are no success, and how long to wait.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem, problemFrom, retryAfterSeconds } from "../../../web/js/problem.js";

test("a problem document gives its code, its words and its wait", async () => {
  const body = JSON.stringify({ code: "busy", detail: "12 films are waiting" });
  const problem = await problemFrom(new Response(body, { status: 503, headers: { "Retry-After": "7" } }));
  assert.deepEqual([problem.code, problem.detail, problem.retryAfter], ["busy", "12 films are waiting", 7]);
  assert.ok(problem.isWorthTryingAgain);
});

test("an answer of a proxy is understood by its status", async () => {
  for (const [status, code] of [[413, "file_too_large"], [429, "busy"], [502, "no_answer"], [504, "no_answer"], [401, "unauthenticated"], [418, "unexpected_answer"]]) {
    assert.equal((await problemFrom(new Response("<html>", { status }))).code, code);
  }
});

test("a gateway's refusal is told from a firewall's", async () => {
  const answer = (status, body) => problemFrom(new Response(body, { status }));
  assert.equal((await answer(401, '{"message":"Unauthorized"}')).code, "unauthenticated");
  assert.equal((await answer(403, '{"message":"Forbidden"}')).code, "not_permitted");
  assert.equal((await answer(403, "<html>Request blocked.</html>")).code, "request_blocked");
  assert.equal((await answer(500, '{"message":"Internal Server Error"}')).code, "internal_error");
});

test("what is wrong with the film is not worth sending again", () => {
  assert.ok(!new Problem("damaged_image").isWorthTryingAgain);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2024-05-01T12:00:00Z");
  assert.equal(retryAfterSeconds("120"), 120);
  assert.equal(retryAfterSeconds("Wed, 01 May 2024 12:00:30 GMT", now), 30);
  assert.equal(retryAfterSeconds("Wed, 01 May 2024 11:00:00 GMT", now), 0);
  assert.equal(retryAfterSeconds("soon"), null);
  assert.equal(retryAfterSeconds(null), null);
});
