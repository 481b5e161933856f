import { type ListReport, listSessions } from "../../../commands/session_list/list.ts";
import { ExitCode, OperationError, UsageError } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import { audited, auditedRun, reportEnding } from "../../audit.ts";
import { budgetOf } from "../../operation_options.ts";
import {
  endFields,
  homesIn,
  interruptedCode,
  neighboursIn,
  oldFirst,
  type Operation,
  operationFields,
  operationFor,
  showDecision,
  storesField,
  unreachableOf,
} from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import { selectionFor } from "../../selection.ts";
import type { Format } from "../../sessions/names.ts";
import { JsonWriter, type SessionWriter, writerOf } from "../../sessions/writers.ts";
import type { Host } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { showUnreadable } from "../session_clear/report.ts";
import type { SessionListOptions } from "./command.ts";

type Options = SessionListOptions & GlobalOptions;

/** A run of the command: what it reads, and how it shows it. */
interface Listing extends Operation {
  readonly options: Options;
  readonly selection: Selection;
  readonly format: Format;
  /** The most sessions to show; undefined for all. */
  readonly limit: number | undefined;
  /** Undefined if only their number is shown. */
  readonly writer: SessionWriter | undefined;
}

const USUAL_LIMIT = 50;

/** The largest limits where all sessions that are shown are in memory: in JSON, and with an order. */
const MOST_IN_DOCUMENT = 10_000;
const MOST_SORTED = 100_000;

/** `azu session:list` */
export async function sessionList(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  const { format = options.json ? "json" : "table", fields, count = false } = options;
  checkOptions(options, format);
  const limit = limitOf(options, format);
  const selection = await selectionFor(host, options, host.now().getTime());
  const operation = await operationFor(host, options, reporter);
  for (const keys of neighboursIn(operation)) reporter.warn(`A list shows ${keys} too`);
  showDecision(operation);
  const writer = count
    ? undefined
    : format === "json"
    ? new JsonWriter(fields)
    : writerOf(format, host, reporter, fields);
  const listing = { ...operation, options, selection, format, limit, writer };
  const report = await audited(
    auditedRun(operation, "session:list", {}, {
      selection: selection.length === 0 ? null : inWords(selection),
      count,
    }),
    () => attempt(listing),
    reportEnding((report) => ({
      outcome: report.outcome,
      shown: report.shown,
      count: report.count ?? null,
      exitCode: exitCodeOf(host, report),
    })),
  );
  if (report.outcome !== "impossible") writer?.end();
  return conclude(listing, report);
}

/** @throws {UsageError} if options do not go together. */
function checkOptions({ json, format, fields, count, limit, sort }: Options, used: Format): void {
  if (json && format !== undefined && format !== "json") {
    throw new UsageError(`--json and --format ${format} contradict each other`);
  }
  if (used === "handles" && fields !== undefined) {
    throw new UsageError("--format handles shows handles only, so it takes no --fields");
  }
  if (!count) return;
  const given = Object.entries({ limit, sort, fields }).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    throw new UsageError(`--count counts all sessions, so it takes no --${given[0]}`);
  }
  if (used !== "table" && used !== "json") {
    throw new UsageError(`--count shows a number, so it takes no --format ${used}`);
  }
}

/** @throws {UsageError} if more sessions would be in memory than azu allows. */
function limitOf({ limit, sort }: Options, format: Format): number | undefined {
  if (limit === undefined) return USUAL_LIMIT;
  if (limit === "all" && sort !== undefined) {
    throw new UsageError("--sort needs a limit, because the sessions are sorted in memory", {
      hint: `Pass a --limit of at most ${MOST_SORTED}, or sort the output`,
    });
  }
  if (limit === "all") return format === "json" ? MOST_IN_DOCUMENT : undefined;
  if (format === "json" && Number(limit) > MOST_IN_DOCUMENT) {
    throw new UsageError(`The largest limit of one JSON document is ${MOST_IN_DOCUMENT}`, {
      hint: "For more, use --format ndjson",
    });
  }
  if (sort !== undefined && Number(limit) > MOST_SORTED) {
    throw new UsageError(`The largest limit with --sort is ${MOST_SORTED}`, {
      hint: "For more, sort the output",
    });
  }
  return Number(limit);
}

async function attempt(listing: Listing): Promise<ListReport> {
  const { host, options, reporter, selection, limit } = listing;
  const error = unreachableOf(listing, "listed");
  if (error) return { outcome: "impossible", shown: 0, more: undefined, unreadable: 0, error };
  const [first, ...others] = oldFirst(listing);
  for (const { choice } of [first, ...others]) choice.backend.check?.();
  host.handleSignals();
  const { choice: { backend }, target } = first;
  using progress = new Progress(host, reporter, target.address ?? backend.name);
  progress.stopAfter(host.signal);
  const report = await listSessions([backend, ...others.map(({ choice }) => choice.backend)], {
    homes: homesIn(listing),
    signal: host.signal,
    selection,
    onlyCount: options.count ?? false,
    limit,
    sort: options.sort,
    budget: budgetOf(options),
    timeout: options.timeout,
    onSessions(batch) {
      listing.writer?.write(batch);
      return !reporter.isUnread;
    },
    onFound: (found, total) => progress.find(found, total),
    onPhase: (phase) => progress.begin(phase),
    onSlow: (reason) => reporter.noteOnce(reason),
  });
  return withinMemory(listing, report);
}

/** In one JSON document, "all" sessions must be few. */
function withinMemory({ options, format }: Listing, report: ListReport): ListReport {
  if (options.limit !== "all" || format !== "json" || !report.more) return report;
  const error = new OperationError(
    `There are more than ${MOST_IN_DOCUMENT} sessions, the most in one JSON document`,
    { hint: "Use --format ndjson, which has no limit" },
  );
  return { ...report, outcome: "failed", error };
}

function conclude(listing: Listing, report: ListReport): ExitCode {
  const { host, reporter, selection, options, writer } = listing;
  const { outcome, more, count, unreadable, error } = report;
  const sessions = sessionsIn(writer, outcome);
  const exitCode = exitCodeOf(host, report);
  if (selection.length > 0) showUnreadable(reporter, unreadable, selection);
  if (error !== undefined) reporter.error(error);
  else showEnd(listing, report);
  reporter.document({
    command: "session:list",
    ...operationFields(listing),
    selection: selection.length === 0 ? null : inWords(selection),
    outcome,
    ...(options.count
      ? { count: count ?? null }
      : { sessions, shown: sessions.length, more: more ?? null }),
    unreadable,
    ...storesField(listing),
    ...endFields(listing, exitCode),
  }, error);
  return exitCode;
}

/** Only what is complete: a reader may not look at the outcome. */
function sessionsIn(writer: SessionWriter | undefined, outcome: ListReport["outcome"]) {
  return writer instanceof JsonWriter && outcome === "listed" ? writer.sessions : [];
}

/** Says what a table or a stream of sessions does not show. */
function showEnd({ reporter, selection, format, options }: Listing, report: ListReport): void {
  const { outcome, shown, more, count } = report;
  if (count !== undefined && format !== "json") return reporter.data([String(count)]);
  if (outcome === "interrupted") return reporter.note(`Interrupted after ${shown} session(s)`);
  if (shown === 0 && format === "table") {
    return reporter.line(selection.length === 0 ? "No sessions found" : "No sessions match");
  }
  if (more && format !== "json") {
    reporter.note(
      `The first ${shown} sessions; --limit ${options.sort ? "<n>" : "all"} shows more`,
    );
  }
}

function exitCodeOf(host: Host, { outcome, error }: ListReport): ExitCode {
  if (outcome === "interrupted") return interruptedCode(host);
  return error?.exitCode ?? ExitCode.ok;
}
