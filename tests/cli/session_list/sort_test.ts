/** An order that the store cannot tell. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { sqlite } from "../../support/servers/database.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const CONFIG = `export default { session: { backend: "database", backends: {
  database: { layout: { id: "sid", user: "owner" } } } } };`;

Deno.test("an order by what no session tells is refused by name", async () => {
  await using app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": CONFIG });
  sqlite(app.path, "a.db", "CREATE TABLE sessions (sid text PRIMARY KEY, owner text)");
  const options = { cwd: app.path, env: { DATABASE_URL: "sqlite3://./a.db" } };
  const list = (...args: string[]) => runAzu(["session:list", ...args], options);
  // Nothing has to be sorted in an empty table.
  strictEqual((await list("--sort", "created")).code, 0);
  sqlite(app.path, "a.db", "INSERT INTO sessions VALUES ('a', '7'), ('b', NULL), ('c', '10')");

  const { code, stdout, stderr } = await list("--sort", "created");
  deepStrictEqual([code, stdout], [3, ""]);
  match(
    stderr,
    /^error: The sessions of the database backend do not tell when a session was created, so they cannot be sorted by it\nWithout --sort, they are listed in no particular order$/m,
  );
  const json = JSON.parse((await list("--sort=-visited", "--json")).stdout);
  deepStrictEqual([json.outcome, json.exitCode, json.sessions], ["impossible", 3, []]);

  const sorted = JSON.parse((await list("--sort", "user", "--json")).stdout);
  deepStrictEqual(sorted.sessions.map(({ user }: { user: unknown }) => user), ["7", "10", null]);
  strictEqual((await list("--sort", "size")).code, 0);
});
