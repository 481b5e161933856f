/** Which of several failures is told, once it is over. */
import { strictEqual } from "node:assert/strict";
import { explainRedisError } from "../../../src/backends/redis/errors.ts";
import { Patience } from "../../../src/backends/redis/retry.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { ConnectionLost, ErrorReply } from "../../../src/backends/redis/connection.ts";

const endpoint = parseRedisUrl("redis://localhost");
const lost = explainRedisError(new ConnectionLost("lost"), endpoint);
const refused = explainRedisError(new Error("connect ECONNREFUSED 127.0.0.1:6379"), endpoint);
const loading = explainRedisError(new ErrorReply("LOADING Redis is loading"), endpoint);

/** What is told after these failures, none of which got further. */
function toldAfter(...failures: readonly unknown[]): unknown {
  let now = 0;
  const patience = new Patience(() => now);
  for (const failure of failures) strictEqual(patience.endedBy(failure, false, false), undefined);
  now = 61_000;
  return patience.endedBy(failures.at(-1), false, false);
}

Deno.test("patience: what follows a lost connection says less than that it was lost", () => {
  strictEqual(toldAfter(lost, refused, refused), lost);
});

Deno.test("patience: what a server answers says more than that it was gone", () => {
  strictEqual(toldAfter(lost, refused, loading), loading);
});

Deno.test("patience: a server that is lost again does not answer any more", () => {
  strictEqual(toldAfter(lost, loading, refused), refused);
});
