import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { Backend } from "../../../backends/contract.ts";
import { copySessions } from "../../../commands/session_copy/copy.ts";
import type { CopySource } from "../../../commands/session_copy/ends.ts";
import {
  type CopyCounts,
  type CopyReport,
  type EndedCounts,
  NO_COUNTS,
  written,
} from "../../../commands/session_copy/types.ts";
import { oldOf } from "../../../config/choose.ts";
import { ExitCode, type ImpossibleError, UsageError } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import { audited, reportEnding } from "../../audit.ts";
import { workingFolder } from "../../load_project.ts";
import { budgetOf } from "../../operation_options.ts";
import { unreachable } from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import { readsStdin, selectionFor } from "../../selection.ts";
import { type Host, Interruption } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionCopyOptions } from "./command.ts";
import { begun, type Copying, type Count, countIn, NOTHING_DONE, WORDS } from "./copying.ts";
import {
  type BackendEnd,
  backendEnd,
  type End,
  endFieldsOf,
  type Ends,
  endsFor,
  isFile,
  nameOf,
  showEnds,
} from "./ends.ts";
import { FailedList } from "./failed.ts";
import { copyFields, showCopy } from "./report.ts";

export type CopyOptions = SessionCopyOptions & GlobalOptions;

/** `azu session:copy` */
export async function sessionCopy(
  host: Host,
  options: CopyOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  if (options.reseal) return await (await import("./reseal.ts")).reseal(host, options, reporter);
  const start = host.now().getTime();
  const isAsked = !options.force && !options.yes && !options.dryRun;
  if (isAsked && readsStdin(options)) {
    throw new UsageError("The names come from stdin, so there is nobody to ask", {
      hint: "Pass --force to go on without being asked; or --dry-run",
    });
  }
  const selection = await selectionFor(host, options, start);
  checkRemoval(options, selection);
  const ends = await endsFor(host, options, reporter);
  if (options.schedule !== undefined) {
    const { printCopySchedule } = await import("./schedule.ts");
    return printCopySchedule(host, reporter, ends, options.schedule);
  }
  checkDirection(ends);
  for (const keys of ends.neighbours) reporter.warn(`A copy takes ${keys} too`);
  showEnds(ends, reporter);
  const folder = await workingFolder(host, options);
  using failed = new FailedList(options.failed, folder);
  const conclude = (report: CopyReport): ExitCode => {
    const exitCode = exitCodeOf(host, report);
    showCopy(reporter, report, { ...ends, selection, failed });
    const durationMs = host.now().getTime() - start;
    const dryRun = options.dryRun ?? false;
    reporter.document(
      copyFields(report, ends, { selection, dryRun, exitCode, durationMs }),
      report.error,
    );
    return exitCode;
  };
  const { project: { environment }, from, to } = ends;
  const fields = {
    environment: environment.name,
    from: endFieldsOf(from),
    to: endFieldsOf(to),
    selection: selection.length === 0 ? null : inWords(selection),
    dryRun: options.dryRun ?? false,
  };
  const report = await audited(
    { host, reporter, project: ends.project, command: "session:copy", fields },
    () => attempt({ ...ends, host, options, reporter, selection, failed, folder, conclude }),
    reportEnding((report) => ({
      outcome: report.outcome,
      ...report.counts,
      inDoubt: report.inDoubt,
      exitCode: exitCodeOf(host, report),
    })),
  );
  return conclude(report);
}

/**
 * The store that an app leaves does not hear of what ends in the new one, and still has what is to
 * be moved.
 * @throws {UsageError} if a copy would go back there.
 */
function checkDirection({ project, from, to }: Ends): void {
  const { migrateFrom, backend = "redis" } = project.config.session ?? {};
  if (isFile(from) || isFile(to) || migrateFrom === undefined) return;
  if (nameOf(to) !== migrateFrom || nameOf(from) !== backend) return;
  throw new UsageError(
    `The app moves its sessions from ${migrateFrom} to ${backend}, and this copy goes back`,
    {
      hint: "Exchange --from and --to. To move back, first deploy the app with migrateTo in the " +
        "place of migrateFrom: see docs/how-to/switch-to-another-backend.md",
    },
  );
}

/** @throws {UsageError} if what has ended would not be certain, or nobody asked for it. */
function checkRemoval({ removeEnded, removeMost }: CopyOptions, selection: Selection): void {
  if (removeEnded && selection.length > 0) {
    throw new UsageError("--remove-ended takes no selection", {
      hint: "Copy the selection first, and run the command again without it",
    });
  }
  if (removeMost && !removeEnded) {
    throw new UsageError("--remove-most needs --remove-ended");
  }
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
  const { host, options, from, to } = copying;
  const impossible = unreachableEnd(from, "copied") ?? unreachableEnd(to, "written");
  if (impossible) return { ...NOTHING_DONE, outcome: "impossible", error: impossible };
  for (const end of [from, to]) if (!isFile(end)) end.choice.backend.check?.();
  host.handleSignals();
  if (isFile(to)) {
    const { copyToFile } = await import("./to_file.ts");
    return await copyToFile(copying, backendEnd(from), to);
  }
  const copyFrom = async (source: Backend | CopySource, count: Count) => {
    const isForced = options.force || options.yes || false;
    return await begun(copying, isForced, count) ?? await copied(source, to, copying);
  };
  if (isFile(from)) {
    const { copyFromFile } = await import("./from_file.ts");
    return await copyFromFile(copying, from, copyFrom);
  }
  return await copyFrom(from.choice.backend, () => countIn(from, copying));
}

function unreachableEnd(end: End, done: string): ImpossibleError | undefined {
  return isFile(end) ? undefined : unreachable(end.choice.backend, done);
}

async function copied(
  source: Backend | CopySource,
  to: BackendEnd,
  copying: Copying,
): Promise<CopyReport> {
  const { host, options, reporter, selection, failed, conclude } = copying;
  const { backend } = to.choice;
  using progress = new Progress(host, reporter, to.target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  let counts: CopyCounts = NO_COUNTS;
  let ended: EndedCounts | undefined;
  host.lastWords = () => {
    const report = { ...NOTHING_DONE, counts, outcome: "interrupted", inDoubt: Infinity } as const;
    conclude(ended === undefined ? report : { ...report, inDoubt: 0, ended: inDoubt(ended) });
  };
  try {
    return await copySessions({
      source,
      target: backend,
      signal: host.signal,
      selection,
      dryRun: options.dryRun ?? false,
      restoreRemoved: options.restoreRemoved ?? false,
      removeEnded: options.removeEnded ?? false,
      ...homesIn(copying),
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
      onEnded(now, seen, total) {
        ended = now;
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
 * While the app moves its sessions between the two, it does not use copies of ended ones either. So
 * nothing is lost if the source, which it empties, has none any longer.
 */
function homesIn({ project, from, to, options }: Copying) {
  const names = [nameOf(from), nameOf(to)] as const;
  const old = oldOf(project, names);
  return {
    homes: { names, old: old ?? nameOf(from) },
    removeMost: options.removeMost || old !== undefined,
  };
}

/** What is known if the process ends at once: sessions may be on their way. */
function inDoubt(ended: EndedCounts): EndedCounts {
  return { ...ended, inDoubt: Infinity };
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

/** All backup files count as one place: a session that one has restored may be in others, too. */
function placeOf(end: End) {
  if (isFile(end)) return ["backup file"];
  const { choice: { backend }, target: { address, pattern, table } } = end;
  return [backend.name, address ?? null, pattern ?? null, table ?? null];
}
