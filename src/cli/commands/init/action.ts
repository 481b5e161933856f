import { planInit } from "../../../commands/init.ts";
import { CONFIG_NAME } from "../../../config/find.ts";
import { type ExitCode, UsageError } from "../../../core/errors.ts";
import { listed } from "../../../core/text.ts";
import type { Host } from "../../terminal/host.ts";
import type { GlobalOptions } from "../../program.ts";
import { workingFolder } from "../../load_project.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { writeAndReport } from "../../planned_files.ts";
import type { InitOptions } from "./command.ts";
import { lostSettings } from "./lost_settings.ts";

/** `azu init` */
export async function init(
  host: Host,
  options: InitOptions & GlobalOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  if (options.config !== undefined) {
    throw new UsageError("init always writes azu.config.ts, so it takes no --config");
  }
  if (options.env !== undefined) {
    throw new UsageError("init writes the config of all environments, so it takes no --env");
  }
  const { note, ...plan } = await planInit(await workingFolder(host, options), {
    force: options.force ?? false,
    updateTypes: options.updateTypes ?? false,
    backend: options.backend,
    io: host,
  });
  if (note !== undefined) reporter.note(note);
  const config = plan.files.find(({ path }) => path === CONFIG_NAME);
  const lost = config === undefined ? [] : lostSettings(config);
  // Also with --quiet, which shows no diff.
  if (lost.length > 0) {
    reporter.warn(
      `${CONFIG_NAME} is written anew, so these settings of yours are lost or changed: ` +
        `${listed(lost, "and")}`,
    );
  }
  const advice = "; azu init --update-types writes only the types";
  return await writeAndReport(host, options.dryRun ?? false, reporter, {
    command: "init",
    ...plan,
    advice,
  });
}
