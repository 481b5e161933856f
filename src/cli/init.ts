import { changesOf } from "../app/plan.ts";
import { writeFiles } from "../app/write.ts";
import { planInit } from "../commands/init.ts";
import { ExitCode, UsageError } from "../core/errors.ts";
import { conflictError, fileFields, showFiles } from "./files.ts";
import type { Host } from "./host.ts";
import type { ParsedArgs } from "./parse.ts";
import { workingFolder } from "./project.ts";
import type { Reporter } from "./reporter.ts";

/** `azu init` */
export async function init(host: Host, args: ParsedArgs, reporter: Reporter): Promise<ExitCode> {
  const start = host.now().getTime();
  const dryRun = args.flag("dry-run");
  if (args.text("config") !== undefined) {
    throw new UsageError("init writes a config of its own name, and takes no --config");
  }
  const { root, files } = await planInit(await workingFolder(host, args), {
    force: args.flag("force"),
    updateTypes: args.flag("update-types"),
  });
  const diffs = await showFiles(reporter, files, dryRun);
  const conflict = conflictError(files, "; azu init --update-types writes the types only");
  const changes = changesOf(files);
  const outcome = conflict
    ? "conflict"
    : dryRun
    ? "planned"
    : changes.length > 0
    ? "written"
    : "unchanged";
  if (outcome === "written") await writeFiles(root, changes);
  const said = {
    conflict: () => {},
    planned: () => reporter.line("Dry run: nothing was written"),
    written: () => reporter.verified(`Written to ${root}`),
    unchanged: () => reporter.verified("Nothing to change: the files are as they should be"),
  };
  said[outcome]();
  if (conflict) reporter.error(conflict);
  const exitCode = conflict ? ExitCode.failed : ExitCode.ok;
  reporter.document({
    command: "init",
    dryRun,
    outcome,
    files: fileFields(files, diffs),
    exitCode,
    durationMs: host.now().getTime() - start,
  }, conflict);
  return exitCode;
}
