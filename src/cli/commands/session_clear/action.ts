import type { Backend } from "../../../backends/contract.ts";
import { type ClearReport, NOTHING_DONE } from "../../../commands/session_clear/types.ts";
import { CLEAR } from "../../../commands/session_clear/words.ts";
import { type ExitCode, ImpossibleError, OperationError } from "../../../core/errors.ts";
import { listed } from "../../../core/text.ts";
import { audited, auditedRun, removalEnd } from "../../audit.ts";
import { type Operation, operationFor, showDecision } from "../../operation.ts";
import { checkEvidence } from "../../operation_options.ts";
import type { GlobalOptions } from "../../program.ts";
import { exitCodeOf, type Removal, removeSessions, unsupported } from "../../removal.ts";
import type { Host } from "../../terminal/host.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionClearOptions } from "./command.ts";
import { clearFields, showDoubts, showLookAlikes, showReport } from "./report.ts";

const QUESTION = "Are you sure you want to clear all sessions? This will log out all users.";

const COMMAND = "session:clear";

type Options = SessionClearOptions & GlobalOptions;

interface Clear extends Removal {
  readonly options: Options;
}

/** `azu session:clear` */
export async function sessionClear(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  checkEvidence(options);
  const operation = await operationFor(host, options, reporter);
  for (const keys of operation.neighbours) reporter.warn(`A clear removes ${keys} too`);
  const conclude = (report: ClearReport) => concluded(operation, options, report);
  const { dryRun = false } = options;
  const clear = { ...operation, command: COMMAND, options, words: CLEAR, conclude };
  const report = await audited(
    auditedRun(operation, COMMAND, options, { selection: null, dryRun }),
    async (trail) => {
      const report = await attempt({ ...clear, trail });
      return options.strict ? strictly(report) : report;
    },
    removalEnd(host, "cleared"),
  );
  return conclude(report);
}

/** With `--strict`, what would be a warning is an error. */
function strictly(report: ClearReport): ClearReport {
  const { outcome, lookAlikes, arrived = 0, doubts, error } = report;
  if (error !== undefined || !["cleared", "empty", "found"].includes(outcome)) return report;
  const problems = [
    ...(lookAlikes.length > 0 ? ["keys under another prefix look like sessions"] : []),
    ...(arrived > 0 ? [`${arrived} session(s) were written during the clear`] : []),
    ...doubts,
  ];
  if (problems.length === 0) return report;
  return { ...report, error: new OperationError(`${problems.join("; ")} (--strict)`) };
}

function concluded(operation: Operation, options: Options, report: ClearReport): ExitCode {
  const { host, reporter, choice, target } = operation;
  const exitCode = exitCodeOf(host, report);
  showReport(reporter, report, choice.backend, target, CLEAR);
  const dryRun = options.dryRun ?? false;
  reporter.document(clearFields(report, operation, { dryRun, exitCode }), report.error);
  return exitCode;
}

async function attempt(clear: Clear): Promise<ClearReport> {
  const { host, options, reporter, choice: { backend }, neighbours } = clear;
  const dryRun = options.dryRun ?? false;
  showDecision(clear);
  const { clear: capability } = backend.capabilities;
  if (capability !== true) {
    if (!dryRun) reporter.line("Clearing sessions...");
    reporter.line(`Backend: ${backend.name}`);
    reporter.line(`⚠️  ${capability.whyNot}`);
    reporter.line(capability.instead);
    const error = new ImpossibleError(capability.whyNot, { hint: capability.instead });
    return { ...NOTHING_DONE, outcome: "impossible", ...(reporter.options.json ? { error } : {}) };
  }
  const error = unsupported(options, backend, CLEAR);
  if (error) return { ...NOTHING_DONE, outcome: "impossible", error };
  backend.check?.();
  host.handleSignals();
  const all = { selection: [], preview: 0 };
  if (dryRun) return await removeSessions(clear, { ...all, dryRun, anything: false });
  if (options.force || options.yes) {
    if (neighbours.length > 0 && !options.anything) {
      return { ...NOTHING_DONE, outcome: "failed", error: notAlone(neighbours) };
    }
    announce(reporter, backend);
    const { anything = false } = options;
    return await removeSessions(clear, { ...all, dryRun, anything });
  }
  checkTerminal(host);
  const found = await removeSessions(clear, { ...all, dryRun: true, anything: false });
  if (found.outcome !== "found") return found;
  if (!await agreed(clear, found)) {
    reporter.note("Nothing was cleared");
    return { ...NOTHING_DONE, outcome: host.signal.aborted ? "interrupted" : "declined" };
  }
  announce(reporter, backend);
  return await removeSessions(clear, { ...all, dryRun, anything: true });
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was cleared, because a clear removes ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or, if those sessions may go too, pass --anything" },
  );
}

/** Says what is about to be cleared, even with --quiet, and asks. */
async function agreed(clear: Clear, found: ClearReport): Promise<boolean> {
  const { host, reporter, target } = clear;
  if (reporter.options.quiet) showDecision(clear, true);
  reporter.say(`Sessions there now: ${found.remaining ?? 0}`);
  showDoubts(reporter, found);
  showLookAlikes(reporter, found, target);
  return await ask(host, QUESTION) === true;
}

function announce(reporter: Reporter, backend: Backend): void {
  reporter.line("Clearing sessions...");
  reporter.line(`Backend: ${backend.name}`);
  const lines = backend.announce?.() ?? [`Clearing ${backend.name} sessions...`];
  for (const line of lines) reporter.line(line);
}
