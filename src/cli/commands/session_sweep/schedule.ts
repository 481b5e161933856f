import { scheduleText } from "../../../commands/schedule.ts";
import { basename } from "node:path";
import { durationText } from "../../../core/duration.ts";
import { ExitCode } from "../../../core/errors.ts";
import { endFields, type Operation, operationFields } from "../../operation.ts";
import { visible } from "../../terminal/reporter.ts";
import type { SweepOptions } from "./action.ts";

/** Milliseconds that a scheduled sweep may take, if nothing says it. */
const TIME_BUDGET = 600_000;

/** Prints what makes a scheduler run this sweep every hour. Nothing is removed. */
export function printSchedule(
  operation: Operation,
  options: SweepOptions,
  scheduler: NonNullable<SweepOptions["schedule"]>,
): ExitCode {
  const { host, reporter, environment, project } = operation;
  const { backend, grace, fixTtl, timeBudget = TIME_BUDGET } = options;
  const app = project.app ?? basename(project.root);
  const lines = scheduleText(scheduler, {
    app,
    purpose: `Remove the expired sessions of ${app}`,
    name: "sweep",
    root: project.root,
    executable: host.executable,
    args: [
      ...["session:sweep", "--env", environment.name, "--quiet"],
      ...(backend === undefined ? [] : ["--backend", backend]),
      ...(grace === undefined ? [] : ["--grace", durationText(grace)]),
      ...(fixTtl ? ["--fix-ttl"] : ["--time-budget", durationText(timeBudget)]),
    ],
  });
  // Data: it is all that was asked for, so --quiet prints it too.
  if (!reporter.options.json) reporter.data(lines.map(visible));
  const exitCode = ExitCode.ok;
  reporter.document({
    command: "session:sweep",
    ...operationFields(operation),
    outcome: "planned",
    schedule: lines,
    ...endFields(operation, exitCode),
  });
  return exitCode;
}
