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
import { placeText } from "../../decision.ts";
import {
  endFields,
  interruptedCode,
  neighboursIn,
  oldFirst,
  type Operation,
  operationFields,
  operationFor,
  placeFields,
  placesOf,
  showDecision,
  type StorePlace,
  unreachableOf,
} from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import type { Host } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import { errorField, type Reporter } from "../../terminal/reporter.ts";
import type { SessionStatusOptions } from "./command.ts";
import { type LabelledStatus, openMetrics } from "./openmetrics.ts";
import { screenContext, screenOf } from "./screen.ts";
import { watch } from "./watch.ts";

type Options = SessionStatusOptions & GlobalOptions;

/** The status of one of the stores. */
interface Read {
  readonly place: StorePlace;
  readonly report: StatusReport;
}

/** `azu session:status` */
export async function sessionStatus(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  checkOptions(host, options);
  const operation = await operationFor(host, options, reporter);
  for (const keys of neighboursIn(operation)) reporter.warn(`The status counts ${keys} too`);
  showDecision(operation);
  const error = unreachableOf(operation, "read");
  if (error) {
    return conclude(operation, options, [{
      place: operation,
      report: { outcome: "impossible", error },
    }]);
  }
  for (const { choice } of placesOf(operation)) choice.backend.check?.();
  host.handleSignals();
  const read = ({ choice: { backend } }: StorePlace, progress?: Progress) => {
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
  const all: Read[] = [];
  for (const place of oldFirst(operation)) {
    all.push({ place, report: await once(operation, place, read) });
  }
  return conclude(operation, options, all);
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
  { host, reporter }: Operation,
  place: StorePlace,
  read: (place: StorePlace, progress: Progress) => Promise<StatusReport>,
): Promise<StatusReport> {
  const { target, choice } = place;
  using progress = new Progress(host, reporter, target.address ?? choice.backend.name);
  progress.stopAfter(host.signal);
  return await read(place, progress);
}

function conclude(operation: Operation, options: Options, all: readonly Read[]): ExitCode {
  const { host, reporter } = operation;
  show(operation, options, all);
  const judgements = judged(options.failIf ?? [], all);
  const isInterrupted = all.some(({ report }) => report.outcome === "interrupted");
  const [error] = judgements.flatMap(({ error }) => error ?? []);
  const exitCode = isInterrupted ? interruptedCode(host) : error?.exitCode ?? ExitCode.ok;
  for (const { error } of judgements) if (error !== undefined) reporter.error(error);
  if (isInterrupted) reporter.note("Interrupted");
  const own = all.find(({ place }) => place === operation) ?? all[0];
  const outcomeOf = (wanted: StatusReport["outcome"]) => {
    return all.some(({ report }) => report.outcome === wanted) ? wanted : undefined;
  };
  const stores = all.map(({ place, report: { outcome, status } }, index) => ({
    ...placeFields(place),
    outcome,
    ...jsonOf(status),
    ...errorField(judgements[index]?.error),
  }));
  reporter.document({
    command: "session:status",
    ...operationFields(operation),
    outcome: outcomeOf("interrupted") ?? outcomeOf("failed") ?? outcomeOf("impossible") ?? "read",
    ...jsonOf(own?.report.status),
    failed: [...new Set(judgements.flatMap(({ met }) => met.map(limitText)))],
    ...(all.length > 1 ? { stores } : {}),
    ...endFields(operation, exitCode),
  }, error);
  return exitCode;
}

/** Shows what could be read. */
function show(operation: Operation, { format }: Options, all: readonly Read[]): void {
  const { reporter, environment } = operation;
  const labelled: LabelledStatus[] = [];
  for (const { place, report: { status } } of all) {
    if (status === undefined) continue;
    const labels = { backend: place.choice.backend.name, environment: environment.name };
    if (format !== "openmetrics") {
      if (labelled.length > 0) reporter.lines([[]]);
      reporter.lines(screenOf(status, screenContext(operation, place)));
    }
    labelled.push({ status, labels });
    const where = all.length > 1 ? `${place.choice.backend.name}: ` : "";
    for (const warning of status.warnings) reporter.warn(`${where}${warning}`);
  }
  if (format === "openmetrics" && labelled.length > 0) reporter.data(openMetrics(labelled));
}

interface Judgement {
  readonly met: readonly Limit[];
  readonly error?: AzuError | undefined;
}

/**
 * For each store, the limits that are met there, and its error. A figure that no store tells is an
 * error, too.
 */
function judged(limits: readonly Limit[], all: readonly Read[]): readonly Judgement[] {
  const told = new Set(all.flatMap(({ report: { status } }) => {
    return figureNames.filter((name) => status?.figures[name] !== undefined);
  }));
  return all.map(({ place, report: { status, error } }) => {
    if (status === undefined) return { met: [], error };
    const { met, unknown } = judge(limits, status.figures);
    const where = all.length > 1 ? ` (${placeText(place)})` : "";
    if (met.length > 0) {
      const texts = met.map((limit) => {
        return `${limitText(limit)}: it is ${status.figures[limit.name]?.value}`;
      });
      return { met, error: new OperationError(`A limit is reached: ${texts.join("; ")}${where}`) };
    }
    const untold = unknown.find(({ name }) => !told.has(name));
    if (untold === undefined) return { met };
    const known = figureNames.filter((name) => status.figures[name] !== undefined);
    const hint = `It tells ${known.join(", ")}`;
    const message = `This store does not tell ${untold.name}${where}`;
    return { met, error: new ImpossibleError(message, { hint }) };
  });
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
