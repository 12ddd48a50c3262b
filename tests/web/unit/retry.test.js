// Sending again while the service is busy.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem } from "../../../web/js/problem.js";
import { whileBusy } from "../../../web/js/retry.js";

/**
 * @param {...(Problem | string)} answers
 */
async function play(...answers) {
  const waits = [];
  let asked = 0;
  const attempt = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (answer instanceof Problem) throw answer;
    return answer;
  };
  const options = { signal: new AbortController().signal, onWait: (left) => waits.push(left), pause: async () => {} };
  const end = await whileBusy(attempt, options).catch((error) => error);
  return { end, asked, waits };
}

test("waits as long as it is asked to, counting down", async () => {
  const played = await play(new Problem("busy", { retryAfter: 3 }), "read");
  assert.deepEqual(played, { end: "read", asked: 2, waits: [3, 2, 1] });
});

test("waits longer each time if it is not told how long", async () => {
  const { end, asked, waits } = await play(new Problem("busy"), new Problem("busy"), "read");
  assert.deepEqual([end, asked, waits.filter((left, i) => i === 0 || left > waits[i - 1])], ["read", 3, [2, 4]]);
});

test("gives up after four times", async () => {
  const { end, asked } = await play(new Problem("busy", { retryAfter: 1 }));
  assert.deepEqual([end.code, asked], ["busy", 4]);
});

test("does not keep anyone waiting for minutes", async () => {
  const { end, asked, waits } = await play(new Problem("busy", { retryAfter: 300 }));
  assert.deepEqual([end.code, asked, waits], ["busy", 1, []]);
});

test("tries nothing but a busy service again", async () => {
  const { end, asked } = await play(new Problem("damaged_image"));
  assert.deepEqual([end.code, asked], ["damaged_image", 1]);
});

test("a cancelled wait ends at once", async () => {
  const job = new AbortController();
  const waiting = whileBusy(async () => { throw new Problem("busy", { retryAfter: 20 }); }, { signal: job.signal, onWait: () => {} });
  setTimeout(() => job.abort(), 10);
  await assert.rejects(waiting, { name: "AbortError" });
});
