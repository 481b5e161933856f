/** No id, payload or secret is in what a copy prints or writes, whatever goes wrong. */
import { match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { bytesOf, startPeer } from "../../support/network/redis_peer.ts";
import { freshMariadb, freshPostgres } from "../../support/servers/database.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { createStatements } from "../../../src/backends/sql/ddl.ts";
import { copyApp } from "./app.ts";
import { type Kept, mysqlEnd, postgresEnd, redisEnd, sqliteEnd } from "./ends.ts";

const ID = "5ecre7-1d";
const CANARY = "payload-canary";
const PASSWORD = "hunter2-pw";
const SESSION_SECRET = "s3ss10n-s3cret-0123456789abcdef0123";

const NOW = Date.now();
const HOUR = 3_600_000;

function session(facts: Partial<Kept> = {}): Kept {
  const payload = `{"user_id":42,"note":"${CANARY}","visited_at":"2026-11-28T00:00:00Z"}`;
  return { payload, expiresAt: NOW + HOUR, visitedAt: NOW - HOUR, ...facts };
}

const SESSIONS = Object.fromEntries(
  Array.from({ length: 12 }, (_, index) => [`${ID}-${index}`, session()]),
);
const LONG = { [`${ID}-${"x".repeat(300)}`]: session() };

/** Runs copies in several ways; every byte that comes out of them, and that they leave in files. */
async function outputs(
  backends: Readonly<Record<string, unknown>>,
  between: () => Promise<void> = () => Promise.resolve(),
) {
  await using app = await copyApp(backends, { SESSION_SECRET, XDG_STATE_HOME: "state" });
  let all = "";
  const codes: number[] = [];
  const command = ["session:copy", "--from", "source", "--to", "target"];
  const failed = ["--failed", "failed.txt", "--ledger", "ledger", "--timeout", "2s"];
  for (const [index, more] of [["--dry-run"], ["--force"], ["--force", "--json"]].entries()) {
    const args = [...command, ...failed, ...more, "--remove-ended", "--remove-most"];
    const { code, stdout, stderr } = await runAzu(args, app.options);
    codes.push(code);
    all += stdout + stderr;
    strictEqual(/bug in azu/.test(stderr), false, stderr);
    if (index === 1) await between();
  }
  let files = "";
  for await (const { name } of Deno.readDir(app.path)) {
    if (name === "azu.config.ts") continue; // the test's own
    const bytes = await Deno.readFile(`${app.path}/${name}`);
    files += Buffer.from(bytes).toString("latin1");
    all += `${name}\n`;
  }
  for (const secret of [ID, CANARY, PASSWORD, SESSION_SECRET]) {
    strictEqual(all.includes(secret), false, `${secret} is in the output:\n${all}`);
    strictEqual(files.includes(secret), false, `${secret} is in a file`);
  }
  return { all, codes };
}

Deno.test("success, and what ends in between", needs("redis-server", "postgres"), async () => {
  for (
    const [makeSource, makeTarget] of [[redisEnd, postgresEnd], [sqliteEnd, redisEnd]] as const
  ) {
    await using source = await makeSource();
    await using target = await makeTarget();
    await source.write({ ...SESSIONS, ...LONG });
    const { all } = await outputs({ source: source.entry, target: target.entry }, async () => {
      await source.remove(`${ID}-3`, `${ID}-4`);
      await target.remove(`${ID}-5`);
    });
    match(all, /"removed": 1,/);
    match(all, /"ended": 2,/);
  }
});

Deno.test("postgres: triggers that tell the row", needs("postgres", "redis-server"), async () => {
  await using source = await redisEnd();
  await using database = await freshPostgres();
  for (const lines of createStatements("postgres", { name: "sessions" })) {
    await database.query(lines.join("\n"));
  }
  const target = { type: "database", url: database.url };
  await source.write(SESSIONS);
  const tell = async (event: string, row: string) => {
    await database.query(
      `CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
        `RAISE EXCEPTION 'no: % %', ${row}.session_id, encode(${row}.data, 'escape'); END $$; ` +
        `DROP TRIGGER IF EXISTS tell ON sessions; CREATE TRIGGER tell BEFORE ${event} ON ` +
        "sessions FOR EACH ROW EXECUTE FUNCTION tell()",
    );
  };
  await tell("INSERT", "NEW");
  const inserted = await outputs({ source: source.entry, target });
  match(inserted.all, /cannot be copied/);
  await database.query("DROP TRIGGER tell ON sessions");
  const removed = await outputs({ source: source.entry, target }, async () => {
    await source.remove(`${ID}-3`);
    await tell("DELETE", "OLD");
  });
  match(removed.all, /"endedFailed": 1,/);
  // Reading fails too, and the error quotes the payload.
  await database.query(
    "CREATE TYPE told AS (value text); CREATE FUNCTION say(told) RETURNS text LANGUAGE plpgsql AS " +
      "$$ BEGIN RAISE EXCEPTION 'no: %', $1.value; END $$; CREATE CAST (told AS text) WITH " +
      "FUNCTION say; ALTER TABLE sessions ALTER data TYPE told USING " +
      "ROW(encode(data, 'escape'))::told",
  );
  await using other = await sqliteEnd();
  const { codes } = await outputs({ source: target, target: other.entry });
  ok(codes.every((code) => code === 1), codes.join());
  const wrong = new URL(database.url);
  wrong.password = PASSWORD;
  await outputs({ source: source.entry, target: { type: "database", url: wrong.href } });
});

Deno.test("mysql: triggers that tell the row", needs("mariadb", "redis-server"), async () => {
  await using source = await redisEnd();
  await using target = await mysqlEnd();
  await source.write({ ...SESSIONS, ...LONG });
  await using database = await freshMariadb();
  for (const lines of createStatements("mysql", { name: "sessions" })) {
    await database.query(lines.join("\n"));
  }
  await database.query(
    "CREATE TRIGGER tell BEFORE INSERT ON sessions FOR EACH ROW BEGIN " +
      "DECLARE told text; SET told = CONCAT('no: ', NEW.session_id, NEW.data); " +
      "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = told; END",
  );
  const refusing = { type: "database", url: database.url };
  match((await outputs({ source: source.entry, target: refusing })).all, /cannot be copied/);
  await outputs({ source: source.entry, target: target.entry });
});

/** Replies that quote a key or a value, as some servers, proxies and modules send them. */
const TELLING = [
  `ERR wrong value of 'shop:session:${ID}-a': {"note":"${CANARY}"}`,
  `NOPERM User azu has no permissions to access the 'shop:session:${ID}-a' key`,
];

Deno.test("redis: errors that quote a key or a value", needs("redis-server"), async () => {
  await using server = await startRedis({ password: PASSWORD });
  const client = new Redis(server.url);
  for (const id of Object.keys(SESSIONS)) {
    await client.set(`shop:session:${id}`, String(SESSIONS[id]?.payload), "EX", 3600);
  }
  client.disconnect();
  for (const text of TELLING) {
    await using peer = startPeer(async (connection, received) => {
      using redis = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      const answers = (async () => {
        const buffer = new Uint8Array(1 << 16);
        for (let n = await redis.read(buffer); n !== null; n = await redis.read(buffer)) {
          await connection.write(buffer.slice(0, n));
        }
      })().catch(() => {});
      for (let request = await received(); request !== ""; request = await received()) {
        const isAsked = /\r\n(?:EVAL|EVALSHA|MGET|GET)\r\n/i.test(request);
        if (isAsked) await connection.write(bytesOf(`-${text}\r\n`.repeat(10)));
        else await redis.write(bytesOf(request));
      }
      redis.close();
      await answers;
    });
    const url = `redis://:${PASSWORD}@127.0.0.1:${peer.port}`;
    const telling = { type: "redis", url, keyPrefix: "shop:session:" };
    await using other = await sqliteEnd();
    await other.write(SESSIONS);
    for (const ends of [[telling, other.entry], [other.entry, telling]]) {
      const { codes, all } = await outputs({ source: ends[0], target: ends[1] });
      ok(codes.slice(1).every((code) => code === 1), all);
    }
  }
});
