import type { Backend } from "../../../backends/contract.ts";
import { type ClearReport, NOTHING_DONE } from "../../../commands/session_clear/types.ts";
import { REVOKE } from "../../../commands/session_clear/words.ts";
import { type ExitCode, OperationError, UsageError } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import { listed } from "../../../core/text.ts";
import { audited, auditedRun, removalEnd } from "../../audit.ts";
import { type Operation, operationFor, showDecision, unreachable } from "../../operation.ts";
import { checkEvidence } from "../../operation_options.ts";
import type { GlobalOptions } from "../../program.ts";
import { exitCodeOf, type Removal, removeSessions, unsupported } from "../../removal.ts";
import { readsStdin, selectionFor } from "../../selection.ts";
import type { Host } from "../../terminal/host.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { showReport, showUnreadable } from "../session_clear/report.ts";
import type { SessionRevokeOptions } from "./command.ts";
import { previewLines, revokeFields } from "./report.ts";

const QUESTION =
  "Are you sure you want to revoke these sessions? This will log out whoever uses them.";

const COMMAND = "session:revoke";

/** How many sessions are shown before the question, and after a dry run. */
const PREVIEW = 10;

type Options = SessionRevokeOptions & GlobalOptions;

interface Revocation extends Removal {
  readonly selection: Selection;
}

/** `azu session:revoke` */
export async function sessionRevoke(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  checkEvidence(options);
  const isAsked = !options.force && !options.yes && !options.dryRun;
  if (isAsked && readsStdin(options)) {
    throw new UsageError("The names come from stdin, so there is nobody to ask", {
      hint: "Pass --force to go on without being asked; or --dry-run",
    });
  }
  const selection = await selectionFor(host, options, host.now().getTime());
  if (selection.length === 0) {
    throw new UsageError("session:revoke needs to know which sessions", {
      hint: "Pass --user, for example. To log out everybody, use session:clear",
    });
  }
  const operation = await operationFor(host, options, reporter);
  for (const keys of operation.neighbours) reporter.warn(`A revocation reaches ${keys} too`);
  const conclude = (report: ClearReport) => concluded(operation, options, selection, report);
  const revocation = {
    ...operation,
    command: COMMAND,
    options,
    words: REVOKE,
    conclude,
    selection,
  };
  const { dryRun = false } = options;
  const report = await audited(
    auditedRun(operation, COMMAND, options, { selection: inWords(selection), dryRun }),
    (trail) => attempt({ ...revocation, trail }),
    removalEnd(host, "revoked"),
  );
  return conclude(report);
}

function concluded(
  operation: Operation,
  options: Options,
  selection: Selection,
  report: ClearReport,
): ExitCode {
  const { host, reporter, choice, target } = operation;
  const exitCode = exitCodeOf(host, report);
  showReport(reporter, report, choice.backend, target, REVOKE, selection);
  if (report.outcome === "found") {
    const lines = previewLines(report, host.stdout, host.now());
    for (const line of lines) reporter.line(line);
  }
  const circumstances = { selection, dryRun: options.dryRun ?? false, exitCode };
  reporter.document(revokeFields(report, operation, circumstances), report.error);
  return exitCode;
}

async function attempt(revocation: Revocation): Promise<ClearReport> {
  const { host, options, reporter, choice: { backend }, neighbours, selection } = revocation;
  const dryRun = options.dryRun ?? false;
  showDecision(revocation);
  const { clear } = backend.capabilities;
  const hint = clear === true ? {} : { hint: clear.instead };
  const error = unreachable(backend, "revoked", hint) ?? unsupported(options, backend, REVOKE);
  if (error) return { ...NOTHING_DONE, outcome: "impossible", error };
  backend.check?.();
  host.handleSignals();
  const how = { selection, anything: false, preview: 0 };
  if (dryRun) return await removeSessions(revocation, { ...how, dryRun, preview: PREVIEW });
  if (options.force || options.yes) {
    if (neighbours.length > 0) {
      return { ...NOTHING_DONE, outcome: "failed", error: notAlone(neighbours) };
    }
    announce(reporter, backend);
    return await removeSessions(revocation, { ...how, dryRun });
  }
  checkTerminal(host);
  const found = await removeSessions(revocation, { ...how, dryRun: true, preview: PREVIEW });
  // Without any, there is nothing to ask.
  if (found.outcome !== "found" || found.remaining === 0) return found;
  if (!await agreed(revocation, found)) {
    reporter.note("Nothing was revoked");
    return { ...NOTHING_DONE, outcome: host.signal.aborted ? "interrupted" : "declined" };
  }
  announce(reporter, backend);
  return await removeSessions(revocation, { ...how, dryRun });
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was revoked, because a revocation reaches ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or run the command at a terminal, where it asks" },
  );
}

/** Says which sessions are about to be revoked, even with --quiet, and asks. */
async function agreed(revocation: Revocation, found: ClearReport): Promise<boolean> {
  const { host, reporter, selection } = revocation;
  if (reporter.options.quiet) showDecision(revocation, true);
  reporter.say(`Sessions ${inWords(selection)}: ${found.remaining ?? 0}`);
  for (const line of previewLines(found, host.stderr, host.now())) reporter.say(line);
  showUnreadable(reporter, found.unreadable, selection);
  return await ask(host, QUESTION) === true;
}

function announce(reporter: Reporter, { name }: Backend): void {
  reporter.line("Revoking sessions...");
  reporter.line(`Backend: ${name}`);
}
