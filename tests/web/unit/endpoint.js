// A server for one test, on a free port of this machine, that remembers what it was asked.

import { createServer } from "node:http";
import { text } from "node:stream/consumers";

/**
 * @param {import("node:test").TestContext} context ends the server with the test
 * @param {(asked: {path: string, headers: object, body: string}) => {status?: number, json: unknown}} answer
 * @returns {Promise<{url: string, asked: {path: string, headers: object, body: string}[]}>}
 */
export async function serve(context, answer) {
  const asked = [];
  const server = createServer(async (request, response) => {
    asked.push({ path: request.url, headers: request.headers, body: await text(request) });
    const { status = 200, json } = answer(asked.at(-1));
    response.writeHead(status, { "Content-Type": "application/json", Connection: "close" }).end(JSON.stringify(json));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  context.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}
