/** Every generated file is Crystal, formatted as Crystal's own tool would, whatever goes in. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ownTemplates } from "../../src/app/crystal_templates.ts";
import { crystalModule } from "../../src/app/crystal/literal.ts";
import { readInitializer } from "../../src/app/initializer_reader/initializer.ts";
import {
  type InitializerSettings,
  renderInitializer,
  renderMigration,
} from "../../src/app/render_templates.ts";
import {
  createStatements,
  dropStatement,
  type Engine,
  quoteTable,
} from "../../src/backends/sql/ddl.ts";
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

/** Settings that differ in three environments, one of them of an odd name. */
function settingsFor(index: number, name: string) {
  const settings = (at: number) => ({
    ttl: ttls[at % ttls.length] ?? 1000,
    sliding: at % 3 > 0,
    cookie: cookies[at % 2] ?? cookies[0],
    poolSize: 1 + at,
    poolTimeout: ttls[at % ttls.length] ?? 1000,
    cleanupInterval: ttls[(at + 1) % ttls.length] ?? 1000,
    cacheTtl: ttls[(at + 2) % ttls.length] ?? 1000,
  });
  const names = index % 2 === 0 ? [] : ["development", "production", name];
  return {
    app: name,
    module: crystalModule(name),
    base: settings(index),
    environments: new Map(names.map((each, at) => [each, settings(index + at + 1)])),
  };
}

function* variants(): Generator<[name: string, source: string]> {
  for (const [index, name] of odd.entries()) {
    const base = settingsFor(index, name);
    const initializer = (settings: Pick<InitializerSettings, "template" | "requires">, more = {}) =>
      renderInitializer({ ...base, ...settings, ...more }, ownTemplates);
    const redis = { template: "redis", requires: ["redis"] } as const;
    yield ["redis", initializer(redis, { keyPrefix: name })];
    yield ["clustered", initializer(redis, { keyPrefix: name, clusterChannel: name })];
    yield ["memory", initializer({ template: "memory", requires: [] })];
    for (const engine of ["postgres", "mysql", "sqlite"] as const satisfies Engine[]) {
      const table = { schema: name, name };
      const quotedTable = quoteTable(engine, table);
      const more = { engine, table: name, quotedTable };
      yield [engine, initializer({ template: "database", requires: ["db", engine] }, more)];
      const migration = [createStatements(engine, table), [dropStatement(engine, table)]] as const;
      yield [
        `${engine} migration`,
        renderMigration("20261122235959", ...migration, ownTemplates),
      ];
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
  strictEqual(sources.length, 90);
});

Deno.test("crystal reads the values back as they were", needs("crystal"), async () => {
  await using folder = await tempDir();
  const { crystalString } = await import("../../src/app/crystal/literal.ts");
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
  for (const [index, name] of odd.entries()) {
    const base = settingsFor(index, name);
    const redis = { ...base, template: "redis", requires: ["redis"], keyPrefix: name } as const;
    deepStrictEqual(readInitializer(renderInitializer(redis, ownTemplates)), {
      stores: ["redis"],
      clustered: false,
      keyPrefix: name,
    });
    const clustered = renderInitializer({ ...redis, clusterChannel: name }, ownTemplates);
    deepStrictEqual(readInitializer(clustered), {
      stores: ["redis"],
      clustered: true,
      clusterChannel: name,
      keyPrefix: name,
    });
    const memory = { ...base, template: "memory", requires: [] } as const;
    deepStrictEqual(readInitializer(renderInitializer(memory, ownTemplates)), {
      stores: ["memory"],
      clustered: false,
    });
    const database = {
      ...base,
      template: "database",
      requires: ["db"],
      engine: "sqlite",
      table: name,
      quotedTable: quoteTable("sqlite", { name }),
    } as const;
    deepStrictEqual(readInitializer(renderInitializer(database, ownTemplates)), {
      stores: ["database"],
      clustered: false,
      table: name,
    });
  }
});
