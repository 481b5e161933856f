import { planEject } from "../../../commands/eject.ts";
import type { ExitCode } from "../../../core/errors.ts";
import type { Host } from "../../terminal/host.ts";
import type { ParsedArgs } from "../../parse.ts";
import { loadProjectFor } from "../../project.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { writeAndReport } from "../files/write.ts";

/** `azu session:setup --eject` */
export async function eject(host: Host, args: ParsedArgs, reporter: Reporter): Promise<ExitCode> {
  const project = await loadProjectFor(host, args, reporter, undefined);
  for (const warning of project.warnings) reporter.warn(warning);
  const plan = await planEject(project, args.flag("force"));
  return await writeAndReport(host, args, reporter, { command: "session:setup", ...plan });
}
