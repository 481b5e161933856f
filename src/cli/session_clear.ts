import type { Backend } from "../backends/contract.ts";
import { type ClearReport, clearSessions } from "../commands/session_clear.ts";
import { type Choice, chooseToOperate } from "../config/choose.ts";
import { ExitCode, ImpossibleError } from "../core/errors.ts";
import { decisionLine, targetFields, tellReport } from "./clear_report.ts";
import { confirm } from "./confirm.ts";
import { type Host, Interruption } from "./host.ts";
import type { ParsedArgs } from "./parse.ts";
import { Progress } from "./progress.ts";
import { loadProjectFor } from "./project.ts";
import type { Reporter } from "./reporter.ts";

const QUESTION = "Are you sure you want to clear all sessions? This will log out all users.";

/** `azu session:clear` */
export async function sessionClear(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
): Promise<ExitCode> {
  const start = host.now().getTime();
  const project = await loadProjectFor(host, args, reporter, "development");
  const choice = chooseToOperate(project, args.text("backend"));
  for (const warning of [...project.warnings, ...choice.warnings]) reporter.warn(warning);
  const report = await attempt(host, args, reporter, choice);
  const exitCode = exitCodeOf(host, report);
  if (report.error) reporter.error(report.error);
  reporter.document({
    command: "session:clear",
    backend: choice.backend.name,
    decidedBy: choice.decidedBy,
    ...targetFields(choice.backend),
    dryRun: args.flag("dry-run"),
    outcome: report.outcome,
    cleared: report.cleared,
    remaining: report.remaining ?? null,
    arrived: report.arrived ?? null,
    lookAlikes: report.lookAlikes,
    nodesTold: report.nodes?.told ?? null,
    exitCode,
    durationMs: host.now().getTime() - start,
  }, report.error);
  return exitCode;
}

const NOTHING_DONE = {
  cleared: 0,
  remaining: undefined,
  arrived: undefined,
  lookAlikes: [],
} as const;

async function attempt(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  choice: Choice,
): Promise<ClearReport> {
  const { backend } = choice;
  const dryRun = args.flag("dry-run");
  reporter.line(decisionLine(choice));
  const { clear } = backend.capabilities;
  if (clear !== true) {
    if (!dryRun) reporter.line("Clearing sessions...");
    reporter.line(`Backend: ${backend.name}`);
    reporter.line(`⚠️  ${clear.whyNot}`);
    reporter.line(clear.instead);
    const error = new ImpossibleError(clear.whyNot, { hint: clear.instead });
    return { ...NOTHING_DONE, outcome: "impossible", ...(reporter.options.json ? { error } : {}) };
  }
  backend.check?.();
  host.handleSignals();
  if (!dryRun && !args.flag("force") && !await agreed(host, reporter, choice)) {
    reporter.note("Nothing was cleared");
    return { ...NOTHING_DONE, outcome: host.signal.aborted ? "interrupted" : "declined" };
  }
  if (!dryRun) announce(reporter, backend);
  const report = await withProgress(host, args, reporter, backend);
  tellReport(reporter, report, backend);
  return report;
}

async function agreed(host: Host, reporter: Reporter, choice: Choice): Promise<boolean> {
  return await confirm(host, QUESTION, () => {
    // Who redirects the answer away must still see what is about to be cleared.
    if (!host.stdout.isTerminal || reporter.options.json || reporter.options.quiet) {
      reporter.say(decisionLine(choice));
    }
  });
}

function announce(reporter: Reporter, backend: Backend): void {
  reporter.line("Clearing sessions...");
  reporter.line(`Backend: ${backend.name}`);
  const lines = backend.announce?.() ?? [`Clearing ${backend.name} sessions...`];
  for (const line of lines) reporter.line(line);
}

async function withProgress(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  backend: Backend,
): Promise<ClearReport> {
  using progress = new Progress(host, reporter);
  return await clearSessions(backend, {
    signal: host.signal,
    dryRun: args.flag("dry-run"),
    broadcast: !args.flag("no-broadcast"),
    now: () => host.now(),
    budget: {},
    onProgress: (cleared) => progress.update(`Cleared ${cleared} session(s) so far`),
  });
}

function exitCodeOf(host: Host, { outcome, error }: ClearReport): ExitCode {
  switch (outcome) {
    case "cleared":
    case "empty":
    case "found":
    case "declined":
      return ExitCode.ok;
    case "impossible":
      return ExitCode.impossible;
    case "interrupted":
      return host.signal.reason instanceof Interruption
        ? host.signal.reason.exitCode
        : ExitCode.interrupted;
    case "partial":
    case "failed":
      return error?.exitCode ?? ExitCode.failed;
  }
}
