import type { Backend } from "../../../backends/contract.ts";
import { REVOKE } from "../../../commands/session_clear/words.ts";
import { type AzuError, type ExitCode, OperationError, UsageError } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
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
  unreachableOf,
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
import { readsStdin, selectionFor } from "../../selection.ts";
import type { Host } from "../../terminal/host.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { showHeading, showReport, showUnreadable } from "../session_clear/report.ts";
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
  for (const keys of neighboursIn(operation)) reporter.warn(`A revocation reaches ${keys} too`);
  const conclude = (ends: readonly RemovalEnd[]) => concluded(operation, options, selection, ends);
  const { dryRun = false } = options;
  const revocation = {
    ...operation,
    command: COMMAND,
    options,
    words: REVOKE,
    conclude,
    selection,
  };
  const ends = await audited(
    auditedRun(operation, COMMAND, options, { selection: inWords(selection), dryRun }),
    (trail) => attempt({ ...revocation, trail }),
    removalEnding(host, "revoked"),
  );
  return conclude(ends);
}

function concluded(
  operation: Operation,
  options: Options,
  selection: Selection,
  ends: readonly RemovalEnd[],
): ExitCode {
  const { host, reporter } = operation;
  const { total, exitCode } = resultOf(host, ends);
  for (const { place, report } of ends) {
    if (ends.length > 1) showHeading(reporter, place);
    showReport(reporter, report, place, REVOKE, selection);
    if (report.outcome !== "found") continue;
    for (const line of previewLines(report, host.stdout, host.now())) reporter.line(line);
  }
  const circumstances = { selection, dryRun: options.dryRun ?? false, exitCode };
  reporter.document(revokeFields(ends, operation, circumstances), total.error);
  return exitCode;
}

async function attempt(revocation: Revocation): Promise<readonly RemovalEnd[]> {
  const { host, options, selection } = revocation;
  const dryRun = options.dryRun ?? false;
  showDecision(revocation);
  const error = unreachableOf(revocation, "revoked", hintOf) ??
    unsupported(revocation, options, REVOKE);
  if (error) return untouched(revocation, "impossible", error);
  for (const { choice } of placesOf(revocation)) choice.backend.check?.();
  host.handleSignals();
  const how = { selection, anything: false, preview: 0 };
  if (dryRun) return await removeSessions(revocation, { ...how, dryRun, preview: PREVIEW });
  if (options.force || options.yes) {
    const neighbours = neighboursIn(revocation);
    if (neighbours.length > 0) return untouched(revocation, "failed", notAlone(neighbours));
    announce(revocation);
    return await removeSessions(revocation, { ...how, dryRun });
  }
  checkTerminal(host);
  const found = await removeSessions(revocation, { ...how, dryRun: true, preview: PREVIEW });
  // Without any, there is nothing to ask.
  const isFound = found.every(({ report }) => report.outcome === "found");
  if (!isFound || found.every(({ report }) => report.remaining === 0)) return found;
  if (!await agreed(revocation, found)) {
    revocation.reporter.note("Nothing was revoked");
    return untouched(revocation, host.signal.aborted ? "interrupted" : "declined");
  }
  announce(revocation);
  return await removeSessions(revocation, { ...how, dryRun });
}

function hintOf({ capabilities: { clear } }: Backend): AzuError["options"] {
  return clear === true ? {} : { hint: clear.instead };
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was revoked, because a revocation reaches ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or run the command at a terminal, where it asks" },
  );
}

/** Says which sessions are about to be revoked, even with --quiet, and asks. */
async function agreed(revocation: Revocation, found: readonly RemovalEnd[]): Promise<boolean> {
  const { host, reporter, selection } = revocation;
  if (reporter.options.quiet) showDecision(revocation, true);
  for (const { place, report } of found) {
    const where = found.length > 1 ? ` in ${placeText(place)}` : "";
    reporter.say(`Sessions ${inWords(selection)}${where}: ${report.remaining ?? 0}`);
    for (const line of previewLines(report, host.stderr, host.now())) reporter.say(line);
    showUnreadable(reporter, report.unreadable, selection);
  }
  return await ask(host, QUESTION) === true;
}

function announce(revocation: Revocation): void {
  const { reporter } = revocation;
  reporter.line("Revoking sessions...");
  for (const { choice: { backend } } of oldFirst(revocation)) {
    reporter.line(`Backend: ${backend.name}`);
  }
}
