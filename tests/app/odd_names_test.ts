/** The source compiles, whatever the names of the app, its keys, table and environments are. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { moduleOf } from "../../src/app/source/modules.ts";
import { ownTemplates } from "../../src/app/crystal_templates.ts";
import {
  type InitializerSettings,
  renderInitializer,
  renderMigration,
  type StoreSettings,
} from "../../src/app/render_templates.ts";
import { createStatements, dropStatement } from "../../src/backends/sql/ddl.ts";
import { fromEnv } from "../../src/core/from_env.ts";
import { compile, DECLARATIONS } from "../crystal/compiler.ts";
import { needs } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { COOKIE, NO_RECORD } from "./settings.ts";

/** Texts that try to leave their string, each with an app name that has a meaning in Crystal. */
const NAMES = [
  ['quote " and #{raise "x"}', "session"],
  ["back\\slash\\", "redis"],
  ["line\nbreak\r\n\ttab", "db"],
  ["ünïcödé 日本語 🍪", "http"],
  ["\u202e\u0000\ufeff\u2028", "log"],
  ["%{x} #$0 `id` '", "string"],
  ["3 starts with a digit", "azu"],
  ["end\nend\n\nputs 1", "uuid"],
  ["sid", '3 "quotes" #{raise "x"} ünïcödé'],
] as const;

const STORES = ["memory", "redis", "clustered", "postgres", "mysql", "sqlite"] as const;

const REQUIRES = {
  memory: [],
  redis: ["redis"],
  database: ["db"],
  postgres: ["db", "pg"],
  mysql: ["db", "mysql"],
  sqlite: ["db", "sqlite3"],
} as const;

function settingsFor(name: string, app: string, store: StoreSettings): InitializerSettings {
  const base = { ttl: 60_000, sliding: true, cookie: COOKIE, record: NO_RECORD, store };
  const others = {
    ttl: 1000,
    sliding: false,
    record: { ip: true, userAgent: true },
    store: { ...store, poolSize: 7, cleanupInterval: 1000 },
  };
  return {
    app: name,
    module: moduleOf("", app),
    requires: REQUIRES[store.engine ?? store.template],
    userType: "int64",
    base,
    environments: new Map([
      [name, { ...others, cookie: { ...COOKIE, domain: "example.com", path: `/${name}` } }],
      ["development", { ...others, cookie: { ...COOKIE, secure: false } }],
    ]),
  };
}

function storeFor(name: string, store: typeof STORES[number]): StoreSettings {
  switch (store) {
    case "memory":
      return { template: "memory", name: "memory" };
    case "redis":
      return { template: "redis", name: "redis", keyPrefix: name };
    case "clustered":
      return {
        template: "redis",
        name: "redis",
        keyPrefix: name + fromEnv("TENANT", name),
        nodeCache: { channel: name, cacheTtl: 1000 },
      };
    default:
      return { template: "database", name: "database", engine: store, table: name };
  }
}

function sources(name: string, app: string, store: typeof STORES[number]) {
  const settings = settingsFor(name, app, storeFor(name, store));
  const use = `require "http"\nrequire "./session"\n` +
    `HTTP::Server.new([${settings.module}::SessionHandler.new] of HTTP::Handler).listen(0)\n`;
  const session = renderInitializer(settings, ownTemplates);
  const { engine } = settings.base.store;
  if (engine === undefined) return { "session.cr": session, "main.cr": use };
  const table = { name };
  const sql = { up: createStatements(engine, table), down: [dropStatement(engine, table)] };
  const others = new Map([[name, undefined], ["test", { ...sql, up: sql.down }]]);
  const migration = renderMigration({
    timestamp: "20261122235959",
    usual: sql,
    environments: others,
  }, ownTemplates);
  return {
    "session.cr": session,
    "migration.cr": `require "cql"\n${migration}`,
    "main.cr": `${use}require "./migration"\n`,
  };
}

Deno.test("what is written compiles, whatever things are called", needs("crystal"), async () => {
  await using folder = await tempDir();
  const main: string[] = [];
  for (const [index, [name, app]] of NAMES.entries()) {
    const store = STORES[index % STORES.length] ?? "memory";
    const files = Object.entries(sources(name, app, store)).map(([file, text]) => [
      file,
      // Every app adds these names to HTTP::Server::Context and CQL, which all apps share here.
      text.replaceAll(/\b(visitor|CreateSessions)\b/g, `$1${index}`),
    ]);
    await writeTree(join(folder.path, `${index}_${store}`), Object.fromEntries(files));
    main.push(`require "./${index}_${store}/main"\n`);
  }
  // All apps are compiled together, because each compilation takes seconds.
  await writeTree(folder.path, { "main.cr": main.join("") });
  const source = join(folder.path, "main.cr");
  strictEqual(await compile({ source, shards: [DECLARATIONS] }), undefined);
});
