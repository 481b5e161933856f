import type { Backend, Target } from "../../../backends/contract.ts";
import type { ClearReport, ClearRequest } from "../../../commands/session_clear/types.ts";
import { clearSessions } from "../../../commands/session_clear/clear.ts";
import { type Choice, chooseToOperate } from "../../../config/choose.ts";
import { checkSamePlace, neighboursOf } from "../../../config/places.ts";
import type { Environment } from "../../../config/project.ts";
import { ExitCode, ImpossibleError, OperationError } from "../../../core/errors.ts";
import { listed } from "../../../core/text.ts";
import type { GlobalOptions } from "../../program.ts";
import { decisionLine } from "../../decision.ts";
import { loadProjectFor } from "../../load_project.ts";
import { type Host, Interruption } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionClearOptions } from "./command.ts";
import { clearFields, showDoubts, showLookAlikes, showReport } from "./report.ts";

const QUESTION = "Are you sure you want to clear all sessions? This will log out all users.";

type Options = SessionClearOptions & GlobalOptions;

/** The state of one `session:clear` run. */
interface ClearRun {
  readonly host: Host;
  readonly options: Options;
  readonly reporter: Reporter;
  readonly choice: Choice;
  readonly environment: Environment;
  /** The backend's target. Computed once so that all output is consistent. */
  readonly target: Target;
  /** The sessions of other environments that a clear removes too. */
  readonly neighbours: readonly string[];
  readonly start: number;
}

/** `azu session:clear` */
export async function sessionClear(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  const start = host.now().getTime();
  const project = await loadProjectFor(host, options, reporter, { usesDefault: true });
  const choice = chooseToOperate(project, options.backend);
  await checkSamePlace(project, options.backend);
  for (const warning of [...project.warnings, ...choice.warnings]) reporter.warn(warning);
  const { environment } = project;
  const target = choice.backend.describe();
  const neighbours = await neighboursOf(project, options.backend, target);
  for (const keys of neighbours) reporter.warn(`A clear removes ${keys} too`);
  const run = { host, options, reporter, choice, environment, target, neighbours, start };
  const report = await attempt(run);
  return conclude(run, options.strict ? strictly(report) : report);
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

function conclude(
  { host, options, reporter, choice, environment, target, start }: ClearRun,
  report: ClearReport,
): ExitCode {
  const exitCode = exitCodeOf(host, report);
  showReport(reporter, report, choice.backend, target);
  const dryRun = options.dryRun ?? false;
  const durationMs = host.now().getTime() - start;
  const circumstances = { choice, environment, target, dryRun, exitCode, durationMs };
  reporter.document(clearFields(report, circumstances), report.error);
  return exitCode;
}

const NOTHING_DONE = {
  cleared: 0,
  remaining: undefined,
  arrived: undefined,
  lookAlikes: [],
  doubts: [],
} as const;

async function attempt(run: ClearRun): Promise<ClearReport> {
  const { host, options, reporter, choice, environment, target } = run;
  const { backend } = choice;
  const dryRun = options.dryRun ?? false;
  reporter.note(decisionLine(choice, environment, target));
  const { clear } = backend.capabilities;
  if (clear !== true) {
    if (!dryRun) reporter.line("Clearing sessions...");
    reporter.line(`Backend: ${backend.name}`);
    reporter.line(`⚠️  ${clear.whyNot}`);
    reporter.line(clear.instead);
    const error = new ImpossibleError(clear.whyNot, { hint: clear.instead });
    return { ...NOTHING_DONE, outcome: "impossible", ...(reporter.options.json ? { error } : {}) };
  }
  const error = unsupported(options, backend);
  if (error) return { ...NOTHING_DONE, outcome: "impossible", error };
  backend.check?.();
  host.handleSignals();
  if (dryRun) return await withProgress(run, { dryRun, anything: false });
  if (options.force || options.yes) {
    if (run.neighbours.length > 0 && !options.anything) {
      return { ...NOTHING_DONE, outcome: "failed", error: notAlone(run.neighbours) };
    }
    announce(reporter, backend);
    return await withProgress(run, { dryRun, anything: options.anything ?? false });
  }
  checkTerminal(host);
  const found = await withProgress(run, { dryRun: true, anything: false });
  if (found.outcome !== "found") return found;
  if (!await agreed(run, found)) {
    reporter.note("Nothing was cleared");
    return { ...NOTHING_DONE, outcome: host.signal.aborted ? "interrupted" : "declined" };
  }
  announce(reporter, backend);
  return await withProgress(run, { dryRun, anything: true });
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was cleared, because a clear removes ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or, if those sessions may go too, pass --anything" },
  );
}

/** Says what is about to be cleared, even with --quiet, and asks. */
async function agreed(run: ClearRun, found: ClearReport): Promise<boolean> {
  const { host, reporter, choice, environment, target } = run;
  if (reporter.options.quiet) reporter.say(decisionLine(choice, environment, target));
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

async function withProgress(
  run: ClearRun,
  how: Pick<ClearRequest, "dryRun" | "anything">,
): Promise<ClearReport> {
  const { host, options, reporter, choice: { backend }, target } = run;
  using progress = new Progress(host, reporter, target.address ?? backend.name);
  const stop = () => progress.begin("stopping");
  host.signal.addEventListener("abort", stop, { once: true });
  host.lastWords = () => {
    const { begun, cleared, total } = progress;
    const cutOff = { begun, isUncertain: begun, total };
    conclude(run, { ...NOTHING_DONE, outcome: "interrupted", cleared, cutOff });
  };
  try {
    return await clearSessions(backend, {
      signal: host.signal,
      ...how,
      broadcast: options.broadcast,
      now: () => host.now(),
      ...requested(options),
      onProgress: (cleared, total) => progress.update(cleared, total),
      onFound: (found, total) => progress.find(found, total),
      onPhase: (phase) => progress.begin(phase),
      onRetry: () => progress.retry(),
    });
  } finally {
    host.lastWords = undefined;
    host.signal.removeEventListener("abort", stop);
  }
}

function exitCodeOf(host: Host, { outcome, error }: ClearReport): ExitCode {
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
      return host.signal.reason instanceof Interruption
        ? host.signal.reason.exitCode
        : ExitCode.interrupted;
    case "partial":
    case "failed":
      return error?.exitCode ?? ExitCode.failed;
  }
}

/** Returns an error if the backend does not support a given option. */
function unsupported(
  { truncate, waitReplicas }: Options,
  { name, capabilities }: Backend,
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
    hint: "Nothing was cleared: run the command without that option",
  });
}

function requested({ batch, pause, maxLatency, truncate, waitReplicas, timeout }: Options) {
  return {
    budget: {
      ...(batch === undefined ? {} : { batch }),
      ...(pause === undefined ? {} : { pause }),
      ...(maxLatency === undefined ? {} : { maxLatency }),
    },
    truncate: truncate ?? false,
    replicas: waitReplicas ?? 0,
    timeout,
  };
}
