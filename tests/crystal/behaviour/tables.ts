/** The migration makes and removes the table that `--apply` makes, and the app works on either. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { needs } from "../../support/env.ts";
import { type TempDir, tempDir, writeTree } from "../../support/temp.ts";
import { appFolder } from "../app.ts";
import { type Backing, EMPTY_DATABASES, openBacking } from "../backing.ts";
import { compile, realShards } from "../compiler.ts";
import { startNode } from "../running_app.ts";
import { chosenVariants, environmentOf, TABLE, type Variant } from "../variants.ts";

const ADAPTERS = { postgres: "Postgres", sqlite: "SQLite", mysql: "MySql" };
const PROGRAM = join(import.meta.dirname ?? ".", "../migrate/main.cr");

/** The program that runs a variant's migration. */
async function migrationProgram(variant: Variant): Promise<TempDir & { readonly program: string }> {
  const folder = await tempDir("azu-migrate-");
  const migrations = join(appFolder(variant), "src/db/migrations");
  const [{ name } = { name: "" }] = await Array.fromAsync(Deno.readDir(migrations));
  await writeTree(folder.path, {
    "main.cr": await Deno.readTextFile(PROGRAM),
    "migration.cr": await Deno.readTextFile(join(migrations, name)),
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
      await using migration = await migrationProgram(variant);
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
