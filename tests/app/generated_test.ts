/** Every generated file is Crystal, formatted as Crystal's own tool would, whatever goes in. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readInitializer } from "../../src/app/initializer.ts";
import {
  type InitializerSettings,
  renderInitializer,
  renderMigration,
} from "../../src/app/render.ts";
import {
  createStatements,
  dropStatement,
  type Engine,
  quoteTable,
} from "../../src/backends/sql.ts";
import { needs, service } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";

/** Names that try to leave their string. */
const odd = [
  "plain",
  'quote " and #{raise "x"}',
  "back\\slash\\",
  "line\nbreak\r\n\ttab",
  "ünïcödé 日本語 🍪",
  "\u202e\u0000\ufeff\u2028",
  "%{x} #$0 `id` '",
  "3 starts with a digit",
  "   ",
  "end\nend\n\nputs 1",
];

const cookies = [
  { name: "s", secure: true, httpOnly: true, sameSite: "strict", domain: undefined, path: "/" },
  {
    name: "a'b#c",
    secure: false,
    httpOnly: false,
    sameSite: "none",
    domain: "example.com",
    path: "/x#{y}",
  },
] as const;

const ttls = [500, 1000, 90_000, 900_000, 3_600_000, 86_400_000, 2_592_000_000];

function* variants(): Generator<[name: string, source: string]> {
  let index = 0;
  for (const name of odd) {
    const cookie = cookies[index % 2] ?? cookies[0];
    const ttl = ttls[index++ % ttls.length] ?? 1000;
    const base = { app: name, ttl, cookie, poolSize: 5, poolTimeout: ttl, cleanupInterval: ttl };
    const initializer = (settings: Pick<InitializerSettings, "template" | "requires">, more = {}) =>
      renderInitializer({ ...base, ...settings, ...more });
    yield ["redis", initializer({ template: "redis", requires: ["redis"] }, { keyPrefix: name })];
    yield ["memory", initializer({ template: "memory", requires: [] })];
    for (const engine of ["postgres", "mysql", "sqlite"] as const satisfies Engine[]) {
      const table = { schema: name, name };
      const quotedTable = quoteTable(engine, table);
      const more = { engine, table: name, quotedTable };
      yield [engine, initializer({ template: "database", requires: ["db", engine] }, more)];
      const migration = [createStatements(engine, table), [dropStatement(engine, table)]] as const;
      yield [`${engine} migration`, renderMigration("20261122235959", ...migration)];
    }
  }
}

Deno.test("every generated file passes crystal tool format --check", needs("crystal"), async () => {
  await using folder = await tempDir();
  const sources = [...variants()];
  await writeTree(
    folder.path,
    Object.fromEntries(sources.map(([name, source], index) => [`${index} ${name}.cr`, source])),
  );
  const { success, stderr } = await new Deno.Command(service("crystal"), {
    args: ["tool", "format", "--check", folder.path],
  }).output();
  strictEqual(success, true, new TextDecoder().decode(stderr));
  strictEqual(sources.length, 80);
});

Deno.test("crystal reads the values back as they were", needs("crystal"), async () => {
  await using folder = await tempDir();
  const { crystalString } = await import("../../src/app/crystal_literal.ts");
  const program = odd.map((text) =>
    `STDOUT.write(${crystalString(text)}.to_slice)\nSTDOUT.write_byte(255_u8)`
  );
  await writeTree(folder.path, { "main.cr": program.join("\n") });
  const { stdout, stderr } = await new Deno.Command(service("crystal"), {
    args: ["run", "--no-color", `${folder.path}/main.cr`],
    env: { CRYSTAL_CACHE_DIR: `${folder.path}/cache` },
  }).output();
  const read: string[] = [];
  for (let start = 0, end; (end = stdout.indexOf(255, start)) >= 0; start = end + 1) {
    read.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout.subarray(start, end)));
  }
  deepStrictEqual(read, odd, new TextDecoder().decode(stderr));
});

Deno.test("the initializer that setup writes is read back as what was meant", () => {
  for (const name of odd) {
    const cookie = cookies[0];
    const settings = { app: name, ttl: 1000, cookie };
    const redis = renderInitializer({
      ...settings,
      template: "redis",
      requires: ["redis"],
      keyPrefix: name,
    });
    deepStrictEqual(readInitializer(redis), {
      stores: ["redis"],
      clustered: false,
      keyPrefix: name,
    });
    const memory = renderInitializer({ ...settings, template: "memory", requires: [] });
    deepStrictEqual(readInitializer(memory), { stores: ["memory"], clustered: false });
    const database = renderInitializer({
      ...settings,
      template: "database",
      requires: ["db"],
      engine: "sqlite",
      table: name,
      quotedTable: quoteTable("sqlite", { name }),
    });
    deepStrictEqual(readInitializer(database), {
      stores: ["database"],
      clustered: false,
      table: name,
    });
  }
});
