import { figureNames } from "../../../backends/survey.ts";
import { judge, type Limit, limitText } from "../../../commands/session_status/limits.ts";
import {
  readStatus,
  type Status,
  type StatusReport,
} from "../../../commands/session_status/status.ts";
import {
  type AzuError,
  ExitCode,
  ImpossibleError,
  OperationError,
  UsageError,
} from "../../../core/errors.ts";
import { timeText } from "../../../core/selection.ts";
import { budgetOf } from "../../operation_options.ts";
import {
  endFields,
  interruptedCode,
  type Operation,
  operationFields,
  operationFor,
  showDecision,
  unreachable,
} from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import type { Host } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionStatusOptions } from "./command.ts";
import { openMetrics } from "./openmetrics.ts";
import { screenContext, screenOf } from "./screen.ts";
import { watch } from "./watch.ts";

type Options = SessionStatusOptions & GlobalOptions;

/** `azu session:status` */
export async function sessionStatus(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  checkOptions(host, options);
  const operation = await operationFor(host, options, reporter);
  for (const keys of operation.neighbours) reporter.warn(`The status counts ${keys} too`);
  showDecision(operation);
  const { backend } = operation.choice;
  const error = unreachable(backend, "read");
  if (error) return conclude(operation, options, { outcome: "impossible", error });
  backend.check?.();
  host.handleSignals();
  const read = (progress?: Progress) => {
    return readStatus(backend, {
      signal: host.signal,
      isQuick: options.quick ?? false,
      budget: budgetOf(options),
      timeout: options.timeout,
      now: () => host.now().getTime(),
      onFound: (found, total) => progress?.find(found, total),
      onPhase: (phase) => progress?.begin(phase),
    });
  };
  if (options.watch !== undefined) return await watch(operation, options.watch, read);
  return conclude(operation, options, await once(operation, read));
}

/** @throws {UsageError} if options do not go together. */
function checkOptions({ stdout, env }: Host, options: Options): void {
  const { json, format, watch, failIf } = options;
  if (json && format !== undefined && format !== "json") {
    throw new UsageError(`--json and --format ${format} contradict each other`);
  }
  if (watch === undefined) return;
  if (json || format === "openmetrics" || failIf !== undefined) {
    throw new UsageError("--watch is for a person: it takes no --json, --format or --fail-if", {
      hint: "Run azu session:status again and again instead",
    });
  }
  if (!stdout.isTerminal || env("TERM") === "dumb") {
    throw new UsageError("--watch needs a terminal that can redraw lines");
  }
}

async function once(
  { host, reporter, target, choice }: Operation,
  read: (progress: Progress) => Promise<StatusReport>,
): Promise<StatusReport> {
  using progress = new Progress(host, reporter, target.address ?? choice.backend.name);
  progress.stopAfter(host.signal);
  return await read(progress);
}

function conclude(operation: Operation, options: Options, report: StatusReport): ExitCode {
  const { host, reporter } = operation;
  const { status } = report;
  if (status !== undefined) show(operation, options, status);
  const { met, error } = judged(options.failIf ?? [], report);
  const exitCode = report.outcome === "interrupted"
    ? interruptedCode(host)
    : error?.exitCode ?? ExitCode.ok;
  if (error !== undefined) reporter.error(error);
  if (report.outcome === "interrupted") reporter.note("Interrupted");
  reporter.document({
    command: "session:status",
    ...operationFields(operation),
    outcome: report.outcome,
    ...jsonOf(status),
    failed: met.map(limitText),
    ...endFields(operation, exitCode),
  }, error);
  return exitCode;
}

function show(operation: Operation, { format }: Options, status: Status): void {
  const { reporter, choice, environment } = operation;
  if (format === "openmetrics") {
    const labels = { backend: choice.backend.name, environment: environment.name };
    reporter.data(openMetrics(status, labels));
  } else {
    reporter.lines(screenOf(status, screenContext(operation)));
  }
  for (const warning of status.warnings) reporter.warn(warning);
}

/** The limits that are met, and the error of the command. */
function judged(
  limits: readonly Limit[],
  { status, error }: StatusReport,
): { readonly met: readonly Limit[]; readonly error?: AzuError | undefined } {
  if (status === undefined) return { met: [], error };
  const { met, unknown } = judge(limits, status.figures);
  if (met.length > 0) {
    const texts = met.map((limit) => {
      return `${limitText(limit)}: it is ${status.figures[limit.name]?.value}`;
    });
    return { met, error: new OperationError(`A limit is reached: ${texts.join("; ")}`) };
  }
  const [first] = unknown;
  if (first === undefined) return { met };
  const known = figureNames.filter((name) => status.figures[name] !== undefined);
  const hint = `It tells ${known.join(", ")}`;
  return { met, error: new ImpossibleError(`This store does not tell ${first.name}`, { hint }) };
}

/** What is not known is null. */
function jsonOf(status: Status | undefined): Readonly<Record<string, unknown>> {
  if (status === undefined) return { figures: null };
  const { figures, created, time, sampled, timeLeft, age, properties } = status;
  return {
    time: timeText(time),
    figures: Object.fromEntries(figureNames.map((name) => [name, figures[name]?.value ?? null])),
    estimated: figureNames.filter((name) => figures[name]?.isExact === false),
    sampled,
    oldest: created === undefined ? null : timeText(created.oldest),
    newest: created === undefined ? null : timeText(created.newest),
    timeLeft: timeLeft ?? null,
    age: age ?? null,
    properties,
  };
}
