/** After azu gives up, no statement and no connection is left at the server. */
import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { bindBackend } from "../../../src/backends/registry.ts";
import { freshMariadb } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { pollUntil } from "../../support/poll.ts";
import { startProxy } from "../../support/network/proxy.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

Deno.test("mysql: each statement has a limit at the server", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY)");
  await database.query("INSERT INTO sessions VALUES (1), (2)");
  using proxy = startProxy(Number(new URL(database.url).port));
  const seen: string[] = [];
  proxy.onRequest = (request) => {
    seen.push(request);
    return undefined;
  };
  const url = new URL(database.url);
  url.port = `${proxy.port}`;
  url.search = "?ssl-mode=disabled";
  await using store = await bindBackend("database", { url: url.href }, context).connect(signal);
  strictEqual(await store.count(signal), 2);
  await store.clear({ signal, onProgress() {} });
  match(seen.join("\n"), /SET SESSION max_statement_time = 10\b/);
  const long = seen.filter((request) => /COUNT\(\*\)|MAX\(|DELETE FROM/i.test(request));
  strictEqual(long.length, 5);
  for (const request of long) ok(/SET STATEMENT max_statement_time = \d+ FOR /.test(request));
});

Deno.test("mysql: a connection that cannot be used is closed", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  const user = `app_${crypto.randomUUID().slice(0, 8)}`;
  await database.query(
    `GRANT ALL ON *.* TO ${user} IDENTIFIED BY 'pw' WITH MAX_QUERIES_PER_HOUR 1`,
  );
  try {
    const url = new URL(database.url);
    url.username = user;
    url.password = "pw";
    const connecting = bindBackend("database", { url: url.href }, context).connect(signal);
    await rejects(async () => await connecting, /max_queries_per_hour/);
    const mine = `SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = '${user}'`;
    await pollUntil("it to be gone", async () => (await database.query(mine)).length === 0, 3000);
  } finally {
    await database.query(`DROP USER ${user}`);
  }
});
