/**
 * Sessions that are prolonged after a sweep has read that they have expired, and before it removes
 * them. Each of them must survive: 1,000 times out of 1,000.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { bindBackend } from "../../../src/backends/registry.ts";
import type { Backend, ClearOptions } from "../../../src/backends/contract.ts";
import { createStatements, type Engine } from "../../../src/backends/sql/ddl.ts";
import type { Selection } from "../../../src/core/selection.ts";
import { needs } from "../../support/env.ts";
import { pausingProxy } from "../../support/network/pausing_proxy.ts";
import { onlyOf } from "../conformance_selections.ts";
import { context, type SavedSession } from "../subject.ts";
import { app } from "./app.ts";
import { CONNECT, type Opened } from "./places.ts";

const { signal } = new AbortController();

/** Every second session is prolonged. */
const SESSIONS = 2000;
const PROLONGED = SESSIONS / 2;
const BATCH = 100;
const LATER = "2100-01-01 00:00:00";

/** A table whose sessions have all expired. */
async function expiredTable(engine: Engine) {
  const opened = await CONNECT[engine]();
  const { query } = opened;
  for (const lines of createStatements(engine, { name: "sessions" })) await query(lines.join("\n"));
  const { selectable } = app(engine, query, "sessions", undefined);
  const expiresAt = Date.now() - 3_600_000;
  await selectable.save(Array.from({ length: SESSIONS }, (_, index): SavedSession => ({
    ...{ id: `s${index}`, user: null, expiresAt, createdAt: 0, visitedAt: 0 },
    ...{ ip: null, userAgent: null },
  })));
  return opened;
}

/** Sweeps. Those that were prolonged must be there, and no others. */
async function sweep(
  { query }: Opened,
  backend: Backend,
  options: Pick<ClearOptions, "budget" | "onRetry"> = { budget: { batch: BATCH } },
): Promise<void> {
  const selection: Selection = [{ fact: "expiresAt", before: Date.now() }];
  await using store = await backend.connect(signal);
  const counts = await onlyOf(store, selection).clear({
    signal,
    skipLocked: true,
    onProgress() {},
    ...options,
  });
  const { cleared, remaining, arrived } = Object(counts);
  const [row] = await query(
    "SELECT count(*) AS there, " +
      "count(CASE WHEN expires_at > '2099-01-01' THEN 1 END) AS prolonged FROM sessions",
  );
  deepStrictEqual(
    [Number(row?.["there"]), Number(row?.["prolonged"]), cleared, remaining, arrived],
    [PROLONGED, PROLONGED, SESSIONS - PROLONGED, 0, 0],
  );
}

for (
  const [engine, removal, plain] of [
    ["postgres", "DELETE FROM", "sslmode=disable"],
    ["mysql", "SKIP LOCKED", "ssl-mode=disabled"],
  ] as const
) {
  const options = needs(engine === "mysql" ? "mariadb" : engine);
  Deno.test(
    `${engine}: all sessions that are prolonged before they go survive`,
    options,
    async () => {
      await using opened = await expiredTable(engine);
      let removals = 0;
      const url = new URL(opened.url);
      // The request that removes rows names them by their keys.
      using proxy = pausingProxy(Number(url.port), async (request) => {
        const keys = Array.from(
          request.matchAll(/(?<=[(,] ?)'?(\d+)'?(?=[,)])/g),
          ([, key]) => key,
        );
        if (!request.includes(removal) || keys.length === 0) return;
        removals++;
        await opened.query(
          `UPDATE sessions SET expires_at = '${LATER}' ` +
            `WHERE id IN (${keys.join(", ")}) AND id % 2 = 0`,
        );
      });
      url.port = `${proxy.port}`;
      url.search = plain;
      await sweep(opened, bindBackend("database", { url: url.href }, context));
      ok(removals >= SESSIONS / BATCH, `${removals} batches`);
    },
  );
}

Deno.test("sqlite: all sessions that are prolonged before they go survive", async () => {
  await using opened = await expiredTable("sqlite");
  const { root = "/", url } = opened;
  using writer = new DatabaseSync(join(root, "a.db"));
  // Others may read meanwhile, so the sweep reads its batch, and cannot remove it yet.
  writer.exec("BEGIN IMMEDIATE");
  let isOver = false;
  const prolong = () => {
    if (!isOver) {
      writer.exec(`UPDATE sessions SET expires_at = '${LATER}' WHERE id % 2 = 0; COMMIT`);
    }
    isOver = true;
  };
  const backend = bindBackend("database", { url }, { ...context, root });
  await sweep(opened, backend, { budget: { batch: SESSIONS }, onRetry: prolong });
  strictEqual(isOver, true);
});
