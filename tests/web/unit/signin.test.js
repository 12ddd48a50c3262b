// Signing in by authorisation code with PKCE.

import assert from "node:assert/strict";
import { test } from "node:test";

import { challengeOf, randomText } from "../../../web/js/pkce.js";
import { answerIn, beginAttempt, redeem } from "../../../web/js/signin.js";
import { serve } from "./endpoint.js";

const HOME = "https://films.example/";
const AUTH = { authorize: "https://login.example/oauth2/authorize", token: "", logout: "", clientId: "page", scope: "openid" };
const GIVEN = { access_token: "a", refresh_token: "r", token_type: "Bearer", expires_in: 3600 };

test("the challenge is that of RFC 7636, appendix B", async () => {
  assert.equal(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
});

test("a verifier has the length and the letters that RFC 7636 asks for, and no two are alike", () => {
  const verifiers = Array.from({ length: 100 }, () => randomText());
  for (const verifier of verifiers) assert.match(verifier, /^[A-Za-z0-9_-]{43,128}$/);
  assert.equal(new Set(verifiers).size, 100);
});

test("the sign-in page is told all but the verifier", async () => {
  const { attempt, url } = await beginAttempt(AUTH, HOME);
  const { origin, pathname, searchParams } = new URL(url);
  assert.equal(origin + pathname, AUTH.authorize);
  assert.deepEqual(Object.fromEntries(searchParams), {
    response_type: "code", client_id: "page", redirect_uri: HOME, scope: "openid", state: attempt.state,
    code_challenge: await challengeOf(attempt.verifier), code_challenge_method: "S256",
  });
});

test("only an answer of a sign-in page is taken for one", () => {
  assert.equal(answerIn(""), null);
  assert.equal(answerIn("?code=123"), null);
  assert.equal(answerIn("?state=s&lang=en"), null);
  assert.deepEqual(answerIn("?code=123&state=s"), { state: "s", code: "123" });
  assert.deepEqual(answerIn("?error=access_denied&state=s"), { state: "s", code: "" });
});

test("a code is redeemed with its verifier", async (context) => {
  const { url, asked } = await serve(context, () => ({ json: GIVEN }));
  const attempt = { state: "s", verifier: "v" };
  const tokens = await redeem({ ...AUTH, token: `${url}/oauth2/token` }, HOME, attempt, { state: "s", code: "c" });
  assert.deepEqual(tokens, { access: "a", refresh: "r", lasts: 3600 });
  assert.equal(asked[0].path, "/oauth2/token");
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asked[0].body)), {
    grant_type: "authorization_code", code: "c", redirect_uri: HOME, code_verifier: "v", client_id: "page",
  });
});

test("an answer to another attempt, or one that was broken off, is never redeemed", async (context) => {
  const { url, asked } = await serve(context, () => ({ json: GIVEN }));
  const auth = { ...AUTH, token: url };
  for (const answer of [{ state: "other", code: "c" }, { state: "s", code: "" }]) {
    await assert.rejects(redeem(auth, HOME, { state: "s", verifier: "v" }, answer), { code: "sign_in_failed" });
  }
  assert.deepEqual(asked, []);
});

test("a code that is refused, or an answer without a token, signs no one in", async (context) => {
  const answers = [{ status: 400, json: { error: "invalid_grant" } }, { json: { token_type: "Bearer" } }];
  const { url } = await serve(context, () => answers.shift());
  const signIn = () => redeem({ ...AUTH, token: url }, HOME, { state: "s", verifier: "v" }, { state: "s", code: "c" });
  await assert.rejects(signIn, { code: "sign_in_failed" });
  await assert.rejects(signIn, { code: "unexpected_answer" });
});
