/** Records in files and tables: concurrent writers, what was cut off, and files of others. */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { Chain } from "../../src/audit/chain.ts";
import { FileLog } from "../../src/audit/file_log.ts";
import type { AuditLog } from "../../src/audit/log.ts";
import { TableLog } from "../../src/audit/table_log.ts";
import { bindBackend } from "../../src/backends/registry.ts";
import { needs, type ServiceName } from "../support/env.ts";
import { freshMariadb, freshPostgres } from "../support/servers/database.ts";
import { smallDisk } from "../support/small_disk.ts";
import { tempDir } from "../support/temp.ts";

const NEVER = new AbortController().signal;

/** A place for a log, which several processes open. */
interface Place extends AsyncDisposable {
  open(): Promise<AuditLog>;
}

async function filePlace(): Promise<Place> {
  const folder = await tempDir("azu-audit-");
  const path = join(folder.path, "logs", "audit.log");
  return {
    open: () => Promise.resolve(new FileLog(path)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function tablePlace(
  make: () => Promise<AsyncDisposable & { readonly url: string }>,
): Promise<Place> {
  const database = await make();
  const backend = bindBackend("database", { url: database.url }, {
    app: undefined,
    root: Deno.cwd(),
    env: () => undefined,
    isInDotenv: () => false,
    hasApp: true,
    driver: undefined,
    recorded: { user: "int64", ip: false, userAgent: false },
    stated: {},
  });
  return {
    async open() {
      const records = await backend.records?.("azu_audit", NEVER);
      if (records === undefined) throw new Error("it has no records");
      return new TableLog("azu_audit", records);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function sqliteFile() {
  const folder = await tempDir("azu-audit-");
  const path = join(folder.path, "shop.db");
  await Deno.writeFile(path, new Uint8Array());
  return {
    url: `sqlite3://${path}`,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function chainOf(log: AuditLog): Promise<Chain> {
  const chain = new Chain();
  for await (const line of log.lines(NEVER)) chain.add(line);
  return chain;
}

const places: Readonly<Record<string, readonly [() => Promise<Place>, ...ServiceName[]]>> = {
  "a file": [filePlace],
  "a table of SQLite": [() => tablePlace(sqliteFile)],
  "a table of PostgreSQL": [() => tablePlace(freshPostgres), "postgres"],
  "a table of MariaDB": [() => tablePlace(freshMariadb), "mariadb"],
};

for (const [name, [make, ...services]] of Object.entries(places)) {
  Deno.test(
    `audit log in ${name}: writers at once keep the chain whole`,
    needs(...services),
    async () => {
      await using place = await make();
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let index = 0; index < 10; index++) {
          await using log = await place.open();
          const text = `é ' \\ " \u0000 ${writer}`;
          await log.append({ kind: "begin", run: `${writer} ${index}`, text }, new Date());
        }
      });
      await Promise.all(writers);
      await using log = await place.open();
      const { records, problem, open } = await chainOf(log);
      deepStrictEqual([records, problem, open.size], [40, undefined, 40]);
      strictEqual(open.get("3 9")?.["text"], "é ' \\ \" \u0000 3");
    },
  );
}

Deno.test("audit log: a record that was cut off is removed, and the next one follows", async () => {
  await using folder = await tempDir("azu-audit-");
  const path = join(folder.path, "audit.log");
  const log = new FileLog(path);
  await log.append({ kind: "begin", run: "1" }, new Date());
  const whole = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, whole + whole.slice(0, 100));
  const { number, warning = "" } = await log.append({ kind: "end", run: "1" }, new Date());
  deepStrictEqual([number, (await chainOf(log)).problem], [2, undefined]);
  match(warning, /incomplete, and azu has removed its 100 bytes/);
  strictEqual(Number((await Deno.stat(path)).mode) & 0o777, 0o600);
});

Deno.test("audit log: a full disk breaks no record", async () => {
  await using disk = await smallDisk(1);
  if (disk === undefined) return;
  const path = join(disk.path, "audit.log");
  const log = new FileLog(path);
  // The last record does not fit in the page that the file has.
  const text = "x".repeat(3000);
  await log.append({ kind: "begin", run: "1", text }, new Date());
  await disk.filled(async () => {
    const adding = log.append({ kind: "end", run: "1", text }, new Date());
    await rejects(adding, /The audit log .* cannot be written: .*No space left/);
  });
  deepStrictEqual((await chainOf(log)).records, 1);
  await log.append({ kind: "end", run: "1", text }, new Date());
  const { records, problem, open } = await chainOf(log);
  deepStrictEqual([records, problem, open.size], [2, undefined, 0]);
});

Deno.test("audit log: a file of something else is not changed", async () => {
  await using folder = await tempDir("azu-audit-");
  const path = join(folder.path, "audit.log");
  for (const content of ["a text without an end", "a text\n", '{"number":1}\n', "\n"]) {
    await Deno.writeTextFile(path, content);
    const adding = new FileLog(path).append({ kind: "begin", run: "1" }, new Date());
    await rejects(adding, /The audit log .* cannot be written: /);
    strictEqual(await Deno.readTextFile(path), content);
  }
});
