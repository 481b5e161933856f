import { planEject } from "../../../commands/session_setup/templates.ts";
import type { ExitCode } from "../../../core/errors.ts";
import type { Host } from "../../terminal/host.ts";
import type { GlobalOptions } from "../../program.ts";
import { loadProjectFor } from "../../load_project.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { writeAndReport } from "../../planned_files.ts";
import type { SessionSetupOptions } from "./command.ts";

/** `azu session:setup --eject` */
export async function eject(
  host: Host,
  options: SessionSetupOptions & GlobalOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  const project = await loadProjectFor(host, options, reporter, { usesDefault: false });
  for (const warning of project.warnings) reporter.warn(warning);
  const plan = await planEject(project, options.force ?? false);
  const files = { command: "session:setup", ...plan };
  return await writeAndReport(host, options.dryRun ?? false, reporter, files);
}
