import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { about, makeServer } from "../src/server.js";

test("answers", async (t) => {
  const server = makeServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  const get = (path) =>
    fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { Connection: "close" } });

  const front = await get("/?x=1");
  assert.deepEqual([front.status, await front.json()], [200, { ...about, host: hostname() }]);
  const health = await get("/healthz");
  assert.deepEqual([health.status, await health.json()], [200, { status: "ok" }]);
  assert.equal((await get("/other")).status, 404);
});
