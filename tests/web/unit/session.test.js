// Tokens: in memory, renewed in time, shown to the API alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { ask, credentials } from "../../../web/js/ask.js";
import { Session } from "../../../web/js/session.js";
import { serve } from "./endpoint.js";

const FRESH = { access: "first", refresh: "r1", lasts: 3600 };
const GIVEN = { access_token: "second", token_type: "Bearer", expires_in: 3600 };

/**
 * @param {string} token address
 * @param {import("../../../web/js/tokens.js").Tokens} [tokens]
 */
function sessionAt(token, tokens = FRESH) {
  const session = new Session({ authorize: "", token, logout: "", clientId: "page", scope: "openid" });
  session.open(tokens);
  return session;
}

test("a token is sent to the API, and to nothing that only resembles it", async () => {
  const service = { api: "https://films.example/v1", session: sessionAt("https://login.example/token") };
  const sent = async (url) => "Authorization" in (await credentials(service, url));
  for (const url of ["https://films.example/v1/assessments?heatmaps=all", "https://films.example/v1/uploads/1"]) assert.ok(await sent(url), url);
  for (const url of [
    "https://films.example/config.json", "https://films.example/v1", "https://films.example/v10/x", "https://films.example/v1/../samples/a.jpg",
    "https://films.example/v1/%2e%2e/x", "https://films.example:8443/v1/x", "http://films.example/v1/x", "https://films.example.evil.test/v1/x",
    "https://films.example@evil.test/v1/x", "https://bucket.s3.amazonaws.com/v1/x", "https://login.example/token",
  ]) assert.ok(!(await sent(url)), url);
});

test("where no one needs to sign in, nothing is added", async () => {
  assert.deepEqual(await credentials({ api: "https://films.example/v1", session: null }, "https://films.example/v1/x"), {});
});

test("tokens are kept where neither a listing, a copy nor a log of the session shows them", () => {
  const session = sessionAt("");
  for (const shown of [JSON.stringify(session), inspect(session, { showHidden: true }), JSON.stringify(structuredClone(session))]) {
    assert.doesNotMatch(shown, /first|r1/);
  }
});

test("a token that has run out is renewed once for all who wait for it", async (context) => {
  const { url, asked } = await serve(context, () => ({ json: GIVEN }));
  const session = sessionAt(url, { ...FRESH, lasts: 10 });
  assert.deepEqual(await Promise.all([session.token(), session.token()]), ["second", "second"]);
  assert.equal(await session.token(), "second");
  assert.deepEqual(asked.map(({ body }) => body), ["grant_type=refresh_token&refresh_token=r1&client_id=page"]);
});

test("a refresh token stays good until another takes its place", async (context) => {
  const { url, asked } = await serve(context, () => ({ json: { ...GIVEN, expires_in: 1, ...(asked.length === 2 && { refresh_token: "r2" }) } }));
  const session = sessionAt(url, { ...FRESH, lasts: 1 });
  for (let i = 0; i < 3; i += 1) await session.token();
  assert.deepEqual(asked.map(({ body }) => new URLSearchParams(body).get("refresh_token")), ["r1", "r1", "r2"]);
});

test("a refresh token that is refused, or that there is not, ends the session", async (context) => {
  const { url } = await serve(context, () => ({ status: 400, json: { error: "invalid_grant" } }));
  for (const refresh of ["r1", null]) {
    const session = sessionAt(url, { access: "first", refresh, lasts: 1 });
    await assert.rejects(session.token(), { code: "session_expired" });
    assert.ok(!session.isOpen);
    await assert.rejects(session.token(), { code: "unauthenticated" });
  }
});

test("a sign-in service that is down ends nothing", async (context) => {
  const { url } = await serve(context, () => ({ status: 503, json: {} }));
  const session = sessionAt(url, { ...FRESH, lasts: 1 });
  await assert.rejects(session.token(), { code: "busy" });
  assert.ok(session.isOpen);
});

test("signing out while a token is renewed stays signed out", async (context) => {
  const { url } = await serve(context, () => { session.close(); return { json: GIVEN }; });
  const session = sessionAt(url, { ...FRESH, lasts: 1 });
  await assert.rejects(session.token(), { code: "unauthenticated" });
});

test("a token that the API refuses is renewed, and the request made again, once", async (context) => {
  const login = await serve(context, () => ({ json: GIVEN }));
  const api = await serve(context, ({ path, headers }) =>
    path === "/v1/model" && headers.authorization === "Bearer second" ? { json: "read" } : { status: 401, json: { message: "Unauthorized" } });
  const service = { api: `${api.url}/v1`, session: sessionAt(login.url) };
  assert.equal(await (await ask(service, `${api.url}/v1/model`)).json(), "read");
  await assert.rejects(ask(service, `${api.url}/v1/elsewhere`), { code: "unauthenticated" });
  assert.deepEqual(api.asked.map(({ headers }) => headers.authorization), ["Bearer first", "Bearer second", "Bearer second", "Bearer second"]);
  assert.equal(login.asked.length, 2);
});
