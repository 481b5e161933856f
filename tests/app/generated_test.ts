/** Every generated file is Crystal, formatted as Crystal's own tool would, whatever goes in. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ownTemplates } from "../../src/app/crystal_templates.ts";
import { crystalModule } from "../../src/app/crystal/literal.ts";
import { readInitializer } from "../../src/app/initializer.ts";
import { statedFor, type StatedStore } from "../../src/app/stated_store.ts";
import {
  type EnvironmentSettings,
  renderInitializer,
  renderMigration,
  type StoreSettings,
} from "../../src/app/render_templates.ts";
import { createStatements, dropStatement, type Engine } from "../../src/backends/sql/ddl.ts";
import { fromEnv } from "../../src/core/from_env.ts";
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

const ENGINES = ["postgres", "mysql", "sqlite"] as const;

/** Every store there is, with the name in all that has a name. */
function storesFor(name: string): Record<string, StoreSettings> {
  const redis = { template: "redis", name, keyPrefix: name } as const;
  const of = (engine: Engine) => ({ template: "database", name, engine, table: name }) as const;
  return {
    memory: { template: "memory", name: "memory" },
    redis,
    clustered: { ...redis, nodeCache: { channel: name, cacheTtl: 1000 } },
    "from the environment": { ...redis, keyPrefix: fromEnv("APP_NAME", name) + name },
    "needed in the environment": { ...redis, keyPrefix: `${name}${fromEnv("APP_NAME")}:` },
    postgres: of("postgres"),
    mysql: of("mysql"),
    sqlite: of("sqlite"),
  };
}

/**
 * Settings that differ in three environments, one of them of an odd name.
 * @param stores Used in turn.
 */
function settingsFor(index: number, name: string, stores: readonly StoreSettings[]) {
  const settings = (at: number): EnvironmentSettings => ({
    ttl: ttls[at % ttls.length] ?? 1000,
    sliding: at % 3 > 0,
    cookie: cookies[at % 2] ?? cookies[0],
    record: { ip: at % 2 === 0, userAgent: at % 3 === 0 },
    store: {
      template: "memory",
      name: "memory",
      ...stores[at % stores.length],
      poolSize: 1 + at,
      poolTimeout: ttls[at % ttls.length] ?? 1000,
      cleanupInterval: ttls[(at + 1) % ttls.length] ?? 1000,
    },
  });
  // With one store, the odd ones move to it from a database.
  const movable = stores.length === 1 && stores[0]?.template !== "memory";
  const other = { template: "database", name: "old", engine: "sqlite", table: name } as const;
  const second = { direction: "from", store: { ...other, urlVariable: "OLD_URL" } } as const;
  const moving = index % 2 === 1 && movable ? { second } : {};
  const names = index % 2 === 0 && stores.length === 1 ? [] : ["development", "production", name];
  return {
    app: name,
    module: crystalModule(name),
    requires: ["db", "redis"],
    userType: (["int64", "uuid", "string"] as const)[index % 3] ?? "int64",
    base: { ...settings(index), ...moving },
    environments: new Map(names.map((each, at) => [each, settings(index + at + 1)])),
  };
}

function* variants(): Generator<[name: string, source: string]> {
  for (const [index, name] of odd.entries()) {
    const stores = storesFor(name);
    for (const [kind, store] of Object.entries(stores)) {
      yield [kind, renderInitializer(settingsFor(index, name, [store]), ownTemplates)];
    }
    yield [
      "mixed",
      renderInitializer(settingsFor(index, name, Object.values(stores)), ownTemplates),
    ];
    const sql = ENGINES.map((engine) => {
      const table = { schema: name, name };
      return { up: createStatements(engine, table), down: [dropStatement(engine, table)] };
    });
    for (const [at, engine] of ENGINES.entries()) {
      const others = index % 2 === 0
        ? new Map()
        : new Map([[name, undefined], ["test", sql[(at + 1) % 3]], ["staging", sql[at]]]);
      const migration = renderMigration({
        timestamp: "20261122235959",
        usual: sql[at],
        environments: others,
      }, ownTemplates);
      yield [`${engine} migration`, migration];
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
  strictEqual(sources.length, 120);
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

/** What the reader must say about a store. @param hasEngines Whether the app has several. */
function meant(
  { template, name, urlVariable, keyPrefix, table, engine, nodeCache }: StoreSettings,
  hasEngines: boolean,
): StatedStore {
  return {
    kinds: [template],
    ...(template === "memory" ? {} : { name }),
    ...(urlVariable === undefined ? {} : { urlVariable }),
    clustered: nodeCache !== undefined,
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(table === undefined ? {} : { table }),
    ...(engine !== undefined && hasEngines ? { engine } : {}),
    ...(nodeCache === undefined
      ? {}
      : { channel: nodeCache.channel, cacheTtl: nodeCache.cacheTtl }),
  };
}

Deno.test("the initializer that setup writes is read back as what was meant", () => {
  for (const [index, name] of odd.entries()) {
    const stores = Object.values(storesFor(name));
    for (const chosen of [...stores.map((store) => [store]), stores, stores.toReversed()]) {
      const settings = settingsFor(index, name, chosen);
      const initializer = readInitializer(renderInitializer(settings, ownTemplates));
      const engines = [settings.base, ...settings.environments.values()]
        .flatMap(({ store, second }) => [store.engine ?? [], second?.store.engine ?? []].flat());
      const hasEngines = new Set(engines).size > 1;
      const moving = settings.base.second;
      deepStrictEqual(initializer.otherwise, {
        ...meant(settings.base.store, hasEngines),
        ...(moving === undefined ? {} : { migratesFrom: meant(moving.store, hasEngines) }),
      });
      for (const [environment, { store }] of settings.environments) {
        deepStrictEqual(statedFor(initializer, environment), meant(store, hasEngines));
      }
    }
  }
});
