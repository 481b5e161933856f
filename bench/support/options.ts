/** What every benchmark of stores is told, and given. */
import { parseArgs } from "node:util";
import type { Azu } from "./azu.ts";
import type { Report } from "./report.ts";

export const PARTS = ["redis", "postgres", "mysql", "sqlite"] as const;
export type Part = typeof PARTS[number];

export interface Bench {
  readonly azu: Azu;
  readonly report: Report;
  /** A folder for its files. */
  readonly folder: string;
  readonly sessions: number;
  /** How often each pair is measured. */
  readonly rounds: number;
}

export const USAGE = `Usage: bench [options]
  --only <parts>    of ${PARTS.join(",")}; all by default
  --sessions <n>    1000000 by default; the bounds are for that many
  --rounds <n>      how often each pair is measured, 3 by default`;

const OPTIONS = {
  only: { type: "string", default: PARTS.join(",") },
  sessions: { type: "string", default: "1000000" },
  rounds: { type: "string", default: "3" },
} as const;

/** Undefined where it cannot be understood, or help is wanted. */
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
