/** What commands record in the audit log, and the evidence of what they remove. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createStatements } from "../../../src/backends/sql/ddl.ts";
import { runAzu, runAzuOnTerminal, spawnAzu } from "../../support/cli.ts";
import { tempDir } from "../../support/temp.ts";

interface Record {
  readonly number: number;
  readonly kind: string;
  readonly run: string;
  readonly [name: string]: unknown;
}

/** An app with its sessions in SQLite, and an audit log. */
async function auditedApp(audit: string) {
  const folder = await tempDir("azu-audited-");
  const log = join(folder.path, "audit.log");
  const file = join(folder.path, "shop.db");
  const config = `import { defineConfig } from "azu";
export default defineConfig({
  app: "shop",
  session: { backend: "database", backends: { database: { url: "sqlite3://./shop.db" } } },
  audit: ${audit},
});
`;
  await Deno.writeTextFile(join(folder.path, "azu.config.ts"), config);
  const database = new DatabaseSync(file);
  for (const lines of createStatements("sqlite", { name: "sessions" })) {
    database.exec(lines.join("\n"));
  }
  const insert = database.prepare(
    `INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at)
     VALUES (?, ?, datetime(), datetime(), datetime('now', '+1 day'))`,
  );
  for (let index = 0; index < 20; index++) {
    insert.run(`canary-id-${index}`, `{"user_id":${index % 4},"cart":"canary-payload"}`);
  }
  database.close();
  const options = { cwd: folder.path, env: { LOGNAME: "alice" } };
  return {
    path: folder.path,
    log,
    options,
    azu: (...args: string[]) => runAzu(args, options),
    async records(): Promise<Record[]> {
      const lines = (await Deno.readTextFile(log)).trimEnd().split("\n");
      return lines.map((line) => JSON.parse(line));
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const FILE = `{ file: "./audit.log" }`;
const REQUIRED = `{ file: "./audit.log", required: true }`;

Deno.test("audit: a revocation is recorded with its evidence before it begins", async () => {
  await using app = await auditedApp(FILE);
  const reason = ["--reason", "INC-7 postgres://u:canary-password@h/d"];
  const revoke = ["session:revoke", "--user", "3", "--force", "--evidence", "e.ndjson", ...reason];
  const { code, stderr } = await app.azu(...revoke);
  strictEqual(code, 0, stderr);
  const evidence = await Deno.readTextFile(join(app.path, "e.ndjson"));
  const sha256 = createHash("sha256").update(evidence).digest("hex");
  const [begin, between, end, ...more] = await app.records();
  ok(begin !== undefined && between !== undefined && end !== undefined && more.length === 0);
  deepStrictEqual(
    [begin.kind, begin["command"], begin["selection"], begin["actor"], begin["actorFrom"]],
    ["begin", "session:revoke", "of the user 3", "alice", "LOGNAME"],
  );
  match(String(begin["reason"]), /^INC-7 postgres:\/\/u:\*\*\*@h/);
  deepStrictEqual(
    [between.kind, between["sessions"], between["sha256"], between.run],
    ["evidence", 5, sha256, begin.run],
  );
  deepStrictEqual([end.kind, end["outcome"], end["removed"], end.run], [
    "end",
    "revoked",
    5,
    begin.run,
  ]);
  const lines = evidence.trimEnd().split("\n").map((line) => JSON.parse(line));
  strictEqual(lines.length, 7);
  deepStrictEqual(lines.slice(1, -1).map(({ user }) => user), ["3", "3", "3", "3", "3"]);
  deepStrictEqual(lines.at(-1), { sessions: 5 });
  strictEqual(Number((await Deno.stat(join(app.path, "e.ndjson"))).mode) & 0o777, 0o600);

  const listed = await app.azu("audit:list");
  match(listed.stdout, /session:revoke\s+alice\s+revoked\s+5\s+of the user 3\s+INC-7/);
  const verified = await app.azu("audit:verify");
  match(verified.stdout, /✓ Verified 3 record\(s\)/);
  const all = [evidence, await Deno.readTextFile(app.log), listed.stdout, verified.stdout, stderr];
  for (const text of all) strictEqual(/canary/.test(text), false, text);
});

Deno.test("audit: nothing is removed without the evidence, and none is written over", async () => {
  await using app = await auditedApp(FILE);
  const path = join(app.path, "e.ndjson");
  await Deno.writeTextFile(path, "mine");
  const { code, stderr } = await app.azu("session:clear", "--force", "--evidence", "e.ndjson");
  deepStrictEqual([code, await Deno.readTextFile(path)], [2, "mine"]);
  match(stderr, /--evidence: cannot write .*e\.ndjson: it exists/);
  strictEqual((await app.azu("session:list", "--count")).stdout, "20\n");
  const [, end] = await app.records();
  deepStrictEqual([end?.kind, end?.["outcome"]], ["end", "failed"]);
  const dry = await app.azu("session:clear", "--dry-run", "--evidence", "new.ndjson");
  strictEqual(dry.code, 2);
});

Deno.test("audit: every command that removes, copies or lists sessions is recorded", async () => {
  await using app = await auditedApp(FILE);
  await app.azu("session:list");
  await app.azu("session:sweep");
  await app.azu("session:clear", "--dry-run");
  await app.azu("session:status");
  await runAzuOnTerminal(["session:clear"], {
    ...app.options,
    answer: [{ waitFor: "Are you sure", type: "n\n" }],
  });
  await app.azu("session:clear", "--force", "--actor", "bob");
  const records = await app.records();
  deepStrictEqual(
    records.filter(({ kind }) => kind === "begin").map(({ command, actor }) => [command, actor]),
    [
      ["session:list", "alice"],
      ["session:sweep", "alice"],
      ["session:clear", "alice"],
      ["session:clear", "alice"],
      ["session:clear", "bob"],
    ],
  );
  deepStrictEqual(
    records.filter(({ kind }) => kind === "end").map(({ outcome }) => outcome),
    ["listed", "empty", "found", "declined", "cleared"],
  );
});

Deno.test("audit.required: without its record, a command does nothing", async () => {
  await using app = await auditedApp(REQUIRED);
  await Deno.mkdir(app.log);
  const { code, stderr } = await app.azu("session:clear", "--force");
  strictEqual(code, 1);
  match(stderr, /error: The audit log .* cannot be written/);
  match(stderr, /^Nothing was done, because the config says audit\.required$/m);
  await Deno.remove(app.log);
  strictEqual((await app.azu("session:list", "--count")).stdout, "20\n");
});

Deno.test("audit: without audit.required, a warning says that a run is not recorded", async () => {
  await using app = await auditedApp(FILE);
  await Deno.mkdir(app.log);
  const { code, stderr } = await app.azu("session:clear", "--force");
  strictEqual(code, 0);
  match(stderr, /warning: The audit log .* cannot be written: .*This run is not in the audit log/);
});

Deno.test("audit: a run that was killed has no end, and the chain goes on", async () => {
  await using app = await auditedApp(FILE);
  await using azu = await spawnAzu(
    ["session:clear", "--force", "--batch", "1", "--pause", "1s"],
    app.options,
  );
  await azu.waitFor(/Clearing database sessions/);
  azu.signal("SIGKILL");
  await azu.finished();
  await app.azu("session:clear", "--force");
  const { code, stdout, stderr } = await app.azu("audit:verify");
  deepStrictEqual([code, /✓ Verified 3 record/.test(stdout)], [0, true], stderr);
  match(stderr, /1 run\(s\) have no end[^]*record 1: session:clear by alice/);
  const listed = await app.azu("audit:list");
  match(listed.stdout, /session:clear\s+alice\s+no end/);
});

Deno.test("audit:verify names the first bad record, and what is cut off is found by a hash", async () => {
  await using app = await auditedApp(FILE);
  for (let run = 0; run < 3; run++) await app.azu("session:list", "--count");
  const [first = "", ...others] = (await Deno.readTextFile(app.log)).trimEnd().split("\n");
  const { lastHash } = JSON.parse((await app.azu("audit:verify", "--json")).stdout);
  const verify = async (lines: readonly string[], ...args: string[]) => {
    await Deno.writeTextFile(app.log, lines.map((line) => `${line}\n`).join(""));
    return await app.azu("audit:verify", ...args);
  };
  const changed = await verify([first.replace("alice", "mallory"), ...others]);
  deepStrictEqual([changed.code, changed.stdout], [1, ""]);
  match(changed.stderr, /error: Record 1 was changed/);
  const removed = await verify([first, ...others.slice(1)]);
  match(removed.stderr, /error: Record 2 is not where it belongs: record 3 follows 1/);
  const contained = await verify([first, ...others], "--contains", lastHash);
  strictEqual(contained.code, 0);
  const cut = await verify([first, ...others.slice(0, -2)], "--contains", lastHash);
  strictEqual(cut.code, 1);
  match(cut.stderr, /error: No record has the hash of --contains/);
});
