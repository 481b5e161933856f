/** The source compiles, whatever the names of the app, its keys, table and environments are. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { moduleOf } from "../../src/app/source/app_module.ts";
import { ownTemplates } from "../../src/app/crystal_templates.ts";
import { renderInitializer, renderMigration } from "../../src/app/render_templates.ts";
import {
  createStatements,
  dropStatement,
  type Engine,
  quoteTable,
} from "../../src/backends/sql/ddl.ts";
import { compile, DECLARATIONS } from "../crystal/compiler.ts";
import { needs } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";

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

const SHARDS = { postgres: "pg", mysql: "mysql", sqlite: "sqlite3" } as const;

function settingsFor(name: string, app: string) {
  const cookie = {
    name: "sid",
    secure: true,
    httpOnly: true,
    sameSite: "lax",
    domain: undefined,
    path: "/",
  } as const;
  const base = { ttl: 60_000, sliding: true, cookie };
  const others = { ...base, ttl: 1000, sliding: false, poolSize: 7, cleanupInterval: 1000 };
  return {
    app: name,
    module: moduleOf("", app),
    base,
    environments: new Map([
      [name, { ...others, cookie: { ...cookie, domain: "example.com", path: `/${name}` } }],
      ["development", { ...others, cookie: { ...cookie, secure: false } }],
    ]),
  };
}

function sources(
  name: string,
  app: string,
  store: typeof STORES[number],
): Record<string, string> {
  const settings = settingsFor(name, app);
  const use = `require "http"\nrequire "./session"\n` +
    `HTTP::Server.new([${settings.module}::SessionHandler.new] of HTTP::Handler).listen(0)\n`;
  if (store === "memory") {
    const memory = { ...settings, template: "memory", requires: [] } as const;
    return { "session.cr": renderInitializer(memory, ownTemplates), "main.cr": use };
  }
  if (store === "redis" || store === "clustered") {
    const more = store === "clustered" ? { clusterChannel: name } : {};
    const redis = { ...settings, template: "redis", requires: ["redis"], keyPrefix: name } as const;
    return { "session.cr": renderInitializer({ ...redis, ...more }, ownTemplates), "main.cr": use };
  }
  return { ...databaseSources(name, app, store), "main.cr": `${use}require "./migration"\n` };
}

function databaseSources(name: string, app: string, engine: Engine): Record<string, string> {
  const table = { name };
  const database = {
    ...settingsFor(name, app),
    template: "database",
    requires: ["db", SHARDS[engine]],
    engine,
    table: name,
    quotedTable: quoteTable(engine, table),
  } as const;
  const up = createStatements(engine, table);
  const migration = renderMigration(
    "20261122235959",
    up,
    [dropStatement(engine, table)],
    ownTemplates,
  );
  return {
    "session.cr": renderInitializer(database, ownTemplates),
    "migration.cr": `require "cql"\n${migration}`,
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
