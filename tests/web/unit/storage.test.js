// What S3 says, as the page understands it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { codeInXml } from "../../../web/js/storage.js";

const xml = (code, message = "") => `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;

test("a refusal of S3 is told by its code", () => {
  assert.equal(codeInXml(xml("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")), "file_too_large");
  assert.equal(codeInXml(xml("AccessDenied", "Invalid according to Policy: Policy expired.")), "upload_expired");
  assert.equal(codeInXml(xml("AccessDenied", "Invalid according to Policy: Policy Condition failed")), "upload_refused");
  assert.equal(codeInXml(xml("SlowDown")), "busy");
  assert.equal(codeInXml(xml("KMS.DisabledException")), "store_unavailable");
});

test("what is not of S3 is left to others", () => {
  for (const body of ["", '{"code": "busy"}', "<html><body>Error</body></html>", "<Code>AccessDenied</Code>"]) assert.equal(codeInXml(body), null);
});
