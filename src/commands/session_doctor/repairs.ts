/** What `session:doctor --fix` does. Only what is safe: nothing is removed or overwritten. */
import { join } from "node:path";
import { INITIALIZER, readAppFile, SHARD_FILE } from "../../app/app.ts";
import { GITIGNORE } from "../../app/environment_files.ts";
import { planFiles, writeFiles } from "../../app/plan.ts";
import { newlineOf } from "../../core/text.ts";
import type { CheckId, Finding } from "./checks.ts";
import type { DoctorContext } from "./context.ts";
import { modeOf } from "./files.ts";

/** A change that is safe. */
export interface Repair {
  /** The checks that may be ok afterwards. */
  readonly ids: readonly CheckId[];
  /** What it does: `chmod go-w .env`. */
  readonly lines: readonly string[];
  run(): Promise<void>;
}

/** The repairs for findings that are not ok. Nothing is changed yet. */
export async function repairsFor(
  findings: readonly Finding[],
  context: DoctorContext,
): Promise<readonly Repair[]> {
  const ids = findings
    .filter(({ status }) => status === "failure" || status === "warning")
    .map(({ id }) => id);
  const repairs: Repair[] = [];
  if (ids.includes("config.writable")) {
    const names = WRITABLE.filter((name) => name !== ENV || !ids.includes("secret.readable"));
    repairs.push(...await modeRepairs(context.root, names, 0o022, "go-w", "config.writable"));
  }
  if (ids.includes("secret.readable")) {
    repairs.push(...await modeRepairs(context.root, [ENV], 0o077, "600", "secret.readable"));
  }
  if (ids.includes("secret.ignored")) repairs.push(...await ignoreRepair(context.root));
  if (ids.includes("table.columns") || ids.includes("table.expiry-index")) {
    repairs.push(...await tableRepair(context));
  }
  return repairs;
}

const ENV = ".env";
const WRITABLE = ["azu.config.ts", ENV, INITIALIZER, SHARD_FILE];

/** The checks that `--fix` may be able to repair. */
export const repairable: readonly CheckId[] = [
  "config.writable",
  "secret.readable",
  "secret.ignored",
  "table.columns",
  "table.expiry-index",
];

/** Takes permissions away from others. @param bits Those that nobody but the owner may have. */
async function modeRepairs(
  root: string,
  names: readonly string[],
  bits: number,
  change: string,
  id: CheckId,
): Promise<Repair[]> {
  const repairs = await Promise.all(names.map(async (name): Promise<Repair[]> => {
    const path = join(root, name);
    const mode = await modeOf(path) ?? 0;
    if ((mode & bits) === 0) return [];
    return [{
      ids: [id],
      lines: [`chmod ${change} ${name}`],
      run: () => Deno.chmod(path, mode & ~bits),
    }];
  }));
  return repairs.flat();
}

async function ignoreRepair(root: string): Promise<Repair[]> {
  const before = await readAppFile(root, GITIGNORE) ?? "";
  const newline = newlineOf(before);
  const gap = before === "" || before.endsWith("\n") ? "" : newline;
  const content = `${before}${gap}.env${newline}`;
  return [{
    ids: ["secret.ignored"],
    lines: ["add the line .env to .gitignore"],
    run: async () => {
      const files = await planFiles(root, [{ path: GITIGNORE, content, additive: true }], false);
      await writeFiles(root, files);
    },
  }];
}

async function tableRepair(context: DoctorContext): Promise<Repair[]> {
  const store = await context.store();
  const changes = await store.missingInTable?.(context.signal, { expiryIndex: true });
  if (changes === undefined || store.changeTable === undefined) return [];
  return [{
    ids: ["table.columns", "table.expiry-index"],
    lines: [...changes.statements, `(${changes.effect})`],
    run: async () => await store.changeTable?.(changes, context.signal),
  }];
}
