// Where the API is, as config.json says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { configFrom } from "../../../web/js/config.js";

test("the API is found from the page's own address", () => {
  assert.equal(configFrom({ api: "/v1" }, "https://films.example/lens/index.html").api, "https://films.example/v1");
  assert.equal(configFrom({ api: "v1/" }, "https://films.example/lens/").api, "https://films.example/lens/v1");
  assert.equal(configFrom({ api: "https://api.example/v1" }, "https://films.example/").api, "https://api.example/v1");
});

test("limits that the host does not name have safe values", () => {
  const config = configFrom({}, "https://films.example/");
  assert.deepEqual([config.maxFileBytes, config.directMaxBytes, config.retentionHours, config.auth], [33554432, Infinity, null, null]);
});

test("where users sign in is found from the page's own address", () => {
  const auth = { authorize: "https://login.example/oauth2/authorize", token: "/oauth2/token", logout: "/logout", client_id: "page" };
  assert.deepEqual(configFrom({ auth }, "https://films.example/lens/").auth, {
    authorize: "https://login.example/oauth2/authorize", token: "https://films.example/oauth2/token",
    logout: "https://films.example/logout", clientId: "page", scope: "openid",
  });
});
