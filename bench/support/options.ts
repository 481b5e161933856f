/** The options of the store benchmarks, and what each benchmark gets. */
import { parseArgs } from "node:util";
import type { Azu } from "./azu.ts";
import type { Report } from "./report.ts";

export const PARTS = ["redis", "postgres", "mysql", "sqlite", "copy", "backup"] as const;
export type Part = typeof PARTS[number];

/** How many sessions each user has. */
export const SESSIONS_PER_USER = 20;

export interface Bench {
  readonly azu: Azu;
  readonly report: Report;
  /** A folder for temporary files. */
  readonly folder: string;
  readonly sessions: number;
  /** How often to measure each pair. */
  readonly rounds: number;
}

export const USAGE = `Usage: bench [options]
  --only <parts>    some of ${PARTS.join(",")}; default: all
  --sessions <n>    default: 1000000, which the bounds are for
  --rounds <n>      how often to measure each pair; default: 3`;

const OPTIONS = {
  only: { type: "string", default: PARTS.join(",") },
  sessions: { type: "string", default: "1000000" },
  rounds: { type: "string", default: "3" },
} as const;

/** @returns undefined if an option is not valid, or for `--help`. */
export function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: false });
  if (Object.keys(values).some((name) => !(name in OPTIONS))) return undefined;
  const names = String(values.only).split(",");
  const parts = PARTS.filter((part) => names.includes(part));
  const [sessions, rounds] = [Number(values.sessions), Number(values.rounds)];
  const isRight = parts.length === names.length && Number.isSafeInteger(sessions) &&
    sessions >= 1000 && Number.isSafeInteger(rounds) && rounds > 0;
  return isRight ? { parts, sessions, rounds } : undefined;
}
