/** docs/how-to/adopt-an-existing-table.md: its configs and its commands, on real tables. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { CONNECT_PG_SIMPLE, type ForeignTable, laravel } from "../backends/sql/foreign_tables.ts";
import { CONNECT } from "../backends/sql/places.ts";
import { blocksIn, itemsOf, readPage } from "../docs/page.ts";
import { runAzu } from "../support/cli.ts";
import { needs } from "../support/env.ts";
import type { TestDatabase } from "../support/servers/database.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { handle, HOUR, SECRET, session } from "./sessions.ts";

const page = readPage("how-to/adopt-an-existing-table.md");
const [EXPRESS = "", LARAVEL = "", CONNECT_REDIS = ""] = blocksIn(page, "ts");
/** The arguments of each command. None of them contains a blank. */
const commands = itemsOf(page)
  .filter((item) => item.kind === "command")
  .map(({ text }) => text.split(" ").slice(1));

/** Two sessions of user 42, one of 7, one without a user, and one that has expired. */
function someSessions() {
  const now = Date.now();
  const visitedAt = now - HOUR;
  return [
    session("a", { user: "42", visitedAt, ip: "203.0.113.7", userAgent: "Firefox" }),
    session("b", { user: "42", visitedAt }),
    session("c", { user: "7", visitedAt }),
    session("d", { visitedAt }),
    session("e", { user: "9", visitedAt: now - 3 * HOUR, expiresAt: now - HOUR }),
  ];
}

/** A folder with a config and nothing else, and what azu prints there. */
async function folder(config: string, env: Record<string, string>) {
  const app = await tempDir();
  await writeTree(app.path, { "azu.config.ts": config });
  return {
    path: app.path,
    async azu(...args: readonly string[]) {
      const { code, stdout, stderr } = await runAzu([...args], { cwd: app.path, env });
      // No id, and no part of a payload.
      doesNotMatch(stdout + stderr, new RegExp(`${SECRET}|cookie|originalMaxAge|_token|YTox`));
      return { code, stdout, stderr };
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

async function openSqlite(): Promise<TestDatabase> {
  const opened = await CONNECT.sqlite();
  return { ...opened, url: `sqlite3://${opened.root}/a.db` };
}

interface Adopted {
  readonly config: string;
  readonly foreign: ForeignTable;
  /** As the config names it, quoted. */
  readonly table: string;
  /** A column that the layout names. */
  readonly column: string;
  /** What a list says of the first session, besides its times. */
  readonly first: Readonly<Record<string, unknown>> & { readonly unknown: readonly string[] };
  open(): Promise<TestDatabase>;
}

const ADOPTED: Readonly<Record<string, Adopted & { readonly needs: { ignore: boolean } }>> = {
  "connect-pg-simple on PostgreSQL": {
    config: EXPRESS,
    foreign: CONNECT_PG_SIMPLE,
    table: '"session"',
    column: "expire",
    open: CONNECT.postgres,
    needs: needs("postgres"),
    first: {
      handle: handle("a"),
      user: "42",
      created: null,
      ip: null,
      agent: null,
      unknown: ["created", "visited", "ip", "agent"],
    },
  },
  "Laravel on MariaDB": {
    config: LARAVEL,
    foreign: laravel("mysql"),
    table: "`sessions`",
    column: "last_activity",
    open: CONNECT.mysql,
    needs: needs("mariadb"),
    first: {
      handle: handle("a"),
      user: "42",
      created: null,
      ip: "203.0.113.7",
      agent: "Firefox",
      unknown: ["created"],
    },
  },
  "Laravel on SQLite": {
    config: LARAVEL,
    foreign: laravel("sqlite"),
    table: '"sessions"',
    column: "last_activity",
    open: openSqlite,
    needs: { ignore: false },
    first: {
      handle: handle("a"),
      user: "42",
      created: null,
      ip: "203.0.113.7",
      agent: "Firefox",
      unknown: ["created"],
    },
  },
};

for (const [name, adopted] of Object.entries(ADOPTED)) {
  Deno.test(`how-to: adopt the table of ${name}`, adopted.needs, () => adopt(adopted));
}

async function adopt({ config, foreign, table, column, first, open }: Adopted): Promise<void> {
  await using database = await open();
  const { query } = database;
  for (const statement of foreign.create(table)) await query(statement);
  const { selectable } = foreign.app(query, table);
  const ids = async () => {
    const found = await selectable?.ids() ?? [];
    return found.map((id) => id.replace(`${SECRET}-`, "")).sort().join("");
  };
  await selectable?.save(someSessions());
  await using app = await folder(config, { DATABASE_URL: database.url });

  const json = await app.azu("session:list", "--live", "--sort", "-user", "--json");
  const { sessions } = JSON.parse(json.stdout);
  deepStrictEqual(sessions.map(({ user }: { user: unknown }) => user), ["42", "42", "7", null]);
  const { size: _, expires, visited, ...facts } = sessions.find((found: { handle: string }) => {
    return found.handle === handle("a");
  });
  deepStrictEqual(facts, first);
  strictEqual(Date.parse(expires) > Date.now(), true);
  strictEqual(visited === null, first.unknown.includes("visited"));
  const unknown = await app.azu("session:revoke", "--older-than", "1h", "--force");
  strictEqual(unknown.code, 3);
  match(unknown.stderr, /^error: The table \S+ has nothing that tells when a session was created/m);
  strictEqual(await ids(), "abcde");

  const left = { status: "abcde", list: "abcde", revoke: "cde", sweep: "cd", clear: "cd" };
  const printed = await runAll(app, async (name) => {
    strictEqual(await ids(), left[name as keyof typeof left], name);
  });
  deepStrictEqual([...printed.keys()], Object.keys(left));
  match(printed.get("status") ?? "", /^Sessions +5$[^]*^ +live +4 [^]*^ +expired +1 /m);
  checkUser42(printed);
  match(printed.get("sweep") ?? "", /^Removed 1 session\(s\)$/m);
  match(printed.get("clear") ?? "", /^Would clear 2 session\(s\)/m);

  const setup = await app.azu("session:setup", "--apply", "--yes");
  strictEqual(setup.code, 3);
  match(setup.stderr, /session\.backends\.database\.layout describes sessions of other software/);
  const files = await Array.fromAsync(Deno.readDir(app.path), (entry) => entry.name);
  deepStrictEqual(files, ["azu.config.ts"]);

  await query(`ALTER TABLE ${table} RENAME COLUMN ${column} TO another`);
  for (
    const command of ["status", "list", "sweep", "clear --force", "revoke --logged-in --force"]
  ) {
    const { code, stderr } = await app.azu(...`session:${command}`.split(" "));
    strictEqual(code, 2, command);
    match(stderr, new RegExp(`^error: The table \\S+ has no column ${column}, which layout`, "m"));
  }
  strictEqual(await ids(), "cd");
  await query(`ALTER TABLE ${table} RENAME COLUMN another TO ${column}`);
  const cleared = await app.azu("session:clear", "--force");
  strictEqual(cleared.code, 0);
  match(cleared.stdout, /^✓ Sessions cleared successfully$/m);
  strictEqual(await ids(), "");
}

/** Runs the page's commands, one after the other, and returns what each has printed. */
async function runAll(
  { azu }: Awaited<ReturnType<typeof folder>>,
  after: (name: string) => Promise<void> = async () => {},
): Promise<ReadonlyMap<string, string>> {
  const printed = new Map<string, string>();
  for (const command of commands) {
    const { code, stdout, stderr } = await azu(...command);
    strictEqual(code, 0, `${command.join(" ")}: ${stderr}`);
    doesNotMatch(stderr, /^warning/m);
    const name = command[0]?.replace("session:", "") ?? "";
    printed.set(name, stdout);
    await after(name);
  }
  return printed;
}

function checkUser42(printed: ReadonlyMap<string, string>): void {
  const handles = printed.get("list")?.match(/^[a-z2-7]{12}\b/gm) ?? [];
  deepStrictEqual(handles.toSorted(), [handle("a"), handle("b")].toSorted());
  match(printed.get("revoke") ?? "", /^Revoked 2 session\(s\)\n✓ Sessions revoked$/m);
}

Deno.test("how-to: adopt the keys of connect-redis", needs("redis-server"), async () => {
  await using server = await startRedis();
  const client = new Redis(server.url);
  using _ = { [Symbol.dispose]: () => client.disconnect() };
  for (const { id, user } of someSessions()) {
    const cookie = { originalMaxAge: 86_400_000, httpOnly: true, path: "/" };
    const value = { cookie, ...(user === null ? {} : { passport: { user: Number(user) } }) };
    await client.set(`sess:${id}`, JSON.stringify(value), "EX", 86_400);
  }
  await client.set("other", "x");
  await using app = await folder(CONNECT_REDIS, { REDIS_URL: server.url });
  const printed = await runAll(app);
  match(printed.get("status") ?? "", /^Sessions +5$[^]*^ +logged in +4 [^]*^ +anonymous +1 /m);
  checkUser42(printed);
  match(printed.get("clear") ?? "", /^Would clear 3 session\(s\)/m);
  const unknown = await app.azu("session:list", "--ip", "10.0.0.0/8");
  strictEqual(unknown.code, 3);
  match(unknown.stderr, /^error: The layout in the config names no place for the IP address/m);
  const setup = await app.azu("session:setup", "--dry-run");
  strictEqual(setup.code, 3);
  match(setup.stderr, /session\.backends\.redis\.layout describes sessions of other software/);
  strictEqual((await app.azu("session:clear", "--force")).code, 0);
  deepStrictEqual(await client.keys("*"), ["other"]);
});
