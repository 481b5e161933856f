import { planInit } from "../../../commands/init.ts";
import { type ExitCode, UsageError } from "../../../core/errors.ts";
import type { Host } from "../../terminal/host.ts";
import type { ParsedArgs } from "../../parse.ts";
import { workingFolder } from "../../project.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { writeAndReport } from "../files/write.ts";

/** `azu init` */
export async function init(host: Host, args: ParsedArgs, reporter: Reporter): Promise<ExitCode> {
  if (args.text("config") !== undefined) {
    throw new UsageError("init writes a config of its own name, and takes no --config");
  }
  const plan = await planInit(await workingFolder(host, args), {
    force: args.flag("force"),
    updateTypes: args.flag("update-types"),
  });
  const advice = "; azu init --update-types writes the types only";
  return await writeAndReport(host, args, reporter, { command: "init", ...plan, advice });
}
