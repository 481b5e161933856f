import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { copySessions } from "../../../commands/session_copy/copy.ts";
import {
  type CopyCounts,
  type CopyReport,
  NO_COUNTS,
  written,
} from "../../../commands/session_copy/types.ts";
import { countSource } from "../../../commands/session_copy/count.ts";
import { ExitCode, OperationError, UsageError } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import { listed } from "../../../core/text.ts";
import { audited } from "../../audit.ts";
import { workingFolder } from "../../load_project.ts";
import { budgetOf } from "../../operation_options.ts";
import { unreachable } from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import { readsStdin, selectionFor } from "../../selection.ts";
import { type Host, Interruption } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionCopyOptions } from "./command.ts";
import { type End, endFieldsOf, type Ends, endsFor, endText, showEnds } from "./ends.ts";
import { FailedList } from "./failed.ts";
import { copyFields, showCopy } from "./report.ts";

export type CopyOptions = SessionCopyOptions & GlobalOptions;

/** A run of the command. */
interface Copying extends Ends {
  readonly host: Host;
  readonly options: CopyOptions;
  readonly reporter: Reporter;
  readonly selection: Selection;
  readonly failed: FailedList;
  /** The folder that file names are relative to. */
  readonly folder: string;
  /** Reports how it ended, as lines or as JSON. */
  conclude(report: CopyReport): ExitCode;
}

const WORDS = { doing: "Copying sessions", done: "copied" };

const NOTHING_DONE = {
  counts: NO_COUNTS,
  inDoubt: 0,
  comparison: undefined,
  unreadable: 0,
} as const satisfies Partial<CopyReport>;

/** `azu session:copy` */
export async function sessionCopy(
  host: Host,
  options: CopyOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  const start = host.now().getTime();
  const isAsked = !options.force && !options.yes && !options.dryRun;
  if (isAsked && readsStdin(options)) {
    throw new UsageError("The names come from stdin, so there is nobody to ask", {
      hint: "Pass --force to go on without being asked; or --dry-run",
    });
  }
  const selection = await selectionFor(host, options, start);
  const ends = await endsFor(host, options, reporter);
  if (options.schedule !== undefined) {
    const { printCopySchedule } = await import("./schedule.ts");
    return printCopySchedule(host, reporter, ends, options.schedule);
  }
  for (const keys of ends.neighbours) reporter.warn(`A copy takes ${keys} too`);
  showEnds(ends, reporter);
  const folder = await workingFolder(host, options);
  using failed = new FailedList(options.failed, folder);
  const conclude = (report: CopyReport): ExitCode => {
    const exitCode = exitCodeOf(host, report);
    showCopy(reporter, report, { selection, failed });
    const durationMs = host.now().getTime() - start;
    const dryRun = options.dryRun ?? false;
    reporter.document(
      copyFields(report, ends, { selection, dryRun, exitCode, durationMs }),
      report.error,
    );
    return exitCode;
  };
  const report = await audited(
    {
      host,
      reporter,
      project: ends.project,
      command: "session:copy",
      fields: {
        environment: ends.project.environment.name,
        from: endFieldsOf(ends.from),
        to: endFieldsOf(ends.to),
        selection: selection.length === 0 ? null : inWords(selection),
        dryRun: options.dryRun ?? false,
      },
    },
    () => attempt({ ...ends, host, options, reporter, selection, failed, folder, conclude }),
    (report) => ({
      outcome: report.outcome,
      ...report.counts,
      inDoubt: report.inDoubt,
      exitCode: exitCodeOf(host, report),
    }),
  );
  return conclude(report);
}

function exitCodeOf({ signal }: Host, { outcome, error }: CopyReport): ExitCode {
  switch (outcome) {
    case "copied":
    case "found":
    case "declined":
      return error?.exitCode ?? ExitCode.ok;
    case "partial":
      return ExitCode.failed;
    case "interrupted":
      return signal.reason instanceof Interruption ? signal.reason.exitCode : ExitCode.interrupted;
    case "failed":
    case "impossible":
      return error?.exitCode ?? ExitCode.failed;
  }
}

async function attempt(copying: Copying): Promise<CopyReport> {
  const { host, options, reporter, from, to, neighbours } = copying;
  const impossible = unreachable(from.choice.backend, "copied") ??
    unreachable(to.choice.backend, "written");
  if (impossible) return { ...NOTHING_DONE, outcome: "impossible", error: impossible };
  from.choice.backend.check?.();
  to.choice.backend.check?.();
  host.handleSignals();
  if (!options.dryRun) {
    const isForced = options.force || options.yes;
    if (isForced && neighbours.length > 0) {
      return { ...NOTHING_DONE, outcome: "failed", error: notAlone(neighbours) };
    }
    const refused = isForced ? undefined : await asked(copying);
    if (refused !== undefined) return refused;
    reporter.line("Copying sessions...");
    reporter.line(`From: ${endText(from)}`);
    reporter.line(`To: ${endText(to)}`);
  }
  return await copied(copying);
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was copied, because a copy takes ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or run the command at a terminal, where it asks" },
  );
}

/** Asks. @returns how it ended, if nothing is to be copied. */
async function asked(copying: Copying): Promise<CopyReport | undefined> {
  const { host, options, reporter, from, to, selection } = copying;
  checkTerminal(host);
  const { backend } = from.choice;
  using progress = new Progress(host, reporter, from.target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  const found = await countSource(backend, {
    signal: host.signal,
    selection,
    budget: budgetOf(options),
    timeout: options.timeout,
    onPhase: (phase) => progress.begin(phase),
    onFound: (found, total) => progress.find(found, total),
    onSlow: (reason) => reporter.noteOnce(reason),
  });
  progress[Symbol.dispose]();
  if (typeof found !== "number") return { ...NOTHING_DONE, ...found };
  reporter.say(`${found} session(s) from ${endText(from)} to ${endText(to)}`);
  if (await ask(host, "Copy them?") === true) return undefined;
  reporter.note("Nothing was copied");
  return { ...NOTHING_DONE, outcome: host.signal.aborted ? "interrupted" : "declined" };
}

async function copied(copying: Copying): Promise<CopyReport> {
  const { host, options, reporter, from, to, selection, failed, conclude } = copying;
  const { backend } = to.choice;
  using progress = new Progress(host, reporter, to.target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  let counts: CopyCounts = NO_COUNTS;
  host.lastWords = () => {
    conclude({ ...NOTHING_DONE, counts, outcome: "interrupted", inDoubt: Infinity });
  };
  try {
    return await copySessions({
      source: from.choice.backend,
      target: backend,
      signal: host.signal,
      selection,
      dryRun: options.dryRun ?? false,
      restoreRemoved: options.restoreRemoved ?? false,
      ledger: ledgerPath(copying),
      budget: budgetOf(options),
      timeout: options.timeout,
      now: () => host.now(),
      onPhase: (phase) => progress.begin(phase),
      onProgress(now, seen, total) {
        counts = now;
        progress.update(written(now), total);
        progress.find(seen, total);
      },
      onFailed: (session) => failed.add(session),
      onSlow: (reason) => reporter.noteOnce(reason),
    });
  } finally {
    host.lastWords = undefined;
  }
}

/**
 * A file for each pair of places, as they are configured.
 * @throws {UsageError} if the user has no folder for it.
 */
function ledgerPath({ host, options: { ledger }, folder, from, to }: Copying): string {
  if (ledger !== undefined) return resolve(folder, ledger);
  const home = host.env("HOME") ?? host.env("LOCALAPPDATA");
  const state = host.env("XDG_STATE_HOME") ?? (home && join(home, ".local", "state"));
  if (state === undefined) {
    throw new UsageError("There is no folder for the ledger of copies: HOME is not set", {
      hint: "Name a file with --ledger, and the same one at each copy",
    });
  }
  const name = createHash("sha256").update(JSON.stringify([placeOf(from), placeOf(to)]))
    .digest("hex").slice(0, 16);
  return join(state, "azu", `copy-${name}.ledger`);
}

function placeOf({ choice: { backend }, target: { address, pattern, table } }: End) {
  return [backend.name, address ?? null, pattern ?? null, table ?? null];
}
