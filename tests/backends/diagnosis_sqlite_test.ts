/** What `session:doctor` finds on SQLite: each check in situations that are good and bad. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { StoreCheckId } from "../../src/backends/diagnosis.ts";
import { bindBackend } from "../../src/backends/registry.ts";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { sqlite } from "../support/servers/database.ts";
import { tempDir } from "../support/temp.ts";
import { allWell, diagnosed, tryAll } from "./diagnosed.ts";
import { context } from "./subject.ts";

const CHECKS: readonly StoreCheckId[] = [
  "reach.login",
  ...["rights.list", "rights.revoke", "rights.clear", "rights.sweep"] as const,
  ...["table.shape", "table.expiry-index", "table.columns", "table.time-zone"] as const,
  ...["table.backlog", "table.dead-rows", "table.triggers", "table.references"] as const,
];

const CREATE = createStatements("sqlite", { name: "sessions" }).map((lines) => lines.join("\n"));

const NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

/** Rows as the app writes them. @param expires When they expire, from now. */
const rows = (count: number, expires = "+30 minutes", created = NOW) =>
  `WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ` +
  "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at, user_id) " +
  `SELECT lower(hex(randomblob(16))), '{}', ${created}, ${NOW}, ` +
  `strftime('%Y-%m-%d %H:%M:%f', 'now', '${expires}'), 1 FROM n`;

Deno.test("sqlite: what is wrong with a table is found", async (t) => {
  await using app = await tempDir();
  const at = (table = "sessions", file = "app.db") => {
    return bindBackend("database", { url: `sqlite3://./${file}`, table }, {
      ...context,
      root: app.path,
    });
  };
  const run = (...statements: readonly string[]) => sqlite(app.path, "app.db", ...statements);
  const renew = () => {
    run(
      "DROP TABLE IF EXISTS carts",
      "DROP TABLE IF EXISTS sessions",
      ...CREATE,
      rows(50),
      "VACUUM",
    );
  };
  renew();
  allWell(await diagnosed(at()), CHECKS);
  const after = (...statements: readonly string[]) => ({
    begin() {
      run(...statements);
      return Promise.resolve(renew);
    },
  });

  await tryAll(t, at, [
    { id: "reach.login", status: "ok", evidence: /^the file .*app\.db can be opened$/ },
    {
      id: "table.shape",
      status: "failure",
      evidence: /^Table session does not exist in sqlite3:/,
      fix: /session:setup --apply/,
      backend: () => at("session"),
    },
    {
      id: "table.shape",
      status: "failure",
      evidence: /^the table sessions has no column data$/,
      fix: /layout/,
      ...after("ALTER TABLE sessions DROP COLUMN data"),
    },
    {
      id: "table.shape",
      status: "warning",
      evidence: /no unique index on session_id/,
      fix: /unique index/,
      ...after("DROP INDEX sessions_session_id_idx"),
    },
    {
      id: "table.expiry-index",
      status: "warning",
      evidence: /^no index begins with expires_at, .* \(about 50\)$/,
      fix:
        'CREATE INDEX IF NOT EXISTS "main"."sessions_expires_at_idx" ON "sessions" ("expires_at")',
      ...after("DROP INDEX sessions_expires_at_idx"),
    },
    {
      id: "table.expiry-index",
      status: "failure",
      evidence: /\(about 1\d\d,\d\d\d\)$/,
      fix: /CREATE INDEX/,
      ...after("DROP INDEX sessions_expires_at_idx", rows(110_000)),
    },
    {
      id: "table.columns",
      status: "failure",
      evidence: /^there is no column user_id, which the app writes$/,
      ...after("DROP INDEX sessions_user_id_idx", "ALTER TABLE sessions DROP COLUMN user_id"),
    },
    {
      id: "table.columns",
      status: "warning",
      evidence: /^there is no index on user_id: a search/,
      ...after("DROP INDEX sessions_user_id_idx"),
    },
    {
      id: "table.time-zone",
      status: "failure",
      evidence: /^20 of 70 rows looked at were created in the future, by up to 2 h 0 min/,
      ...after(rows(20, "+1 hour", "strftime('%Y-%m-%d %H:%M:%f', 'now', '+2 hours')")),
    },
    {
      id: "table.time-zone",
      status: "warning",
      evidence: /^20 of 70 rows looked at have no readable time$/,
      ...after(rows(20, "+1 hour", "strftime('%s', 'now')")),
    },
    {
      id: "table.backlog",
      status: "warning",
      evidence: /^2,000 of about 2,050 sessions have expired, the first one 1 h 0 min ago$/,
      ...after(rows(2000, "-1 hour")),
    },
    {
      id: "table.backlog",
      status: "failure",
      evidence: /^at least 10,000 of about 12,050 sessions have expired, .* nothing removes them/,
      ...after(rows(12_000, "-3 days")),
    },
    {
      id: "table.dead-rows",
      status: "warning",
      evidence: /^\d+ of the file's \d+ MiB are free$/,
      fix: /^sqlite3 .*app\.db VACUUM$/,
      ...after(rows(150_000), "DELETE FROM sessions WHERE id > 50"),
    },
    {
      id: "table.triggers",
      status: "warning",
      evidence: /^the trigger audited runs for each session that is removed$/,
      ...after("CREATE TRIGGER audited AFTER DELETE ON sessions BEGIN SELECT 1; END"),
    },
    {
      id: "table.triggers",
      status: "ok",
      evidence: /^no trigger/,
      ...after("CREATE TRIGGER welcomed AFTER INSERT ON sessions BEGIN SELECT 1; END"),
    },
    {
      id: "table.references",
      status: "warning",
      evidence: /^carts may refer to sessions/,
      ...after("CREATE TABLE carts (session integer REFERENCES sessions (id))"),
    },
  ]);
});

Deno.test("sqlite: an index on the expiry is added only if that is asked for", async () => {
  await using app = await tempDir();
  const { signal } = new AbortController();
  sqlite(app.path, "app.db", ...CREATE, "DROP INDEX sessions_expires_at_idx");
  const backend = bindBackend("database", { url: "sqlite3://./app.db" }, {
    ...context,
    root: app.path,
  });
  await using store = await backend.connect(signal);
  strictEqual(await store.missingInTable?.(signal), undefined);
  const changes = await store.missingInTable?.(signal, { expiryIndex: true });
  deepStrictEqual(changes?.missing, ["an index on expires_at"]);
  await store.changeTable?.(changes, signal);
  allWell(await diagnosed(backend), CHECKS);
});

/** Prints the finding of `rights.clear`. */
const ASK = `
  import { bindBackend } from "${import.meta.resolve("../../src/backends/registry.ts")}";
  import { diagnosed } from "${import.meta.resolve("./diagnosed.ts")}";
  import { context } from "${import.meta.resolve("./subject.ts")}";
  const root = Deno.args[0];
  const backend = bindBackend("database", { url: "sqlite3://./app.db" }, { ...context, root });
  const { status, evidence, fix } = (await diagnosed(backend)).get("rights.clear");
  console.log(status + ": " + evidence + "; " + fix);
`;

Deno.test("sqlite: a folder that cannot be written is found", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using app = await tempDir();
  await using scripts = await tempDir();
  sqlite(app.path, "app.db", ...CREATE);
  await Deno.writeTextFile(`${scripts.path}/ask.ts`, ASK);
  await Deno.chmod(app.path, 0o555);
  // Modes do not hold for root, unless it gives this capability away.
  const asUser = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-dac_override"] : ["env"];
  const [command = "", ...args] = [
    ...[...asUser, Deno.execPath(), "run", "-A", "--no-check", "--quiet"],
    ...[`--config=${import.meta.dirname}/../../deno.json`, `${scripts.path}/ask.ts`, app.path],
  ];
  const { stdout, stderr } = await new Deno.Command(command, { args }).output();
  await Deno.chmod(app.path, 0o755);
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  match(
    text,
    /^failure: the folder .* cannot be written, but a removal needs a journal there; .*chmod u\+w/,
  );
});
