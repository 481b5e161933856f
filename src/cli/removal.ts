/** How a command removes sessions: with progress, an exit code, and true counts if it is cut off. */
import type { Backend } from "../backends/contract.ts";
import { clearSessions } from "../commands/session_clear/clear.ts";
import {
  type ClearReport,
  type ClearRequest,
  NOTHING_DONE,
} from "../commands/session_clear/types.ts";
import type { Words } from "../commands/session_clear/words.ts";
import { ExitCode, ImpossibleError } from "../core/errors.ts";
import { interruptedCode, type Operation } from "./operation.ts";
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
  readonly options: Options;
  readonly words: Words;
  readonly trail: AuditTrail;
  /** Reports how it ended, as lines or as JSON. */
  conclude(report: ClearReport): ExitCode;
}

type How = Pick<ClearRequest, "selection" | "dryRun" | "anything" | "preview" | "skipLocked">;

/**
 * Removes sessions, or only finds them. If `--evidence` names a file, it writes that first.
 * @param signal Ends it, after the batch in flight; by default, that of the process.
 */
export async function removeSessions(
  removal: Removal,
  how: How,
  signal = removal.host.signal,
): Promise<ClearReport> {
  const { options: { evidence: path }, reporter, trail } = removal;
  if (path === undefined || how.dryRun) return await removed(removal, how, signal);
  const { writeEvidence } = await import("./evidence.ts");
  const evidence = await writeEvidence(removal, path, how.selection);
  reporter.note(`Evidence: ${evidence.sessions} session(s) in ${evidence.file}`);
  reporter.note(`SHA-256: ${evidence.sha256}`);
  await trail.evidence({ ...evidence });
  const report = await removed(removal, how, signal);
  const more = report.cleared - evidence.sessions;
  if (more > 0) {
    reporter.warn(`${more} of the removed session(s) are not in the evidence: they are newer`);
  }
  return { ...report, evidence };
}

async function removed(removal: Removal, how: How, signal: AbortSignal): Promise<ClearReport> {
  const { host, options, reporter, choice: { backend }, target, words } = removal;
  using progress = new Progress(host, reporter, target.address ?? backend.name, words);
  progress.stopAfter(signal);
  host.lastWords = () => {
    const { begun, cleared, total } = progress;
    const cutOff = { begun, isUncertain: begun, total };
    removal.conclude({ ...NOTHING_DONE, outcome: "interrupted", cleared, cutOff });
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

export function exitCodeOf(host: Host, { outcome, error }: ClearReport): ExitCode {
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

/** Returns an error if the backend does not support a given option. */
export function unsupported(
  { truncate, waitReplicas }: Options,
  { name, capabilities }: Backend,
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
