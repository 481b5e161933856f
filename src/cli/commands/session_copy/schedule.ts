import { basename } from "node:path";
import { type Scheduler, scheduleText } from "../../../commands/schedule.ts";
import { ExitCode } from "../../../core/errors.ts";
import type { Host } from "../../terminal/host.ts";
import { type Reporter, visible } from "../../terminal/reporter.ts";
import { PASSPHRASE_VARIABLE } from "../../backup_passphrase.ts";
import { endFieldsOf, type Ends, isFile, nameOf } from "./ends.ts";

/** Prints what makes a scheduler run this copy every hour. Nothing is copied. */
export function printCopySchedule(
  host: Host,
  reporter: Reporter,
  { project, from, to }: Ends,
  scheduler: Scheduler,
): ExitCode {
  const app = project.app ?? basename(project.root);
  const { environment } = project;
  const lines = scheduleText(scheduler, {
    app,
    purpose: `Copy the sessions of ${app} from ${nameOf(from)} to ${nameOf(to)}`,
    name: "copy",
    root: project.root,
    executable: host.executable,
    args: scheduledArgs(host.args, environment.name),
  });
  const isEncrypted = [from, to].some((end) => isFile(end) && end.isEncrypted);
  if (isEncrypted && project.env(PASSPHRASE_VARIABLE) === undefined) {
    reporter.warn(`${PASSPHRASE_VARIABLE} is not set here: where this runs, it must be`);
  }
  // Data: it is all that was asked for, so --quiet prints it too.
  if (!reporter.options.json) reporter.data(lines.map(visible));
  reporter.document({
    command: "session:copy",
    environment: environment.name,
    environmentFrom: environment.namedBy ?? null,
    from: endFieldsOf(from),
    to: endFieldsOf(to),
    outcome: "planned",
    schedule: lines,
    exitCode: ExitCode.ok,
  });
  return ExitCode.ok;
}

/** The arguments of this run, without what prints the schedule, and without a question. */
function scheduledArgs(args: readonly string[], environment: string): readonly string[] {
  const kept = args.filter((arg, index) => {
    const isValue = args[index - 1] === "--schedule";
    return !isValue && !/^(?:--schedule(?:=|$)|--json$|--dry-run$)/.test(arg);
  });
  const has = (...names: readonly string[]) => {
    return kept.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
  };
  return [
    ...kept,
    ...(has("--env") ? [] : ["--env", environment]),
    ...(has("--force", "-f", "--yes", "-y") ? [] : ["--force"]),
    ...(has("--quiet", "-q") ? [] : ["--quiet"]),
  ];
}
