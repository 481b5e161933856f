import { appGroup } from "../../../commands/session_doctor/app.ts";
import { type CheckId, checkIds, type Finding } from "../../../commands/session_doctor/checks.ts";
import { configGroup } from "../../../commands/session_doctor/config.ts";
import { cookieGroup } from "../../../commands/session_doctor/cookie.ts";
import { examine, type Group } from "../../../commands/session_doctor/doctor.ts";
import { type Repair, repairable, repairsFor } from "../../../commands/session_doctor/repairs.ts";
import { secretGroup } from "../../../commands/session_doctor/secret.ts";
import { storeGroup } from "../../../commands/session_doctor/store.ts";
import { otherPrefixes } from "../../../config/places.ts";
import { ttlOf } from "../../../config/session_defaults.ts";
import { listed } from "../../../core/text.ts";
import { ExitCode, messageOf, OperationError, UsageError } from "../../../core/errors.ts";
import { interruptedCode } from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import type { Host } from "../../terminal/host.ts";
import { ask, canAsk } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionDoctorOptions } from "./command.ts";
import { DoctorRun } from "./doctor_run.ts";
import { countsOf, doctorFields, showFindings, summaryOf } from "./report.ts";

export type DoctorOptions = SessionDoctorOptions & GlobalOptions;

/** @param flag The value of `--backend`. */
function groupsFor(flag: string | undefined): readonly Group[] {
  const store = storeGroup(async (context) => {
    const [project, { backend }] = [await context.project(), await context.choice()];
    return {
      ttl: ttlOf(project.config),
      otherPrefixes: await otherPrefixes(project, flag, backend.describe()),
    };
  });
  return [configGroup, secretGroup, appGroup, store, cookieGroup];
}

/** `azu session:doctor` */
export async function sessionDoctor(
  host: Host,
  options: DoctorOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  const start = host.now().getTime();
  const wanted = wantedChecks(options);
  const url = urlOf(options.url);
  host.handleSignals();
  await using context = await DoctorRun.begin(host, options, reporter, url);
  await context.showDecision();
  const groups = groupsFor(options.backend);
  let findings = await examine(groups, context, wanted);
  showFindings(reporter, findings);
  let fixed: readonly CheckId[] = [];
  let failure: OperationError | undefined;
  if (options.fix && !host.signal.aborted) {
    const repairs = await repairsFor(findings, context);
    ({ fixed, failure } = await repaired(host, options, reporter, repairs));
    if (fixed.length > 0) {
      const again = await examine(groups, await context.again(), new Set(fixed));
      reporter.line("");
      showFindings(reporter, again);
      const byId = new Map(again.map((finding) => [finding.id, finding]));
      findings = findings.map((finding) => byId.get(finding.id) ?? finding);
    }
  }
  if (failure !== undefined) reporter.error(failure);
  const counts = countsOf(findings);
  reporter.line("");
  reporter.line(summaryOf(counts));
  const isLeft = ({ id, status }: Finding) =>
    repairable.includes(id) && (status === "failure" || status === "warning");
  const left = findings.filter(isLeft).map(({ id }) => id);
  if (!options.fix && left.length > 0) {
    reporter.note(`azu session:doctor --fix can repair ${listed(left, "and")}`);
  }
  const isBad = counts.failure > 0 || failure !== undefined ||
    (options.strict === true && counts.warning > 0);
  const exitCode = host.signal.aborted
    ? interruptedCode(host)
    : isBad
    ? ExitCode.failed
    : ExitCode.ok;
  const durationMs = host.now().getTime() - start;
  reporter.document(
    { ...doctorFields(findings, fixed), ...await context.fields(), exitCode, durationMs },
    failure,
  );
  return exitCode;
}

/** @throws {UsageError} if no check is left. */
function wantedChecks({ only, skip = [] }: DoctorOptions): ReadonlySet<CheckId> {
  const left = new Set(skip.flat());
  const wanted = new Set((only?.flat() ?? checkIds).filter((id) => !left.has(id)));
  if (wanted.size > 0) return wanted;
  throw new UsageError("--only and --skip leave no check");
}

/** @throws {UsageError} if it is not the address of a page. */
function urlOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (
    url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
  ) {
    return url.href;
  }
  throw new UsageError("--url needs the address of a page, such as https://shop.example/", {
    hint: "It begins with http:// or https://, and has no user name and no password",
  });
}

/** Shows the repairs, asks, and makes them. */
async function repaired(
  host: Host,
  { yes }: DoctorOptions,
  reporter: Reporter,
  repairs: readonly Repair[],
): Promise<{ readonly fixed: readonly CheckId[]; readonly failure: OperationError | undefined }> {
  const none = { fixed: [], failure: undefined };
  if (repairs.length === 0) {
    reporter.line("");
    reporter.line("Nothing that --fix could repair");
    return none;
  }
  reporter.say("");
  reporter.say("--fix would:");
  for (const { lines } of repairs) {
    for (const line of lines.flatMap((line) => line.split("\n"))) reporter.say(`  ${line}`);
  }
  if (!yes) {
    if (!canAsk(host)) {
      throw new UsageError("There is no terminal to ask for confirmation; nothing was changed", {
        hint: "Pass --yes to make these changes without being asked",
      });
    }
    if (await ask(host, "Make these changes?") !== true) {
      reporter.note("Nothing was changed");
      return none;
    }
  }
  const fixed: CheckId[] = [];
  for (const { ids, lines, run } of repairs) {
    try {
      await run();
    } catch (error) {
      const [first = ""] = lines;
      return {
        fixed,
        failure: new OperationError(`Cannot ${first}: ${messageOf(error)}`, { cause: error }),
      };
    }
    fixed.push(...ids);
  }
  return { fixed, failure: undefined };
}
