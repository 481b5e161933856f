/** An app that moves its sessions from the store `old` to the store `new`. */
import { ok } from "node:assert/strict";
import { isRecord } from "../../../src/core/record.ts";
import { type AzuOptions, runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";
import { type End, type Kept, sqliteEnd } from "../session_copy/ends.ts";

export const NOW = Date.now();
export const HOUR = 3_600_000;

/** Stands for the random part of every id, and what payloads contain. No output may contain it. */
export const SECRET = "5ecre7-1d";

/** @param storedIn The store that the app has last written it to; undefined for none. */
export function session(user: number | null, storedIn?: string, facts: Partial<Kept> = {}): Kept {
  const visitedAt = facts.visitedAt ?? NOW - HOUR;
  const payload = JSON.stringify({
    user_id: user,
    visited_at: new Date(visitedAt).toISOString(),
    note: SECRET,
    ...(storedIn === undefined ? {} : { stored_in: storedIn }),
  });
  return { payload, expiresAt: NOW + HOUR, ...facts, visitedAt };
}

export function idOf(name: string): string {
  return `${SECRET}-${name}`;
}

export interface MovingApp extends AsyncDisposable {
  readonly path: string;
  readonly options: AzuOptions & { readonly cwd: string };
  readonly old: End;
  readonly new: End;
  write(where: "old" | "new", sessions: Readonly<Record<string, Kept>>): Promise<void>;
  /** The names of the sessions in a store. */
  names(where: "old" | "new"): Promise<readonly string[]>;
  run(...args: string[]): ReturnType<typeof runAzu>;
  /** The JSON document, and the exit code. */
  document(...args: string[]): Promise<Readonly<Record<string, unknown>>>;
}

/** @param settings Replace those of the config. */
export async function movingApp(
  settings: Readonly<Record<string, unknown>> = {},
  makeOld: () => Promise<End> = sqliteEnd,
  makeNew: () => Promise<End> = sqliteEnd,
): Promise<MovingApp> {
  const app = await tempDir();
  const ends = { old: await makeOld(), new: await makeNew() };
  const backends = { old: ends.old.entry, new: ends.new.entry };
  const session = { backend: "new", migrateFrom: "old", backends, ...settings };
  await writeTree(app.path, {
    "azu.config.ts": `export default ${JSON.stringify({ app: "shop", session })};`,
  });
  const options = { cwd: app.path };
  const run = (...args: string[]) => runAzu(args, options);
  return {
    path: app.path,
    options,
    ...ends,
    async write(where, sessions) {
      const entries = Object.entries(sessions).map(([name, kept]) => [idOf(name), kept] as const);
      await ends[where].write(Object.fromEntries(entries));
    },
    async names(where) {
      return Object.keys(await ends[where].look()).map((id) => id.replace(`${SECRET}-`, "")).sort();
    },
    run,
    async document(...args) {
      const { code, stdout, stderr } = await run(...args, "--json");
      const document: unknown = JSON.parse(stdout);
      ok(isRecord(document), stderr);
      return { ...document, code };
    },
    async [Symbol.asyncDispose]() {
      await ends.old[Symbol.asyncDispose]();
      await ends.new[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
    },
  };
}

/** The same fields of each store in a document. */
export function inStores(
  { stores }: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): readonly unknown[] {
  ok(Array.isArray(stores));
  return stores.map((store) => names.map((name) => isRecord(store) ? store[name] : undefined));
}
