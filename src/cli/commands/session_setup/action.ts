import { changesOf } from "../../../app/plan.ts";
import type { TableChanges } from "../../../backends/contract.ts";
import { applySetup, type TableOutcome } from "../../../commands/session_setup/apply.ts";
import { planSetup, type SetupPlan, withOffers } from "../../../commands/session_setup/plan.ts";
import { decisionText } from "../../../config/choose.ts";
import { decisionLine } from "../../decision.ts";
import { AzuError, ExitCode, OperationError } from "../../../core/errors.ts";
import { listed, printable } from "../../../core/text.ts";
import { conflictError, fileFields, showFiles } from "../../planned_files.ts";
import type { GlobalOptions } from "../../program.ts";
import { loadProjectFor } from "../../load_project.ts";
import { type Host, Interruption } from "../../terminal/host.ts";
import { ask, canAsk } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionSetupOptions } from "./command.ts";
import { backendsText, offersOf, showChanges, showDone, showNextSteps, stepsOf } from "./report.ts";

type Options = SessionSetupOptions & GlobalOptions;

/**
 * How a setup ended. `planned` is a dry run. After `conflict` and `declined` (the question was not
 * answered, or a change of the table not agreed to), nothing has changed.
 */
type SetupOutcome =
  | "written"
  | "unchanged"
  | "planned"
  | "conflict"
  | "declined"
  | "failed"
  | "interrupted";

interface SetupResult {
  /** The plan as shown, or with its offers accepted. */
  readonly plan: SetupPlan;
  readonly outcome: SetupOutcome;
  readonly exitCode: ExitCode;
  readonly table?: TableOutcome;
  /** What the table lacked, and the statements that add it. */
  readonly changes?: TableChanges;
  readonly error?: AzuError;
}

/** `azu session:setup` */
export async function sessionSetup(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  const start = host.now().getTime();
  const dryRun = options.dryRun ?? false;
  // The files are for all environments. The one that is named counts for --apply only.
  const project = await loadProjectFor(host, options, reporter, { usesDefault: false });
  const drawnUp = await planSetup(project, {
    backend: options.backend,
    force: options.force ?? false,
    apply: options.apply ?? false,
    now: host.now(),
  });
  const shown = options.yes ? withOffers(drawnUp) : drawnUp;
  for (const warning of [...project.warnings, ...shown.warnings]) reporter.warn(warning);
  const { choice } = shown;
  const { environment } = project;
  reporter.note(
    options.apply
      ? decisionLine(choice, environment, choice.backend.describe())
      : decisionText(choice),
  );
  reporter.line("Setting up sessions...");
  reporter.line(`Backend: ${backendsText(shown.backends)}`);
  const diffs = await showFiles(reporter, shown.files, dryRun);
  const result = await carryOut(host, options, reporter, project.root, shown);
  const { plan } = result;
  if (result.error) reporter.error(result.error);
  else if (DONE.has(result.outcome)) showNextSteps(host, dryRun, reporter, plan);
  reporter.document({
    command: "session:setup",
    backend: choice.backend.name,
    backends: shown.backends,
    decidedBy: choice.decidedBy,
    ...(options.apply
      ? { environment: environment.name, environmentFrom: environment.namedBy ?? null }
      : {}),
    dryRun,
    outcome: result.outcome,
    files: fileFields(plan.files, diffs),
    statements: plan.statements,
    table: result.table ?? null,
    tableLacks: result.changes?.missing ?? [],
    tableChanges: result.changes?.statements ?? [],
    nextSteps: stepsOf(plan),
    exitCode: result.exitCode,
    durationMs: host.now().getTime() - start,
  }, result.error);
  return result.exitCode;
}

/** The outcomes after which there may be next steps. */
const DONE = new Set<SetupOutcome>(["written", "unchanged", "planned"]);

async function carryOut(
  host: Host,
  options: Options,
  reporter: Reporter,
  root: string,
  shown: SetupPlan,
): Promise<SetupResult> {
  const conflict = conflictError(shown.files);
  if (conflict) {
    return { plan: shown, outcome: "conflict", exitCode: ExitCode.failed, error: conflict };
  }
  if (options.dryRun) {
    for (const statement of shown.statements) {
      for (const line of `${statement};`.split("\n")) reporter.line(line);
    }
    reporter.line("Dry run: nothing was written");
    return { plan: shown, outcome: "planned", exitCode: ExitCode.ok };
  }
  if (shown.statements.length > 0) shown.tableBackend.check?.();
  host.handleSignals();
  const plan = await agreedPlan(host, reporter, shown);
  if (plan !== undefined) return { plan, ...await write(host, options, reporter, root, plan) };
  return { plan: shown, ...declined(host, reporter) };
}

function declined(host: Host, reporter: Reporter): Omit<SetupResult, "plan"> {
  reporter.note("Nothing was written");
  const { reason } = host.signal;
  return reason instanceof Interruption
    ? { outcome: "interrupted", exitCode: reason.exitCode }
    : { outcome: "declined", exitCode: ExitCode.ok };
}

async function write(
  host: Host,
  options: Options,
  reporter: Reporter,
  root: string,
  plan: SetupPlan,
): Promise<Omit<SetupResult, "plan">> {
  let found: { readonly changes?: TableChanges } = {};
  try {
    const table = await applySetup(root, plan, host.signal, async (changes) => {
      found = { changes };
      showChanges(reporter, plan, changes, options.yes !== true);
      return options.yes || await agreedChanges(host, reporter, changes);
    });
    if (table === "declined") return { ...declined(host, reporter), ...found };
    const isTableChanged = table === "created" || table === "changed";
    const nothing = changesOf(plan.files).length === 0 && !isTableChanged;
    showDone(reporter, plan, nothing, table);
    const outcome = nothing ? "unchanged" : "written";
    const result = { outcome, exitCode: ExitCode.ok, ...found } as const;
    return table === undefined ? result : { ...result, table };
  } catch (error) {
    if (error instanceof Interruption) return { outcome: "interrupted", exitCode: error.exitCode };
    if (!(error instanceof AzuError)) throw error;
    const outcome = error instanceof Unasked ? "conflict" : "failed";
    return { outcome, exitCode: error.exitCode, error, ...found };
  }
}

/** There is nobody to ask whether the table may be changed. */
class Unasked extends OperationError {}

/**
 * Asks whether to change the table.
 * @throws {Unasked} without a terminal.
 */
async function agreedChanges(
  host: Host,
  reporter: Reporter,
  { missing }: TableChanges,
): Promise<boolean> {
  if (reporter.options.json || !canAsk(host)) {
    throw new Unasked(`The table lacks ${listed(missing, "and")}; nothing was changed`, {
      hint: "Pass --yes to add what is missing",
    });
  }
  return await ask(host, `Add ${listed(missing, "and")} to the table?`) === true;
}

/**
 * Asks whether to accept the offers of a plan. Without a terminal, they are not accepted.
 * @returns the plan to follow; undefined if the question was not answered.
 */
async function agreedPlan(
  host: Host,
  reporter: Reporter,
  plan: SetupPlan,
): Promise<SetupPlan | undefined> {
  const paths = offersOf(plan);
  if (paths.length === 0 || reporter.options.json || !canAsk(host)) return plan;
  if (!host.stdout.isTerminal || reporter.options.quiet) {
    // The diffs are not visible, so say what the question is about.
    for (const step of plan.offered) reporter.say(step);
  }
  const files = listed(paths.map(printable), "and");
  const answer = await ask(host, `Make the offered changes in ${files} too?`);
  if (answer === undefined) return undefined;
  return answer ? withOffers(plan) : plan;
}
