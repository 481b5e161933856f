/** Options that several commands have. Each is declared once. */
import type { Budget } from "../backends/pace.ts";
import { UsageError } from "../core/errors.ts";
import { duration, newCommand, wholeNumber } from "./program.ts";

export const BACKEND = [
  "-b, --backend <name>",
  "redis, database, memory, or a backend in the config",
] as const;

export const BATCH = [
  "--batch <n>",
  "The most keys or rows per request to the store",
  wholeNumber(1, 100_000),
] as const;

export const PAUSE = [
  "--pause <time>",
  "Rest after each batch, for example 50ms",
  duration(0, 60_000),
] as const;

export const MAX_LATENCY = [
  "--max-latency <time>",
  "Slow down if a batch takes longer",
  duration(1, 60_000),
] as const;

/** The limits for one request or one server. */
const milliseconds = duration(1, 60_000);

export const TIMEOUT = [
  "--timeout <time>",
  "Limit for connecting to a server (default: 5s)",
  milliseconds,
] as const;

/**
 * Adds the options of a command that removes sessions.
 * @param done What it does with them: `cleared`.
 */
export function removalOptions(command: ReturnType<typeof newCommand>, done: string) {
  return command
    .option(...BACKEND)
    .option("-f, --force", "Do not ask")
    .option("-y, --yes", "Answer the question with yes: the same as --force")
    .option("--dry-run", `Check and count what would be ${done}; remove nothing`)
    .option("--no-broadcast", "Do not tell the app's nodes to drop their cached sessions")
    .option(...BATCH)
    .option(...PAUSE)
    .option(...MAX_LATENCY)
    .option(
      "--timeout <time>",
      "Limit for connecting to a server, and for replicas to catch up (default: 5s)",
      milliseconds,
    )
    .option(
      "--wait-replicas <n>",
      "Fail unless at least <n> replicas of each Redis server have caught up",
      wholeNumber(1, 1000),
    );
}

/**
 * Adds the options about who removes sessions, why, and what they were.
 * @param done What the command does with them: `cleared`.
 */
export function evidenceOptions(command: ReturnType<typeof removalOptions>, done: string) {
  return command
    .option("--reason <text>", "Why, for the audit log: a ticket, for example")
    .option("--actor <name>", "Who, for the audit log (default: the login name)")
    .option("--evidence <file>", `First write what will be ${done} to a new file: no ids`);
}

export type EvidenceFlags = ReturnType<ReturnType<typeof evidenceOptions>["opts"]>;

/** @throws {UsageError} if the options do not go together. */
export function checkEvidence(
  { evidence, dryRun, reason, actor }: EvidenceFlags & { readonly dryRun?: true | undefined },
): void {
  for (const [name, value] of Object.entries({ evidence, reason, actor })) {
    if (value?.trim() === "") throw new UsageError(`--${name} got an empty text`);
  }
  if (evidence === undefined || !dryRun) return;
  throw new UsageError("--evidence is for what is removed, and --dry-run removes nothing", {
    hint: "To see the sessions, use session:list",
  });
}

export type RemovalFlags = ReturnType<ReturnType<typeof removalOptions>["opts"]>;

/** How hard a command may work on a store. */
export function budgetOf(
  { batch, pause, maxLatency }: Pick<RemovalFlags, "batch" | "pause" | "maxLatency">,
): Budget {
  return {
    ...(batch === undefined ? {} : { batch }),
    ...(pause === undefined ? {} : { pause }),
    ...(maxLatency === undefined ? {} : { maxLatency }),
  };
}
