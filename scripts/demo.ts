/**
 * Sets up and clears the sessions of a small app on SQLite: `./denow task demo`. Every command runs
 * the real tool in a temporary folder, and every number is read from the database.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SESSIONS = 1234;
const DATABASE = "db/shop.db";
const repository = join(import.meta.dirname ?? ".", "..");

const folder = await Deno.makeTempDir({ prefix: "azu-demo-" });
try {
  await makeApp();
  say("A small Azu app without sessions:", await tree());

  await azu("init", "--backend", "database");
  await azu("session:setup", "--apply");
  say("The files after session:setup:", await tree());

  fill();
  say("The rows after the app has run for a while:", counts());

  await azu("session:clear", "--force");
  say("The rows after session:clear:", counts());
  check();
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function makeApp(): Promise<void> {
  const files = {
    "shard.yml":
      "name: shop\nversion: 0.1.0\n\ndependencies:\n  azu:\n    github: azutoolkit/azu\n\n" +
      'crystal: ">= 1.6.0"\n',
    "src/shop.cr":
      'require "azu"\nrequire "./initializers/**"\n\nmodule Shop\n  include Azu\nend\n',
    ".env": `DATABASE_URL=sqlite3://./${DATABASE}\n`,
  };
  await Deno.mkdir(join(folder, "src"));
  await Deno.mkdir(join(folder, "db"));
  for (const [path, content] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, path), content);
  }
  using database = open();
  database.exec("CREATE TABLE orders (id integer PRIMARY KEY, total integer)");
  database.exec("INSERT INTO orders (total) VALUES (1200), (450), (99)");
}

/** Runs the tool in the app's folder, with its output on the screen. */
async function azu(...args: string[]): Promise<void> {
  print(`\n$ azu ${args.join(" ")}\n`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      "--config",
      join(repository, "deno.json"),
      join(repository, "main.ts"),
      ...args,
    ],
    cwd: folder,
    stdin: "null",
  }).spawn().status;
  if (code !== 0) throw new Error(`azu ${args[0]} ended with ${code}`);
}

/** Inserts sessions as the app would: a random id, and its data. */
function fill(): void {
  using database = open();
  const insert = database.prepare(
    "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) " +
      "VALUES (?, ?, datetime('now'), datetime('now'), datetime('now', '+30 days'))",
  );
  database.exec("BEGIN");
  for (let user = 1; user <= SESSIONS; user++) {
    insert.run(crypto.randomUUID(), new TextEncoder().encode(JSON.stringify({ user_id: user })));
  }
  database.exec("COMMIT");
}

function count(table: string): number {
  using database = open();
  return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count);
}

function counts(): string {
  return `  ${count("sessions")} row(s) in sessions\n  ${count("orders")} row(s) in orders`;
}

function check(): void {
  const [sessions, orders] = [count("sessions"), count("orders")];
  if (sessions !== 0 || orders !== 3) throw new Error(`sessions: ${sessions}, orders: ${orders}`);
}

function open(): DatabaseSync & Disposable {
  const database = new DatabaseSync(join(folder, DATABASE));
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

/** The app's files, as a list. */
async function tree(path = ""): Promise<string> {
  const lines: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(join(folder, path)));
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const inside = path === "" ? entry.name : `${path}/${entry.name}`;
    lines.push(entry.isDirectory ? await tree(inside) : `  ${inside}`);
  }
  return lines.filter((line) => line !== "").join("\n");
}

function say(title: string, text: string): void {
  print(`\n${title}\n${text}\n`);
}

function print(text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    // The reader has seen enough, as in `./denow task demo | head`. The demo goes on silently.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
