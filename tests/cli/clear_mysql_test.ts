/** A MySQL table, from its creation to its clearing, as a user sees it. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../support/cli.ts";
import { freshMariadb } from "../support/database.ts";
import { needs } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";

const CLEAR = ["session:clear", "--backend", "database", "--force"];

Deno.test("mysql: --apply makes the table, clear empties it", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await using app = await tempDir();
  await writeTree(app.path, {
    "shard.yml": "name: shop\nversion: 0.1.0\n",
    "azu.config.ts":
      'export default { session: { backends: { database: { table: "user-sessions" } } } };',
  });
  const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
  const setup = ["session:setup", "-b", "database", "--apply"];
  match((await runAzu(setup, options)).stdout, /^Created the table user-sessions in mysql:/m);
  match((await runAzu(setup, options)).stdout, /user-sessions .*already|Nothing to change/);
  await database.query(
    "INSERT INTO `user-sessions` (session_id, data, created_at, updated_at, expires_at) " +
      "SELECT CONCAT('s', seq), '', now(), now(), now() FROM seq_1_to_12345",
  );
  const address = database.url.replace(/(:\/\/[^:]*):[^@]*@/, "$1:***@");
  const result = await runAzu(CLEAR, options);
  deepStrictEqual(result.stdout.split("\n"), [
    `Backend decided by --backend, target ${address}, table user-sessions`,
    "Clearing sessions...",
    "Backend: database",
    "Clearing database sessions...",
    "Cleared 12345 session(s)",
    "✓ Sessions cleared successfully",
    "",
  ]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  match((await runAzu(CLEAR, options)).stdout, /^No sessions found$/m);
});

Deno.test("mysql: what cannot be reached, or is no URL of a database", async () => {
  await using app = await tempDir();
  const refused = await runAzu(CLEAR, {
    cwd: app.path,
    env: { DATABASE_URL: "mysql://app:hunter2@127.0.0.1:1/app" },
  });
  strictEqual(refused.code, 1);
  match(refused.stderr, /^error: Cannot connect to the database: nothing listens there/);
  for (
    const [url, problem] of [
      ["mysql://app:hunter2@h", /names no database/],
      ["mysql://h/app", /names no user/],
      ["mysql://app:hunter2@h/app?ssl-mode=maybe", /expected ssl-mode to be disabled, preferred/],
      ["mysql://app:hun/ter2@h/app", /must be percent-encoded/],
    ] as const
  ) {
    const { code, stdout, stderr } = await runAzu(CLEAR, {
      cwd: app.path,
      env: { DATABASE_URL: url },
    });
    strictEqual(code, 2, stderr);
    match(stderr, problem);
    doesNotMatch(stdout + stderr, /hunter2|hun\/ter2|Cleared|✓/);
  }
});
