/** What a database URL selects is what the app's driver would select. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { freshMariadb, freshPostgres } from "../../../support/servers/database.ts";
import { startPostgres } from "../../../support/servers/postgres.ts";
import { tempDir } from "../../../support/temp.ts";

const CLEAR = ["session:clear", "-b", "database", "--force"];

async function clear(url: string, files: Record<string, string> = {}) {
  await using app = await tempDir();
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${app.path}/${name}`, text, { mode: 0o600 });
  }
  return await runAzu(CLEAR, { cwd: app.path, env: { DATABASE_URL: url } });
}

Deno.test("postgres: a .pgpass in the working folder is not read", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await database.query("CREATE TABLE sessions (id int PRIMARY KEY, session_id text)");
  const { hostname, port, pathname, username, password } = new URL(database.url);
  const url = `postgres://${username}@${hostname}:${port}${pathname}`;
  for (const right of [password, "wrong"]) {
    const { code, stderr } = await clear(url, { ".pgpass": `*:*:*:*:${right}\n` });
    strictEqual(code, 1, stderr);
    match(stderr, /^error: The database requires a password, and the URL has none/);
    doesNotMatch(stderr, /WARNING|pgpass file/);
  }
});

Deno.test("postgres: a Unix socket, by its folder and by its path", {
  ...needs("postgres-server"),
}, async () => {
  await using server = await startPostgres();
  const { port, password } = new URL(server.url);
  for (const host of [server.dir, `${server.dir}/.s.PGSQL.${port}`]) {
    const url = `postgres://azu:${password}@/postgres?host=${host}`;
    const { code, stderr } = await clear(url);
    // The default port is in the name of the socket, so only its path finds this one.
    strictEqual(code, 1);
    match(stderr, host === server.dir ? /nothing listens there/ : /Table sessions does not exist/);
  }
});

Deno.test(
  "mysql: the database of the parameter wins, as in the app",
  needs("mariadb"),
  async () => {
    await using shop = await freshMariadb();
    await using other = await freshMariadb();
    for (const { query } of [shop, other]) {
      await query("CREATE TABLE sessions (id int PRIMARY KEY, session_id text)");
      await query("INSERT INTO sessions (id) VALUES (1), (2), (3)");
    }
    const url = `${shop.url}?database=${new URL(other.url).pathname.slice(1)}`;
    const { code, stdout } = await clear(url);
    strictEqual(code, 0);
    match(stdout, /Cleared 3 session/);
    strictEqual((await other.query("SELECT * FROM sessions")).length, 0);
    strictEqual((await shop.query("SELECT * FROM sessions")).length, 3);
  },
);
