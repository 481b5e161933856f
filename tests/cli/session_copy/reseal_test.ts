/** `session:copy --reseal` seals sessions with the new secret, and changes nothing else. */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { handleOf } from "../../../src/backends/handle.ts";
import { createStatements, recordedColumns } from "../../../src/backends/sql/ddl.ts";
import { FORMS, sealed } from "../../backends/sealed.ts";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { freshPostgres } from "../../support/servers/database.ts";
import { tempDir, writeTree } from "../../support/temp.ts";
import { documentedFields } from "../reference.ts";
import {
  clusterEnd,
  type End,
  type Kept,
  mysqlEnd,
  postgresEnd,
  redisEnd,
  sqliteEnd,
} from "./ends.ts";

const [OLDEST = "", OLD = "", NEW = "", UNKNOWN = ""] = ["a", "b", "c", "d"].map((digit) => {
  return digit.repeat(40);
});
const SECRETS = { SESSION_SECRET: NEW, SESSION_SECRET_PREVIOUS: `${OLD}, ${OLDEST}` };

const NOW = Date.now();
const HOUR = 3_600_000;

/** Stands for the random part of every id, and what payloads contain. */
const CANARY = "5ecre7-1d";

function textOf(user: number): string {
  return `{"user_id":${user},"note":"${CANARY} é"}`;
}

function kept(payload: string, index: number): Kept {
  return { payload, expiresAt: NOW + HOUR + index, visitedAt: NOW - HOUR };
}

/** Sessions of the users from 0 on, by the secrets that have sealed them. */
function sessions(secrets: readonly (string | undefined)[]): Record<string, Kept> {
  return Object.fromEntries(secrets.map((secret, user) => {
    const form = user % 5 === 4 ? { digest: "sha1" as const } : FORMS[user % 5];
    const payload = secret === undefined ? textOf(user) : sealed(textOf(user), form ?? {}, secret);
    return [`${CANARY}-${user}`, kept(payload, user)] as const;
  }));
}

const MIXED = Array.from({ length: 120 }, (_, user) => {
  return user < 60 ? OLD : user < 80 ? OLDEST : user < 100 ? NEW : undefined;
});

async function appOf(entry: unknown) {
  const app = await tempDir();
  const config = { app: "shop", session: { backend: "own", backends: { own: entry } } };
  await writeTree(app.path, { "azu.config.ts": `export default ${JSON.stringify(config)};` });
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = SECRETS) => {
    return runAzu([...args], { cwd: app.path, env });
  };
  return { ...app, run, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

const RESEAL = ["session:copy", "--reseal"];

const ends: Readonly<Record<string, readonly [() => Promise<End>, ...Parameters<typeof needs>]>> = {
  Redis: [redisEnd, "redis-server"],
  "a cluster": [clusterEnd, "redis-server"],
  PostgreSQL: [postgresEnd, "postgres"],
  MySQL: [mysqlEnd, "mariadb"],
  SQLite: [sqliteEnd],
};

for (const [name, [make, ...services]] of Object.entries(ends)) {
  Deno.test(`session:copy --reseal in ${name}`, needs(...services), async () => {
    await using end = await make();
    await using app = await appOf(end.entry);
    await end.write(sessions(MIXED));
    const before = await end.look();

    const dry = await app.run([...RESEAL, "--dry-run"]);
    deepStrictEqual([dry.code, await end.look()], [0, before], dry.stderr);
    match(dry.stdout, /^Would reseal 80 session\(s\); nothing was written$/m);

    const first = await app.run([...RESEAL, "--force"]);
    strictEqual(first.code, 0, first.stderr);
    match(first.stdout, /^Resealed 80 session\(s\)$/m);
    match(first.stdout, /^20 session\(s\) are sealed with SESSION_SECRET already$/m);
    match(first.stdout, /^20 session\(s\) are not sealed: they need no secret$/m);
    match(first.stdout, /^✓ Read 120 session\(s\) again: none needs an older secret$/m);
    const after = await end.look();
    const unchanged = Object.keys(before).filter((id) => after[id]?.[0] === before[id]?.[0]);
    strictEqual(unchanged.length, 40);
    deepStrictEqual(expiriesOf(after), expiriesOf(before));

    const list = ["session:list", "--limit", "all", "--json"];
    const { stdout } = await app.run(list, { SESSION_SECRET: NEW });
    const listed: { sessions: { user: string }[] } = JSON.parse(stdout);
    const users = listed.sessions.map(({ user }) => Number(user));
    deepStrictEqual(users.sort((one, other) => one - other), MIXED.map((_, user) => user));

    const again = await app.run([...RESEAL, "--force", "--json"]);
    const { resealed, current, verified, older } = JSON.parse(again.stdout);
    deepStrictEqual([resealed, current, verified, older], [0, 100, 120, 0]);
    deepStrictEqual(await end.look(), after);
    for (const { stdout, stderr } of [dry, first, again]) {
      for (const secret of [CANARY, OLDEST, OLD, NEW]) ok(!(stdout + stderr).includes(secret));
    }
  });
}

function expiriesOf(look: Awaited<ReturnType<End["look"]>>): Record<string, number> {
  return Object.fromEntries(Object.entries(look).map(([id, [, expiresAt]]) => [id, expiresAt]));
}

Deno.test("what no secret opens is left and listed by handle", async () => {
  await using end = await sqliteEnd();
  await using app = await appOf(end.entry);
  await end.write(sessions([OLD, UNKNOWN, OLD]));
  const before = await end.look();
  const { code, stdout, stderr } = await app.run([...RESEAL, "--force", "--failed", "failed.txt"]);
  deepStrictEqual([code, stdout.includes("✓")], [1, false]);
  match(stdout, /^Resealed 2 session\(s\)$/m);
  match(stderr, /^error: 1 session\(s\) are sealed with none of these secrets$/m);
  const id = `${CANARY}-1`;
  deepStrictEqual((await end.look())[id], before[id]);
  const failed = await Deno.readTextFile(`${app.path}/failed.txt`);
  strictEqual(failed, `${handleOf(id)}\tnone of the secrets opens it\n`);
  for (const secret of [CANARY, OLD, NEW]) ok(!(stdout + stderr + failed).includes(secret));
});

Deno.test("only the payload is written", needs("postgres"), async () => {
  await using database = await freshPostgres();
  const columns = recordedColumns("postgres", { user: "int64", ip: true, userAgent: true });
  for (const lines of createStatements("postgres", { name: "sessions" }, columns)) {
    await database.query(lines.join("\n"));
  }
  const payload = new TextEncoder().encode(sealed(textOf(1), {}, OLD)).toHex();
  // Times as fine as the columns hold, and columns that the payload says otherwise.
  await database.query(
    "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at, user_id, ip) " +
      `VALUES ('a', '\\x${payload}', now(), now(), now() + interval '1 hour 123 microseconds', ` +
      "NULL, '192.0.2.7')",
  );
  const row = async () => {
    const [row] = await database.query(
      "SELECT to_jsonb(s) - 'data' AS facts, md5(data) AS digest FROM sessions s",
    );
    return row;
  };
  const before = await row();
  await using app = await appOf({ type: "database", url: database.url });
  const { code, stderr } = await app.run([...RESEAL, "--force"]);
  strictEqual(code, 0, stderr);
  const after = await row();
  deepStrictEqual(after?.["facts"], before?.["facts"]);
  notStrictEqual(after?.["digest"], before?.["digest"]);
});

Deno.test("a key that never expires stays so", needs("redis-server"), async () => {
  await using end = await redisEnd();
  await using app = await appOf(end.entry);
  const client = new Redis(String(end.entry["url"]));
  try {
    await client.set("shop:session:a", sealed(textOf(1), {}, OLD));
    strictEqual((await app.run([...RESEAL, "--force"])).code, 0);
    strictEqual(await client.pttl("shop:session:a"), -1);
    strictEqual(
      (await app.run([...RESEAL, "--force"], {
        SESSION_SECRET: NEW,
        SESSION_SECRET_PREVIOUS: UNKNOWN,
      })).code,
      0,
    );
  } finally {
    client.disconnect();
  }
});

Deno.test("only the sessions of a selection are resealed", async () => {
  await using end = await sqliteEnd();
  await using app = await appOf(end.entry);
  await end.write(sessions([OLD, OLD, OLD]));
  const before = await end.look();
  const { code, stdout } = await app.run([...RESEAL, "--force", "--user", "1"]);
  deepStrictEqual([code, /^Resealed 1 session/m.test(stdout)], [0, true]);
  const after = await end.look();
  const changed = Object.keys(after).filter((id) => after[id]?.[0] !== before[id]?.[0]);
  deepStrictEqual(changed, [`${CANARY}-1`]);
});

Deno.test("it asks, and needs both an older secret and a new one", async () => {
  await using end = await sqliteEnd();
  await using app = await appOf(end.entry);
  await end.write(sessions([OLD, NEW]));
  const before = await end.look();
  const wrong = [
    [[], { SESSION_SECRET: NEW }, /SESSION_SECRET_PREVIOUS is not set/],
    [[], { SESSION_SECRET_PREVIOUS: OLD }, /SESSION_SECRET is not set/],
    [[], { SESSION_SECRET: "short", SESSION_SECRET_PREVIOUS: OLD }, /shorter than 32 bytes/],
    [["--to", "own"], SECRETS, /it takes no --to/],
    [["--ledger", "file"], SECRETS, /it takes no --ledger/],
    [["--from", "memory"], SECRETS, /cannot be resealed from outside/],
  ] as const;
  for (const [args, env, reason] of wrong) {
    const { code, stderr } = await app.run([...RESEAL, "--force", ...args], env);
    deepStrictEqual([code, reason.test(stderr)], [args[1] === "memory" ? 3 : 2, true], stderr);
  }
  const options = { cwd: app.path, env: SECRETS };
  for (const type of ["n\n", "y\n"]) {
    deepStrictEqual(await end.look(), before);
    const answer = [{ waitFor: "sealed? [y/N]", type }];
    const { code, output } = await runAzuOnTerminal(RESEAL, { ...options, answer });
    strictEqual(code, 0, output);
    match(output, /2 session\(s\) in own \(sqlite/);
  }
  ok((await end.look())[`${CANARY}-0`]?.[0] !== before[`${CANARY}-0`]?.[0]);
});

Deno.test("of two stores, --from must name one", async () => {
  await using end = await sqliteEnd();
  await using old = await sqliteEnd();
  await using app = await tempDir();
  const backends = { own: end.entry, old: old.entry };
  const config = { app: "shop", session: { backend: "own", migrateFrom: "old", backends } };
  await writeTree(app.path, { "azu.config.ts": `export default ${JSON.stringify(config)};` });
  await end.write(sessions([OLD]));
  await old.write(sessions([OLD, OLD]));
  const before = [await end.look(), await old.look()];
  const options = { cwd: app.path, env: SECRETS };
  const { code, stderr } = await runAzu([...RESEAL, "--force"], options);
  deepStrictEqual([code, await end.look(), await old.look()], [2, ...before]);
  match(stderr, /sessions in two stores: own and old/);
  for (const [name, count] of [["own", 1], ["old", 2]] as const) {
    const named = await runAzu([...RESEAL, "--force", "--from", name, "--json"], options);
    deepStrictEqual([named.code, JSON.parse(named.stdout).resealed], [0, count], named.stderr);
  }
});

Deno.test("its document has the fields that the reference lists", async () => {
  await using end = await sqliteEnd();
  await using app = await appOf(end.entry);
  await end.write(sessions([OLD]));
  const all = await documentedFields("session:copy", ["error", "schedule"], "JSON of --reseal");
  for (const how of ["--dry-run", "--force"]) {
    const { stdout } = await app.run([...RESEAL, how, "--json"]);
    deepStrictEqual(Object.keys(JSON.parse(stdout)).sort(), all);
  }
});
