import { join } from "node:path";
import { ifPresent, readAppFile } from "../../app/app.ts";
import type { Templates } from "../../app/crystal_templates.ts";
import type { WantedFile } from "../../app/plan.ts";
import { renderMigration } from "../../app/render_templates.ts";
import type { Migration } from "../../backends/contract.ts";

const FOLDER = "src/db/migrations";

/** The file name of our migration: the timestamp, then what it does. */
const MIGRATION = /^(\d{14})_create_sessions\.cr$/;

/**
 * The migration: the existing one, or else a new one with the current time. So a second run finds
 * the migration of the first, and shows a changed table as a difference.
 */
export async function migrationFile(
  root: string,
  migrations: Migrations,
  now: Date,
  templates: Templates,
): Promise<WantedFile> {
  const existing = await existingMigrations(root);
  const candidates = existing.map((timestamp) => wanted(timestamp, migrations, templates));
  for (const candidate of candidates) {
    if (await readAppFile(root, candidate.path) === candidate.content) return candidate;
  }
  return candidates.at(-1) ?? wanted(utcTimestamp(now), migrations, templates);
}

/** By the names of environments; undefined stands for all others. */
type Migrations = ReadonlyMap<string | undefined, Migration | undefined>;

function wanted(timestamp: string, migrations: Migrations, templates: Templates): WantedFile {
  const named = [...migrations].flatMap(([name, migration]): [string, Migration | undefined][] =>
    name === undefined ? [] : [[name, migration]]
  );
  return {
    path: `${FOLDER}/${timestamp}_create_sessions.cr`,
    content: renderMigration(timestamp, migrations.get(undefined), new Map(named), templates),
  };
}

/** The timestamps of the existing migrations, oldest first. */
async function existingMigrations(root: string): Promise<string[]> {
  const folder = join(root, FOLDER);
  const entries = await ifPresent(folder, () => Array.fromAsync(Deno.readDir(folder))) ?? [];
  return entries
    .flatMap(({ name, isFile }) => isFile ? MIGRATION.exec(name)?.[1] ?? [] : [])
    .sort();
}

/** `YYYYMMDDHHMMSS`. */
function utcTimestamp(now: Date): string {
  return now.toISOString().replace(/\D/g, "").slice(0, 14);
}
