import { changesOf, type PlannedFile } from "../../../app/plan.ts";
import { writeFiles } from "../../../app/write.ts";
import { ExitCode } from "../../../core/errors.ts";
import { conflictError, fileFields, showFiles } from "./show.ts";
import type { Host } from "../../terminal/host.ts";
import type { ParsedArgs } from "../../parse.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/** Files that a command has planned, and how it speaks of them. */
export interface FilesToWrite {
  readonly command: string;
  /** The folder that they go to, absolute. */
  readonly root: string;
  readonly files: readonly PlannedFile[];
  /** What else can be done where files are in the way. */
  readonly advice?: string;
  /** What is left to be done by hand. */
  readonly nextSteps?: readonly string[];
}

/** Shows, writes and reports: all of a command that only writes files. */
export async function writeAndReport(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  { command, root, files, advice, nextSteps = [] }: FilesToWrite,
): Promise<ExitCode> {
  const start = host.now().getTime();
  const dryRun = args.flag("dry-run");
  const diffs = await showFiles(reporter, files, dryRun);
  const conflict = conflictError(files, advice);
  const outcome = outcomeOf(conflict !== undefined, dryRun, changesOf(files).length);
  if (outcome === "written") await writeFiles(root, changesOf(files));
  const said = {
    conflict: () => {},
    planned: () => reporter.line("Dry run: nothing was written"),
    written: () => reporter.verified(`Written to ${root}`),
    unchanged: () => reporter.verified("Nothing to change: the files are as they should be"),
  };
  said[outcome]();
  if (conflict) reporter.error(conflict);
  else if (nextSteps.length > 0) {
    reporter.line("Next steps:");
    nextSteps.forEach((step, index) => reporter.line(`  ${index + 1}. ${step}`));
  }
  const exitCode = conflict ? ExitCode.failed : ExitCode.ok;
  reporter.document({
    command,
    dryRun,
    outcome,
    files: fileFields(files, diffs),
    ...(nextSteps.length === 0 ? {} : { nextSteps }),
    exitCode,
    durationMs: host.now().getTime() - start,
  }, conflict);
  return exitCode;
}

function outcomeOf(conflict: boolean, dryRun: boolean, changes: number) {
  if (conflict) return "conflict";
  if (dryRun) return "planned";
  return changes > 0 ? "written" : "unchanged";
}
