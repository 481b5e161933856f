/** Servers, files and tables that an attacker could have made: what a clear does with them. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { bytesOf, startPeer } from "../../support/network/redis_peer.ts";
import { freshPostgres, sqlite, sqliteCount } from "../../support/servers/database.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const CLEAR = ["session:clear", "--force"];
const DATABASE = [...CLEAR, "-b", "database"];
const KEY = "a:session:0123456789abcdef";

/** A Redis with one session, whose replies to UNLINK and SCAN are chosen by the test. */
function redisThat(replies: { readonly unlink: string; readonly scan?: string }) {
  const text = (value: string) => `$${value.length}\r\n${value}\r\n`;
  const answers: [RegExp, string][] = [
    [
      /HELLO/i,
      `*6\r\n${["server", "redis", "mode", "standalone", "role", "master"].map(text).join("")}`,
    ],
    [/SCAN/i, replies.scan ?? `*2\r\n${text("0")}*1\r\n${text(KEY)}`],
    [/TYPE/i, "+string\r\n"],
    [/GETRANGE/i, text("{}")],
    [/UNLINK[^]*azu-/i, ":0\r\n"],
    [/UNLINK|DEL/i, replies.unlink],
  ];
  return startPeer(async (connection, received) => {
    for (let request = await received(); request !== ""; request = await received()) {
      for (const command of request.split(/(?=\*\d+\r\n)/)) {
        const [, reply] = answers.find(([name]) => name.test(command)) ?? [/./, ":1\r\n"];
        await connection.write(bytesOf(reply));
      }
    }
  });
}

Deno.test("no error text of a Redis or a proxy shows a key", async () => {
  const texts = [
    `ERR cannot forward UNLINK ${KEY}`,
    `ERR no such key '${KEY}'`,
    `NOPERM No permissions to access key ${KEY}`,
    `WRONGTYPE ${KEY}`,
    `CROSSSLOT ${KEY} and others`,
    `${KEY} is wrong`,
    `READONLY ${KEY}`,
    `ERR unknown command '${KEY}', with args beginning with: '${KEY}'`,
  ];
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: a\n" });
  for (const said of texts) {
    for (const peer of [{ unlink: `-${said}\r\n` }, { unlink: ":1\r\n", scan: `-${said}\r\n` }]) {
      await using server = redisThat(peer);
      const env = { REDIS_URL: `redis://127.0.0.1:${server.port}` };
      const { code, stdout, stderr } = await runAzu([...CLEAR, "--timeout", "1s"], {
        cwd: app.path,
        env,
      });
      strictEqual(code, 1, said);
      doesNotMatch(stdout + stderr, /0123456789abcdef/, said);
    }
  }
});

/** The length of a packet of MySQL, 16 MiB less a byte. The next one continues it. */
const PACKET = 0xff_ff_ff;

for (
  const [scheme, greeting, header] of [
    // No TLS, then a message of 2 GiB.
    ["postgres", [[], [0x4e], [0x4e, 0x7f, 0xff, 0xff, 0xff]], []],
    ["mysql", [[]], [0xff, 0xff, 0xff]],
  ] as const
) {
  Deno.test(`${scheme}: an answer without end does not fill the memory`, async () => {
    let sent = 0;
    await using server = startPeer(async (connection, received) => {
      for (const [at, bytes] of greeting.entries()) {
        if (at > 0) await received();
        await connection.write(Uint8Array.from(bytes));
      }
      const chunk = new Uint8Array(PACKET).fill(0x0a);
      for (let packet = 0; packet < 100; packet++) {
        if (header.length > 0) await connection.write(Uint8Array.from([...header, packet]));
        for (let at = 0; at < chunk.length;) at += await connection.write(chunk.subarray(at));
        sent += 16;
      }
    });
    await using app = await tempDir();
    const env = { DATABASE_URL: `${scheme}://a:pw@127.0.0.1:${server.port}/d` };
    const { code, stderr } = await runAzu(DATABASE, { cwd: app.path, env });
    strictEqual(code, 1, stderr);
    // What the system keeps between the two ends counts, too.
    ok(sent < 500, `${sent} MiB were read`);
  });
}

Deno.test("a certificate that is a pipe or a device is refused", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using app = await tempDir();
  const pipe = `${app.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const tls = (ca: string) =>
    `export default { session: { backends: { redis: { url: "rediss://127.0.0.1:1", tls: { ca: "${ca}" } } } } };`;
  for (const file of [pipe, "/dev/zero"]) {
    await writeTree(app.path, { "azu.config.ts": tls(file) });
    const urls = [
      `postgres://a:b@127.0.0.1:1/d?sslmode=verify-ca&sslrootcert=${file}`,
      `mysql://a:b@127.0.0.1:1/d?ssl-mode=verify-ca&ssl-ca=${file}`,
    ];
    const runs = [
      runAzu([...CLEAR, "-b", "redis"], { cwd: app.path }),
      ...urls.map((url) => runAzu(DATABASE, { cwd: app.path, env: { DATABASE_URL: url } })),
    ];
    for (const { code, stderr } of await Promise.all(runs)) {
      strictEqual(code, 2, stderr);
      match(stderr, /tls\.ca: cannot read .*: it is not a file|Cannot read the file that ssl/);
    }
  }
});

const TABLE = "CREATE TABLE sessions (id integer PRIMARY KEY, session_id text)";
const FILL = "INSERT INTO sessions SELECT value, hex(value) FROM " +
  "(WITH RECURSIVE s(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s WHERE value < 100) SELECT * FROM s)";
const SQLITE = { DATABASE_URL: "sqlite3://./app.db" };

Deno.test("sqlite: what a failing trigger leaves undone is not gone", async () => {
  for (const action of ["SELECT RAISE(FAIL, 'x')", "INSERT OR FAIL INTO log VALUES (1)"]) {
    await using app = await tempDir();
    const log = "CREATE TABLE log (id integer PRIMARY KEY)";
    const trigger =
      `CREATE TRIGGER t BEFORE DELETE ON sessions WHEN OLD.id = 50 BEGIN ${action}; END`;
    sqlite(app.path, "app.db", TABLE, log, "INSERT INTO log VALUES (1)", FILL, trigger);
    const result = await runAzu([...DATABASE, "--json"], { cwd: app.path, env: SQLITE });
    const { cleared } = JSON.parse(result.stdout);
    deepStrictEqual([result.code, cleared], [1, 0], result.stderr);
    strictEqual(sqliteCount(app.path, "app.db", "sessions"), 100);
  }
});

Deno.test("sqlite: rows that a trigger removes are counted", async () => {
  await using app = await tempDir();
  const trigger = "CREATE TRIGGER t AFTER DELETE ON sessions BEGIN " +
    "DELETE FROM sessions WHERE id BETWEEN OLD.id + 1 AND OLD.id + 10; END";
  sqlite(app.path, "app.db", TABLE, FILL, trigger);
  const { stdout } = await runAzu(DATABASE, { cwd: app.path, env: SQLITE });
  match(stdout, /^Cleared 100 session/m);
});

Deno.test("postgres: --truncate is not refused because of a rule", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  await database.query(`CREATE TABLE sessions (session_id text, expires_at timestamptz);
    INSERT INTO sessions VALUES ('a');
    CREATE RULE r AS ON DELETE TO sessions DO INSTEAD NOTHING`);
  const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
  const refused = await runAzu(DATABASE, options);
  strictEqual(refused.code, 1);
  match(refused.stderr, /The rule r changes what a DELETE does.*\n.*or use --truncate/);
  const { code, stdout } = await runAzu([...DATABASE, "--truncate"], options);
  deepStrictEqual([code, /^Cleared 1 session/m.test(stdout)], [0, true]);
});

Deno.test(
  "postgres: an unknown database in a function is not that of the URL",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    await using app = await tempDir();
    await database.query(`CREATE TABLE sessions (session_id text, expires_at timestamptz);
    INSERT INTO sessions VALUES ('0123456789abcdef');
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;
    CREATE TRIGGER t BEFORE DELETE ON sessions FOR EACH ROW
      WHEN (has_database_privilege(OLD.session_id, 'connect')) EXECUTE FUNCTION f()`);
    const { code, stderr } = await runAzu(DATABASE, {
      cwd: app.path,
      env: { DATABASE_URL: database.url },
    });
    strictEqual(code, 1);
    doesNotMatch(stderr, /0123456789abcdef|does not exist/);
    match(stderr, /its text is not shown, as it may quote a row/);
  },
);
