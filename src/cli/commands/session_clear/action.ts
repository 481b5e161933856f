import { NOTHING_DONE } from "../../../commands/session_clear/types.ts";
import { CLEAR } from "../../../commands/session_clear/words.ts";
import { type ExitCode, ImpossibleError, OperationError } from "../../../core/errors.ts";
import { listed } from "../../../core/text.ts";
import { audited, auditedRun, removalEnding } from "../../audit.ts";
import { placeText } from "../../decision.ts";
import {
  neighboursIn,
  oldFirst,
  type Operation,
  operationFor,
  placesOf,
  showDecision,
} from "../../operation.ts";
import { checkEvidence } from "../../operation_options.ts";
import type { GlobalOptions } from "../../program.ts";
import {
  type Removal,
  type RemovalEnd,
  removeSessions,
  resultOf,
  unsupported,
  untouched,
} from "../../removal.ts";
import type { Host } from "../../terminal/host.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionClearOptions } from "./command.ts";
import { clearFields, showDoubts, showHeading, showLookAlikes, showReport } from "./report.ts";

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
  for (const keys of neighboursIn(operation)) reporter.warn(`A clear removes ${keys} too`);
  const conclude = (ends: readonly RemovalEnd[]) => concluded(operation, options, ends);
  const { dryRun = false } = options;
  const clear = { ...operation, command: COMMAND, options, words: CLEAR, conclude };
  const ends = await audited(
    auditedRun(operation, COMMAND, options, { selection: null, dryRun }),
    async (trail) => {
      const ends = await attempt({ ...clear, trail });
      return options.strict ? ends.map(strictly) : ends;
    },
    removalEnding(host, "cleared"),
  );
  return conclude(ends);
}

/** With `--strict`, what would be a warning is an error. */
function strictly({ place, report }: RemovalEnd): RemovalEnd {
  const { outcome, lookAlikes, arrived = 0, doubts, error } = report;
  const isDone = error === undefined && ["cleared", "empty", "found"].includes(outcome);
  if (!isDone) return { place, report };
  const problems = [
    ...(lookAlikes.length > 0 ? ["keys under another prefix look like sessions"] : []),
    ...(arrived > 0 ? [`${arrived} session(s) were written during the clear`] : []),
    ...doubts,
  ];
  if (problems.length === 0) return { place, report };
  const strict = new OperationError(`${problems.join("; ")} (--strict)`);
  return { place, report: { ...report, error: strict } };
}

function concluded(
  operation: Operation,
  options: Options,
  ends: readonly RemovalEnd[],
): ExitCode {
  const { host, reporter } = operation;
  const { total, exitCode } = resultOf(host, ends);
  for (const { place, report } of ends) {
    if (ends.length > 1) showHeading(reporter, place);
    showReport(reporter, report, place, CLEAR);
  }
  const dryRun = options.dryRun ?? false;
  reporter.document(clearFields(ends, operation, { dryRun, exitCode }), total.error);
  return exitCode;
}

async function attempt(clear: Clear): Promise<readonly RemovalEnd[]> {
  const { host, options, reporter } = clear;
  const dryRun = options.dryRun ?? false;
  showDecision(clear);
  for (const place of placesOf(clear)) {
    const { backend } = place.choice;
    const { clear: capability } = backend.capabilities;
    if (capability === true) continue;
    if (!dryRun) reporter.line("Clearing sessions...");
    reporter.line(`Backend: ${backend.name}`);
    reporter.line(`⚠️  ${capability.whyNot}`);
    reporter.line(capability.instead);
    const error = new ImpossibleError(capability.whyNot, { hint: capability.instead });
    const report = { ...NOTHING_DONE, outcome: "impossible" } as const;
    return [{ place, report: reporter.options.json ? { ...report, error } : report }];
  }
  const error = unsupported(clear, options, CLEAR);
  if (error) return untouched(clear, "impossible", error);
  for (const { choice } of placesOf(clear)) choice.backend.check?.();
  host.handleSignals();
  const all = { selection: [], preview: 0 };
  if (dryRun) return await removeSessions(clear, { ...all, dryRun, anything: false });
  if (options.force || options.yes) {
    const neighbours = neighboursIn(clear);
    if (neighbours.length > 0 && !options.anything) {
      return untouched(clear, "failed", notAlone(neighbours));
    }
    announce(clear);
    const { anything = false } = options;
    return await removeSessions(clear, { ...all, dryRun, anything });
  }
  checkTerminal(host);
  const found = await removeSessions(clear, { ...all, dryRun: true, anything: false });
  if (!found.every(({ report }) => report.outcome === "found")) return found;
  if (!await agreed(clear, found)) {
    reporter.note("Nothing was cleared");
    return untouched(clear, host.signal.aborted ? "interrupted" : "declined");
  }
  announce(clear);
  return await removeSessions(clear, { ...all, dryRun, anything: true });
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was cleared, because a clear removes ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or, if those sessions may go too, pass --anything" },
  );
}

/** Says what is about to be cleared, even with --quiet, and asks. */
async function agreed(clear: Clear, found: readonly RemovalEnd[]): Promise<boolean> {
  const { host, reporter } = clear;
  if (reporter.options.quiet) showDecision(clear, true);
  for (const { place, report } of found) {
    const where = found.length > 1 ? ` in ${placeText(place)}` : "";
    reporter.say(`Sessions there now${where}: ${report.remaining ?? 0}`);
    showDoubts(reporter, report);
    showLookAlikes(reporter, report, place.target);
  }
  return await ask(host, QUESTION) === true;
}

function announce(clear: Clear): void {
  const { reporter } = clear;
  reporter.line("Clearing sessions...");
  for (const { choice: { backend } } of oldFirst(clear)) {
    reporter.line(`Backend: ${backend.name}`);
    const lines = backend.announce?.() ?? [`Clearing ${backend.name} sessions...`];
    for (const line of lines) reporter.line(line);
  }
}
