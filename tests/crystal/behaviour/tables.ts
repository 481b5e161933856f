/** The migration makes and removes the table that `--apply` makes, and the app works on either. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { needs } from "../../support/env.ts";
import { type TempDir, tempDir, writeTree } from "../../support/temp.ts";
import { ownTemplates } from "../../../src/app/crystal_templates.ts";
import { renderMigration } from "../../../src/app/render_templates.ts";
import { createStatements, dropStatement } from "../../../src/backends/sql/ddl.ts";
import { appFolder, layOut, setUp } from "../app.ts";
import { type Backing, EMPTY_DATABASES, openBacking } from "../backing.ts";
import { compile, realShards } from "../compiler.ts";
import { startNode } from "../running_app.ts";
import {
  chosenVariants,
  configOf,
  environmentOf,
  isOneSource,
  TABLE,
  type Variant,
} from "../variants.ts";

const ADAPTERS = { postgres: "Postgres", sqlite: "SQLite", mysql: "MySql" };
const PROGRAM = join(import.meta.dirname ?? ".", "../migrate/main.cr");

/** The program that runs the migrations of an app. */
async function migrationProgram(app: string): Promise<TempDir & { readonly program: string }> {
  const folder = await tempDir("azu-migrate-");
  const migrations = join(app, "src/db/migrations");
  const names = await Array.fromAsync(Deno.readDir(migrations), ({ name }) => name);
  const texts = await Promise.all(
    names.sort().map((name) => Deno.readTextFile(join(migrations, name))),
  );
  const classes = texts.map((text) => /^class (\w+)/m.exec(text)?.[1]);
  await writeTree(folder.path, {
    "main.cr": await Deno.readTextFile(PROGRAM),
    "migrations.cr": `${texts.join("\n")}\nMIGRATIONS = {${classes.join(", ")}}\n`,
  });
  const program = join(folder.path, "migrate");
  const output = program;
  strictEqual(
    await compile({ source: join(folder.path, "main.cr"), shards: [realShards()], output }),
    undefined,
  );
  return { ...folder, program };
}

async function migrate(program: string, variant: Variant, backing: Backing, direction: string) {
  const url = backing.env["DATABASE_URL"] ?? "";
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [url, ADAPTERS[variant.engine ?? "sqlite"], direction],
    env: { AZU_ENV: environmentOf(variant) },
  }).output();
  const decoder = new TextDecoder();
  ok(success, decoder.decode(stdout) + decoder.decode(stderr));
}

for (const variant of chosenVariants("postgres", "sqlite", "mysql")) {
  Deno.test(
    `${variant.name}: the migration's table is --apply's`,
    needs(...variant.needs),
    async () => {
      await using migration = await migrationProgram(appFolder(variant));
      await using migrated = await EMPTY_DATABASES[variant.engine ?? "sqlite"]();
      await using applied = await openBacking(variant);
      const run = (direction: string) => migrate(migration.program, variant, migrated, direction);
      await run("up");
      const shape = await migrated.shape?.();
      deepStrictEqual(shape, await applied.shape?.());
      ok(shape?.join("\n").includes("expires_at"));
      for (const { env } of [migrated, applied]) {
        await using node = await startNode(variant, env);
        const visitor = node.visitor();
        await visitor.logIn(6);
        strictEqual((await visitor.get("/me")).user, 6);
      }
      // Either may come first, and neither minds the other, nor itself.
      await migrate(migration.program, variant, applied, "up");
      strictEqual((await applied.ids()).length > 0, true);
      await run("down");
      deepStrictEqual((await migrated.shape?.())?.filter((line) => line.includes(TABLE)), []);
      await run("up");
      deepStrictEqual(await migrated.shape?.(), shape);
    },
  );
}

for (const variant of isOneSource() ? [] : chosenVariants("postgres", "sqlite", "mysql")) {
  Deno.test(
    `${variant.name}: migrations give a table of before what it lacks`,
    needs(...variant.needs),
    async () => {
      const engine = variant.engine ?? "sqlite";
      await using app = await tempDir("azu-earlier-");
      await layOut(app.path, configOf(variant), [variant.driver]);
      const earlier = {
        up: createStatements(engine, { name: TABLE }, []),
        down: [dropStatement(engine, { name: TABLE })],
      };
      const timestamp = "20250101000000";
      const migration = { timestamp, usual: earlier, environments: new Map() };
      await writeTree(app.path, {
        [`src/db/migrations/${timestamp}_create_sessions.cr`]: renderMigration(
          migration,
          ownTemplates,
        ),
      });
      await setUp(app.path, variant.engine);
      await using program = await migrationProgram(app.path);
      await using migrated = await EMPTY_DATABASES[engine]();
      await using applied = await openBacking(variant);
      const columns = async (backing: Backing) => {
        const lines = (await backing.shape?.() ?? []).join("\n");
        return ["user_id_idx", "ip", "user_agent"].filter((name) => lines.includes(name));
      };
      // Also where the columns are there: after `--apply`, or after another run.
      for (const backing of [migrated, migrated, applied]) {
        await migrate(program.program, variant, backing, "up");
        deepStrictEqual(await columns(backing), ["user_id_idx", "ip", "user_agent"]);
        await using node = await startNode(variant, backing.env);
        strictEqual((await node.visitor().logIn(6)).user, 6);
      }
      await migrate(program.program, variant, migrated, "down");
      deepStrictEqual((await migrated.shape?.())?.filter((line) => line.includes(TABLE)), []);
    },
  );
}
