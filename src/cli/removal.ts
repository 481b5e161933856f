/** How a command removes sessions: with progress, an exit code, and true counts if it is cut off. */
import type { Backend } from "../backends/contract.ts";
import { clearSessions } from "../commands/session_clear/clear.ts";
import {
  type ClearReport,
  type ClearRequest,
  isDone,
  NOTHING_DONE,
} from "../commands/session_clear/types.ts";
import { again, totalOf } from "../commands/session_clear/total.ts";
import type { Words } from "../commands/session_clear/words.ts";
import { type AzuError, ExitCode, ImpossibleError } from "../core/errors.ts";
import {
  interruptedCode,
  oldFirst,
  type Operation,
  placesOf,
  type StorePlace,
} from "./operation.ts";
import type { AuditTrail } from "./audit.ts";
import { budgetOf, type RemovalFlags } from "./operation_options.ts";
import type { GlobalOptions } from "./program.ts";
import type { Host } from "./terminal/host.ts";
import { Progress } from "./terminal/progress.ts";

type Options = RemovalFlags & GlobalOptions & {
  readonly truncate?: true | undefined;
  readonly evidence?: string | undefined;
};

/** A command that removes sessions. */
export interface Removal extends Operation {
  /** `session:clear` */
  readonly command: string;
  readonly trail: AuditTrail;
  readonly options: Options;
  readonly words: Words;
  /** Reports how it ended, as lines or as JSON. */
  conclude(ends: readonly RemovalEnd[]): ExitCode;
}

/** How a removal has ended in one of the stores. */
export interface RemovalEnd {
  readonly place: StorePlace;
  readonly report: ClearReport;
}

type How = Pick<ClearRequest, "selection" | "dryRun" | "anything" | "preview" | "skipLocked">;

/**
 * Removes sessions from each store, or only finds them. If `--evidence` names a file, it writes that
 * first.
 */
export async function removeSessions(removal: Removal, how: How): Promise<readonly RemovalEnd[]> {
  const { options: { evidence: path }, reporter, trail } = removal;
  if (path === undefined || how.dryRun) return await removeFromAll(removal, how);
  const { writeEvidence } = await import("./evidence.ts");
  const evidence = await writeEvidence(removal, path, how.selection);
  reporter.note(`Evidence: ${evidence.sessions} session(s) in ${evidence.file}`);
  reporter.note(`SHA-256: ${evidence.sha256}`);
  await trail.evidence({ ...evidence });
  const ends = await removeFromAll(removal, how);
  const more = resultOf(removal.host, ends).total.cleared - evidence.sessions;
  // While an app moves its sessions, a copy of a session is removed, too.
  if (more > 0 && ends.length === 1) {
    reporter.warn(`${more} of the removed session(s) are not in the evidence: they are newer`);
  }
  return ends.map(({ place, report }) => ({ place, report: { ...report, evidence } }));
}

/**
 * A failure in one store does not keep sessions in the other one, unless the first one cannot do it
 * at all, or it was interrupted.
 */
async function removeFromAll(removal: Removal, how: How): Promise<readonly RemovalEnd[]> {
  const { signal } = removal.host;
  const places = oldFirst(removal);
  let ends: readonly RemovalEnd[] = places.map((place) => ({ place, report: NOT_BEGUN }));
  for (const [index, place] of places.entries()) {
    if (signal.aborted) break;
    const report = await removeFrom(removal, place, how, (report) => {
      removal.conclude(ends.with(index, { place, report }));
    });
    ends = ends.with(index, { place, report });
    if (report.outcome === "impossible") return ends.slice(0, index + 1);
  }
  return how.dryRun ? ends : await removeMoved(removal, how, ends);
}

const NOT_BEGUN: ClearReport = {
  ...NOTHING_DONE,
  outcome: "interrupted",
  cutOff: { begun: false, isUncertain: false, total: undefined },
};

/**
 * While the first store was done, a process of the app may have moved sessions there from the second
 * one, which was not done yet: so it is looked at again, and so is the second one if it had any.
 */
async function removeMoved(
  removal: Removal,
  how: How,
  before: readonly RemovalEnd[],
): Promise<readonly RemovalEnd[]> {
  if (before.length < 2 || !before.every(({ report }) => isDone(report))) return before;
  let ends = before;
  for (const [index, { place, report: first }] of before.entries()) {
    const report = await removeFrom(removal, place, how, (report) => {
      removal.conclude(ends.with(index, { place, report: again(first, report) }));
    });
    ends = ends.with(index, { place, report: again(first, report) });
    if (report.cleared === 0) break;
  }
  return ends;
}

/**
 * Removes sessions from one store.
 * @param onCutOff Called if the process is about to end at once.
 * @param signal Ends it, after the batch in flight; by default, that of the process.
 */
export async function removeFrom(
  removal: Omit<Removal, "command" | "trail" | "conclude">,
  { choice: { backend }, target }: StorePlace,
  how: How,
  onCutOff: (report: ClearReport) => void,
  signal = removal.host.signal,
): Promise<ClearReport> {
  const { host, options, reporter, words } = removal;
  using progress = new Progress(host, reporter, target.address ?? backend.name, words);
  progress.stopAfter(signal);
  host.lastWords = () => {
    const { begun, cleared, total } = progress;
    const cutOff = { begun, isUncertain: begun, total };
    onCutOff({ ...NOTHING_DONE, outcome: "interrupted", cleared, cutOff });
  };
  try {
    return await clearSessions(backend, {
      signal,
      words,
      ...how,
      broadcast: options.broadcast,
      budget: budgetOf(options),
      truncate: options.truncate ?? false,
      replicas: options.waitReplicas ?? 0,
      timeout: options.timeout,
      now: () => host.now(),
      onProgress: (cleared, total) => progress.update(cleared, total),
      onFound: (found, total) => progress.find(found, total),
      onPhase: (phase) => progress.begin(phase),
      onRetry: () => progress.retry(),
      onSlow: (reason) => reporter.noteOnce(reason),
    });
  } finally {
    host.lastWords = undefined;
  }
}

/** How a removal ends that was not begun in any store. */
export function untouched(
  operation: Operation,
  outcome: "failed" | "interrupted" | "impossible" | "declined",
  error?: AzuError,
): readonly RemovalEnd[] {
  const report = { ...NOTHING_DONE, outcome };
  return [{ place: operation, report: error === undefined ? report : { ...report, error } }];
}

/** The report of all stores, and the exit code. */
export function resultOf(host: Host, ends: readonly RemovalEnd[]) {
  const total = totalOf(ends.map(({ report }) => report));
  return { total, exitCode: exitCodeOf(host, total) };
}

function exitCodeOf(host: Host, { outcome, error }: ClearReport): ExitCode {
  switch (outcome) {
    case "cleared":
    case "empty":
    case "found":
      return error?.exitCode ?? ExitCode.ok;
    case "declined":
      return ExitCode.ok;
    case "impossible":
      return ExitCode.impossible;
    case "interrupted":
      return interruptedCode(host);
    case "partial":
    case "failed":
      return error?.exitCode ?? ExitCode.failed;
  }
}

/** Returns an error if one of the stores does not support a given option. */
export function unsupported(
  operation: Operation,
  options: Options,
  words: Words,
): ImpossibleError | undefined {
  const errors = placesOf(operation).map(({ choice: { backend } }) => {
    return unsupportedBy(backend, options, words);
  });
  return errors.find((error) => error !== undefined);
}

function unsupportedBy(
  { name, capabilities }: Backend,
  { truncate, waitReplicas }: Options,
  { done }: Words,
): ImpossibleError | undefined {
  const problems: string[] = [];
  if (truncate && capabilities.truncate !== true) {
    problems.push("empty a table at once (--truncate)");
  }
  if (waitReplicas !== undefined && capabilities.replicas !== true) {
    problems.push("tell whether replicas have caught up (--wait-replicas)");
  }
  if (problems.length === 0) return undefined;
  return new ImpossibleError(`The ${name} backend cannot ${problems.join(", nor ")}`, {
    hint: `Nothing was ${done}: run the command without that option`,
  });
}
