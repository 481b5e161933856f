/** Commands that select sessions show no id, no payload and no secret, whatever goes wrong. */
import { match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { runAzu } from "../support/cli.ts";
import { needs } from "../support/env.ts";
import { freshMariadb, freshPostgres } from "../support/servers/database.ts";
import { bytesOf, startPeer } from "../support/network/redis_peer.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir } from "../support/temp.ts";
import { payloadOf } from "../backends/subject.ts";
import { appWith, SECRET, session, someSessions } from "./sessions.ts";

const SESSION_SECRET = "s3ss10n-s3cret-0123456789abcdef0123";
const SESSION_SECRET_PREVIOUS = "0ld-s3cret-0123456789abcdef0123";
const CANARY = "payload-canary";
const PASSWORD = "hunter2-pw";

const COMMANDS = [
  ...["table", "json", "ndjson", "csv", "handles"].map((format) => [
    ...["session:list", "--limit", "all", "--format", format],
  ]),
  ["session:list", "--count", "--logged-in"],
  ["session:list", "--user", "42", "--json"],
  ["session:revoke", "--user", "42", "--dry-run"],
  ["session:revoke", "--logged-in", "--dry-run", "--json"],
  ["session:revoke", "--user", "42", "--force"],
  ["session:revoke", "--logged-in", "--force", "--json"],
  ["session:sweep"],
  ["session:sweep", "--json"],
];

/** Runs commands; every byte that comes out. */
async function outputs(
  cwd: string,
  env: Readonly<Record<string, string>>,
  backend: string,
  commands: readonly (readonly string[])[] = COMMANDS,
) {
  let all = "";
  const codes: number[] = [];
  for (const command of commands) {
    const args = [...command, "-b", backend, "--timeout", "2s"];
    const secrets = { SESSION_SECRET, SESSION_SECRET_PREVIOUS };
    const { code, stdout, stderr } = await runAzu(args, { cwd, env: { ...secrets, ...env } });
    all += stdout + stderr;
    codes.push(code);
    strictEqual(/bug in azu/.test(stderr), false, stderr);
  }
  for (const secret of [SECRET, CANARY, SESSION_SECRET, SESSION_SECRET_PREVIOUS, PASSWORD]) {
    strictEqual(all.includes(secret), false, `${secret} is in the output:\n${all}`);
  }
  return { all, codes };
}

const payload = (saved: ReturnType<typeof session>) => {
  return payloadOf(saved).replace("{", `{"note":"${CANARY}",`);
};

Deno.test("sqlite: success, a table without columns, a file that is none", async () => {
  await using app = await appWith(someSessions());
  app.run(`UPDATE sessions SET data = replace(data, '{', '{"note":"${CANARY}",')`);
  const { codes } = await outputs(app.path, app.options.env, "database");
  strictEqual(codes.every((code) => code === 0), true);
  app.run("DELETE FROM sessions");
  app.save(someSessions());
  app.run(`UPDATE sessions SET data = '${CANARY}'`);
  await outputs(app.path, app.options.env, "database");
  app.run("ALTER TABLE sessions DROP COLUMN data");
  app.run("DROP INDEX sessions_user_id_idx");
  app.run("ALTER TABLE sessions DROP COLUMN user_id");
  match((await outputs(app.path, app.options.env, "database")).all, /tells the user/);
  await Deno.writeTextFile(`${app.path}/app.db`, `${SECRET} ${CANARY}`.repeat(100));
  await outputs(app.path, app.options.env, "database");
});

Deno.test("postgres: success, and a trigger that tells the row", needs("postgres"), async () => {
  await using database = await freshPostgres();
  await using app = await tempDir();
  for (const lines of createStatements("postgres", { name: "sessions" })) {
    await database.query(lines.join("\n"));
  }
  const save = async () => {
    for (const saved of someSessions()) {
      const data = new TextEncoder().encode(payload(saved)).toHex();
      await database.query(
        "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) VALUES " +
          `('${saved.id}', '\\x${data}', now(), now(), '${
            new Date(saved.expiresAt ?? 0).toISOString()
          }')` +
          " ON CONFLICT DO NOTHING",
      );
    }
  };
  await save();
  const env = { DATABASE_URL: database.url };
  const { codes } = await outputs(app.path, env, "database");
  strictEqual(codes.every((code) => code === 0), true);
  await save();
  await database.query(
    "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
      "RAISE EXCEPTION 'no: %', OLD; END $$",
  );
  await database.query(
    "CREATE TRIGGER tell BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION tell()",
  );
  match((await outputs(app.path, env, "database")).all, /its text is not shown/);
  // Reading fails too, and the error quotes the id, or the payload.
  await database.query(
    "CREATE TYPE told AS (value text); CREATE FUNCTION say(told) RETURNS text LANGUAGE plpgsql AS " +
      "$$ BEGIN RAISE EXCEPTION 'no: %', $1.value; END $$; CREATE CAST (told AS text) WITH FUNCTION say",
  );
  await database.query(
    "ALTER TABLE sessions ALTER data TYPE told USING ROW(encode(data, 'escape'))::told",
  );
  const { codes: unread } = await outputs(
    app.path,
    env,
    "database",
    COMMANDS.filter(([name]) => name !== "session:sweep"),
  );
  strictEqual(unread.every((code) => code === 1), true, unread.join());
  const wrong = new URL(database.url);
  wrong.password = PASSWORD;
  await outputs(app.path, { DATABASE_URL: wrong.href }, "database");
});

Deno.test(
  "redis: success, keys of another type, wrong password",
  needs("redis-server"),
  async () => {
    await using server = await startRedis({ password: PASSWORD });
    await using app = await tempDir();
    const client = new Redis(server.url);
    const save = async () => {
      for (const saved of someSessions()) await client.set(`session:${saved.id}`, payload(saved));
    };
    await save();
    const { codes } = await outputs(app.path, { REDIS_URL: server.url }, "redis");
    strictEqual(codes.every((code) => code === 0), true);
    await save();
    await client.hset(`session:${SECRET}-hash`, CANARY, CANARY);
    await client.set(`session:${SECRET}-text`, CANARY);
    await outputs(app.path, { REDIS_URL: server.url }, "redis");
    await client.call(
      "ACL",
      "SETUSER",
      "azu",
      "on",
      ">pw",
      "~*",
      "+@all",
      "-get",
      "-mget",
      "-scan",
    );
    const { port } = new URL(server.url);
    await outputs(app.path, { REDIS_URL: `redis://azu:pw@127.0.0.1:${port}` }, "redis");
    await outputs(app.path, { REDIS_URL: `redis://:${PASSWORD}x@127.0.0.1:${port}` }, "redis");
    client.disconnect();
  },
);

/** Replies that quote a key or a value, as some servers, proxies and modules send them. */
const TELLING = [
  `ERR wrong value of 'session:${SECRET}-a': {"note":"${CANARY}"}`,
  `WRONGTYPE session:${SECRET}-a holds ${CANARY}`,
  `NOPERM User azu has no permissions to access the 'session:${SECRET}-a' key`,
  `NOPERM User ${CANARY} has no permissions to run the '${SECRET}' command`,
];

const ASKING = [
  ["SCAN", [["session:list"], ["session:sweep"]]],
  ["MGET", [["session:list", "--user", "42", "--json"], ["session:revoke", "--user", "42", "-f"]]],
  ["UNLINK", [["session:revoke", "--user", "42", "-f"]]],
  ["PEXPIRETIME", [["session:list"], ["session:sweep", "--json"]]],
  ["PEXPIRE", [["session:sweep", "--fix-ttl"]]],
] as const;

for (const [asked, commands] of ASKING) {
  const name = `redis: errors of ${asked} that quote a key or a value`;
  Deno.test(name, needs("redis-server"), async () => {
    await using server = await startRedis();
    await using app = await tempDir();
    const client = new Redis(server.url);
    for (const saved of someSessions()) await client.set(`session:${saved.id}`, payload(saved));
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
          const isAsked = new RegExp(`\r\n${asked}\r\n`, "i").test(request);
          if (isAsked) await connection.write(bytesOf(`-${text}\r\n`.repeat(10)));
          else await redis.write(bytesOf(request));
        }
        redis.close();
        await answers;
      });
      const env = { REDIS_URL: `redis://127.0.0.1:${peer.port}` };
      const { codes, all } = await outputs(app.path, env, "redis", commands);
      strictEqual(codes.every((code) => code === 1), true, all);
    }
  });
}

Deno.test("mysql: a trigger that tells the row", needs("mariadb"), async () => {
  await using database = await freshMariadb();
  await using app = await tempDir();
  for (const lines of createStatements("mysql", { name: "sessions" })) {
    await database.query(lines.join("\n"));
  }
  for (const saved of someSessions()) {
    const data = new TextEncoder().encode(payload(saved)).toHex();
    await database.query(
      "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) VALUES " +
        `('${saved.id}', X'${data}', now(), now(), '2020-01-01')`,
    );
  }
  await database.query(
    "CREATE TRIGGER tell BEFORE DELETE ON sessions FOR EACH ROW BEGIN " +
      "DECLARE told text; SET told = CONCAT('no: ', OLD.session_id, OLD.data); " +
      "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = told; END",
  );
  const commands = [["session:sweep"], ["session:revoke", "--user", "42", "-f", "--json"]];
  const { codes, all } = await outputs(
    app.path,
    { DATABASE_URL: database.url },
    "database",
    commands,
  );
  strictEqual(codes.every((code) => code === 1), true, all);
  match(all, /its text is not shown/);
});
