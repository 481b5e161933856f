/** Reports of removals from several stores, taken together. */
import { type AzuError, ExitCode, OperationError } from "../../core/errors.ts";
import { type ClearOutcome, type ClearReport, isDone } from "./types.ts";

/** The first of these that one of the reports has is that of all. */
const ORDER: readonly ClearOutcome[] = [
  ...["interrupted", "failed", "partial", "impossible", "declined"] as const,
  ...["found", "cleared", "empty"] as const,
];

/** All reports as one: the sums, and the worst outcome. */
export function totalOf(reports: readonly ClearReport[]): ClearReport {
  const [only, another] = reports;
  if (only !== undefined && another === undefined) return only;
  const outcome = outcomeOf(reports);
  const error = errorOf(reports, outcome);
  const nodes = reports.find(({ nodes }) => nodes?.untold !== undefined)?.nodes ??
    reports.find(({ nodes }) => nodes !== undefined)?.nodes;
  const replicas = reports.flatMap(({ replicas }) => replicas ?? []);
  const evidence = reports.find(({ evidence }) => evidence !== undefined)?.evidence;
  const advice = reports.find(({ advice }) => advice !== undefined)?.advice;
  const previews = reports.flatMap(({ preview }) => preview ?? []);
  return {
    outcome,
    cleared: sum(reports.map(({ cleared }) => cleared)) ?? 0,
    remaining: sum(reports.map(({ remaining }) => remaining)),
    arrived: sum(reports.map(({ arrived }) => arrived)),
    unreadable: sum(reports.map(({ unreadable }) => unreadable)) ?? 0,
    lookAlikes: reports.flatMap(({ lookAlikes }) => lookAlikes),
    doubts: reports.flatMap(({ doubts }) => doubts),
    ...(previews.length === 0 ? {} : { preview: previews }),
    ...(evidence === undefined ? {} : { evidence }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(replicas.length === 0 ? {} : { replicas: Math.min(...replicas) }),
    ...(advice === undefined ? {} : { advice }),
    ...(error === undefined ? {} : { error }),
  };
}

function outcomeOf(reports: readonly ClearReport[]): ClearOutcome {
  const worst = ORDER.find((outcome) => reports.some((report) => report.outcome === outcome)) ??
    "failed";
  // What one store cannot do has been done in the other one.
  const isPartly = worst === "impossible" && reports.some(isDone);
  return isPartly ? "failed" : worst;
}

function errorOf(reports: readonly ClearReport[], outcome: ClearOutcome): AzuError | undefined {
  const error = reports.find(({ error }) => error !== undefined)?.error;
  if (outcome !== "failed" || error?.exitCode !== ExitCode.impossible) return error;
  return new OperationError(error.message, error.options);
}

/** Undefined if one of them is not known. */
function sum(counts: readonly (number | undefined)[]): number | undefined {
  let total = 0;
  for (const count of counts) {
    if (count === undefined) return undefined;
    total += count;
  }
  return total;
}

/** The report of a store from which sessions were removed, and then looked for again. */
export function again(before: ClearReport, report: ClearReport): ClearReport {
  if (report.outcome === "empty") return before;
  const { cutOff } = report;
  return {
    ...report,
    cleared: before.cleared + report.cleared,
    ...(cutOff === undefined ? {} : { cutOff: { ...cutOff, begun: true } }),
  };
}
