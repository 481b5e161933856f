/** Progress is reported before each statement that may take long. */
import { match, ok } from "node:assert/strict";
import { bindBackend } from "../../../src/backends/registry.ts";
import { freshMariadb } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { startProxy } from "../../support/network/proxy.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

const LONG = /SELECT 1 FROM|MAX\(|COUNT\(\*\)/;

Deno.test("mysql: progress is reported before each long statement", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY)");
  await database.query("INSERT INTO sessions VALUES (1), (2)");
  for (const other of ["logins", "carts"]) {
    await database.query(
      `CREATE TABLE ${other} (s int, FOREIGN KEY (s) REFERENCES sessions (id))`,
    );
  }
  using proxy = startProxy(Number(new URL(database.url).port));
  const seen: string[] = [];
  proxy.onRequest = (request) => {
    const [look] = LONG.exec(request) ?? [];
    if (look !== undefined) seen.push(look);
    return undefined;
  };
  const url = new URL(database.url);
  url.port = `${proxy.port}`;
  url.search = "?ssl-mode=disabled";
  await using store = await bindBackend("database", { url: url.href }, context).connect(signal);
  await store.clear({ signal, onProgress: () => seen.push("tick") });
  match(seen.join(), /SELECT.*SELECT.*MAX.*COUNT.*COUNT/);
  for (const [at, look] of seen.entries()) {
    ok(look === "tick" || seen[at - 1] === "tick", seen.join());
  }
});
