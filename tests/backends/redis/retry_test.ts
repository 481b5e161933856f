/** Which of several failures is reported when retrying ends. */
import { strictEqual } from "node:assert/strict";
import { explainRedisError } from "../../../src/backends/redis/errors.ts";
import { Patience } from "../../../src/backends/redis/retry.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { ConnectionLost, ErrorReply } from "../../../src/backends/redis/connection.ts";

const endpoint = parseRedisUrl("redis://localhost");
const lost = explainRedisError(new ConnectionLost("lost"), endpoint);
const refused = explainRedisError(new Error("connect ECONNREFUSED 127.0.0.1:6379"), endpoint);
const loading = explainRedisError(new ErrorReply("LOADING Redis is loading"), endpoint);

/** The failure that is reported after these, none of which made progress. */
function reportedAfter(...failures: readonly unknown[]): unknown {
  let now = 0;
  const patience = new Patience(() => now);
  for (const failure of failures) strictEqual(patience.endedBy(failure, false, false), undefined);
  now = 61_000;
  return patience.endedBy(failures.at(-1), false, false);
}

Deno.test("a lost connection is reported rather than the refusals after it", () => {
  strictEqual(reportedAfter(lost, refused, refused), lost);
});

Deno.test("an error reply is reported rather than a lost connection before it", () => {
  strictEqual(reportedAfter(lost, refused, loading), loading);
});

Deno.test("a refusal is reported rather than an older error reply", () => {
  strictEqual(reportedAfter(lost, loading, refused), refused);
});
