/** The migrations: one creates the table; each of the others adds a column that it lacks. */
import { join } from "node:path";
import { ifPresent, readAppFile } from "../../app/app.ts";
import type { Templates } from "../../app/crystal_templates.ts";
import type { WantedFile } from "../../app/plan.ts";
import { type MigrationSql, renderMigration } from "../../app/render_templates.ts";
import type { Migration } from "../../backends/contract.ts";

const FOLDER = "src/db/migrations";

/** By the names of environments; undefined stands for all others. */
type Migrations = ReadonlyMap<string | undefined, Migration | undefined>;

/**
 * A migration that has been run must not change. So one that creates the table without some of the
 * columns is kept, and these columns get migrations of their own. One that differs in another way is
 * a conflict.
 * @returns the files, and the columns whose migrations are new.
 */
export async function migrationFiles(
  root: string,
  migrations: Migrations,
  now: Date,
  templates: Templates,
): Promise<{ readonly files: readonly WantedFile[]; readonly added: readonly string[] }> {
  const writer = new MigrationWriter(migrations, templates);
  const found = await existing(root, "create_sessions");
  const create = writer.create(found.at(-1)?.timestamp ?? timestampOf(now));
  const ours = found.flatMap(({ timestamp, content }) => {
    const without = writer.lacking(timestamp, content);
    return without === undefined ? [] : [{ timestamp, content, without }];
  });
  // The most complete one, if there are several.
  const [kept] = ours.toSorted((a, b) => a.without.length - b.without.length);
  if (kept === undefined) return { files: [create], added: [] };
  const files: WantedFile[] = [{ path: writer.create(kept.timestamp).path, content: kept.content }];
  const added: string[] = [];
  for (const column of kept.without) {
    const [earlier] = await existing(root, `add_${column}_to_sessions`);
    // Each with a version of its own.
    const time = new Date(now.getTime() + 1000 * added.length);
    files.push(writer.add(earlier?.timestamp ?? timestampOf(time), column));
    if (earlier === undefined) added.push(column);
  }
  return { files, added };
}

class MigrationWriter {
  readonly #migrations: Migrations;
  readonly #templates: Templates;

  constructor(migrations: Migrations, templates: Templates) {
    this.#migrations = migrations;
    this.#templates = templates;
  }

  create(timestamp: string): WantedFile {
    const content = this.#render(timestamp, (migration) => migration);
    return { path: pathOf(timestamp, "create_sessions"), content };
  }

  add(timestamp: string, column: string): WantedFile {
    const content = this.#render(timestamp, ({ columns = [] }) => {
      return columns.find(({ name }) => name === column);
    }, column);
    return { path: pathOf(timestamp, `add_${column}_to_sessions`), content };
  }

  /** The columns that a migration lacks; undefined if it differs in another way. */
  lacking(timestamp: string, content: string): readonly string[] | undefined {
    if (content === this.create(timestamp).content) return [];
    const [first] = [...this.#migrations.values()].filter((migration) => migration !== undefined);
    // The earlier tables of all environments lack the same columns, in the same order.
    const found = first?.earlier?.find((_, index) => {
      const rendered = this.#render(timestamp, ({ earlier, down }) => {
        const table = earlier?.[index];
        return table && { up: table.up, down };
      });
      return content === rendered;
    });
    return found?.without;
  }

  #render(
    timestamp: string,
    sqlOf: (migration: Migration) => MigrationSql | undefined,
    column?: string,
  ): string {
    const sql = (migration: Migration | undefined) => migration && sqlOf(migration);
    const environments = [...this.#migrations].flatMap(
      ([name, migration]): [string, MigrationSql | undefined][] => {
        return name === undefined ? [] : [[name, sql(migration)]];
      },
    );
    return renderMigration({
      timestamp,
      ...(column === undefined ? {} : { column }),
      usual: sql(this.#migrations.get(undefined)),
      environments: new Map(environments),
    }, this.#templates);
  }
}

function pathOf(timestamp: string, name: string): string {
  return `${FOLDER}/${timestamp}_${name}.cr`;
}

/** The existing migrations of a name, oldest first. */
async function existing(
  root: string,
  name: string,
): Promise<{ readonly timestamp: string; readonly content: string }[]> {
  const folder = join(root, FOLDER);
  const entries = await ifPresent(folder, () => Array.fromAsync(Deno.readDir(folder))) ?? [];
  const found = [];
  for (const entry of entries.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    const [, timestamp, named] = /^(\d{14})_(\w+)\.cr$/.exec(entry.name) ?? [];
    if (!entry.isFile || timestamp === undefined || named !== name) continue;
    const content = await readAppFile(root, `${FOLDER}/${entry.name}`) ?? "";
    found.push({ timestamp, content });
  }
  return found;
}

/** `YYYYMMDDHHMMSS`. */
function timestampOf(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(0, 14);
}
