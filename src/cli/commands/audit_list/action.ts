import { openAuditLog } from "../../../commands/audit.ts";
import { ExitCode, OperationError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/record.ts";
import { loadProjectFor } from "../../load_project.ts";
import { interruptedCode } from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import { type Host, usableColumns } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { cellText, type Column, layOut, tableLine } from "../../terminal/table.ts";
import type { AuditListOptions } from "./command.ts";
import { type AuditRun, LastRuns } from "./runs.ts";

const USUAL_LIMIT = 20;

/** `azu audit:list` */
export async function auditList(
  host: Host,
  options: AuditListOptions & GlobalOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  const { limit = USUAL_LIMIT } = options;
  const project = await loadProjectFor(host, options, reporter, { usesDefault: true });
  host.handleSignals();
  await using log = await openAuditLog(project, host.signal);
  reporter.note(`Audit log: ${log.place}`);
  const last = new LastRuns(limit);
  try {
    for await (const line of log.lines(host.signal)) {
      host.signal.throwIfAborted();
      last.add(line);
    }
  } catch (error) {
    if (host.signal.aborted) return interruptedCode(host);
    throw error;
  }
  const { runs, chain: { problem } } = last;
  if (runs.length === 0) reporter.line("The audit log has no records yet");
  else for (const line of tableOf(runs, host)) reporter.line(line);
  const error = problem === undefined ? undefined : new OperationError(
    `The audit log is not as azu has written it: ${problem}`,
    { hint: "azu audit:verify says more" },
  );
  if (error !== undefined) reporter.error(error);
  const exitCode = error === undefined ? ExitCode.ok : ExitCode.failed;
  reporter.document({
    command: "audit:list",
    log: log.place,
    outcome: error === undefined ? "listed" : "broken",
    runs: runs.map(({ begin, evidence, end }) => ({
      begin,
      evidence: evidence ?? null,
      end: end ?? null,
    })),
    exitCode,
  }, error);
  return exitCode;
}

type RunColumn = Column & { textOf(run: AuditRun): string };

/** Which column is left out first where there is too little room, and which may be cut. */
const columns: readonly RunColumn[] = [
  { title: "Record", rank: 3, isRight: true, textOf: ({ begin }) => String(begin.number) },
  {
    title: "Time (UTC)",
    rank: 1,
    textOf: ({ begin }) => begin.time.replace("T", " ").replace(/\.\d+Z$/, ""),
  },
  { title: "Command", rank: 0, textOf: ({ begin }) => textIn(begin["command"]) },
  { title: "Actor", rank: 2, least: 6, textOf: ({ begin }) => textIn(begin["actor"]) },
  { title: "Outcome", rank: 0, textOf: outcomeOf },
  { title: "Sessions", rank: 1, isRight: true, textOf: ({ end }) => countIn(end) },
  { title: "Selection", rank: 4, least: 12, textOf: ({ begin }) => textIn(begin["selection"]) },
  { title: "Reason", rank: 5, least: 8, textOf: ({ begin }) => textIn(begin["reason"]) },
  { title: "Target", rank: 6, least: 12, textOf: ({ begin }) => targetIn(begin) },
];

function tableOf(runs: readonly AuditRun[], { stdout }: Host): readonly string[] {
  const rows = runs.map((run) => columns.map((column) => cellText(column.textOf(run))));
  const width = stdout.isTerminal ? usableColumns(stdout) : undefined;
  const layout = layOut(columns, rows, width);
  const titles = columns.map(({ title }) => title);
  return [titles, ...rows].map((cells) => tableLine(columns, layout, cells));
}

function outcomeOf({ begin, end }: AuditRun): string {
  if (end === undefined) return "no end";
  const outcome = textIn(end["outcome"]);
  return begin["dryRun"] === true ? `${outcome} (dry run)` : outcome;
}

/** How many sessions a run has removed, copied or shown. */
function countIn(end: AuditRun["end"]): string {
  for (const name of ["removed", "created", "count", "shown", "given"]) {
    const value = end?.[name];
    if (typeof value === "number") return String(value);
  }
  return "-";
}

function targetIn(begin: AuditRun["begin"]): string {
  if (isRecord(begin["to"])) return `${textIn(begin["to"]["target"])} (copy)`;
  return textIn(begin["target"]);
}

function textIn(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : "-";
}
