import type { PlannedFile } from "../app/plan.ts";
import { applySetup, planSetup, type SetupPlan } from "../commands/session_setup.ts";
import { AzuError, ExitCode, OperationError } from "../core/errors.ts";
import { listed } from "../core/text.ts";
import type { Host } from "./host.ts";
import { Interruption } from "./host.ts";
import type { ParsedArgs } from "./parse.ts";
import { loadProjectFor } from "./project.ts";
import type { Reporter } from "./reporter.ts";

/** How a set-up ended: `planned` is a dry run, `conflict` has changed nothing. */
type SetupOutcome = "written" | "unchanged" | "planned" | "conflict" | "failed" | "interrupted";

interface SetupResult {
  readonly outcome: SetupOutcome;
  readonly exitCode: ExitCode;
  readonly table?: "created" | "present";
  readonly error?: AzuError;
}

/** `azu session:setup` */
export async function sessionSetup(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
): Promise<ExitCode> {
  const start = host.now().getTime();
  // What is written is the same source in every environment: AZU_ENV must be meant to count.
  const project = await loadProjectFor(host, args, reporter, undefined);
  const plan = await planSetup(project, {
    backend: args.text("backend"),
    force: args.flag("force"),
    apply: args.flag("apply"),
    now: host.now(),
  });
  for (const warning of [...project.warnings, ...plan.warnings]) reporter.warn(warning);
  const { choice } = plan;
  reporter.line(`Backend decided by ${choice.decidedByText}`);
  reporter.line(`Setting up sessions...`);
  reporter.line(`Backend: ${choice.backend.name}`);
  const diffs = await showPlan(reporter, plan, args.flag("dry-run"));
  const result = await carryOut(host, args, reporter, project.root, plan);
  if (result.error) reporter.error(result.error);
  else showNextSteps(reporter, plan.nextSteps);
  reporter.document({
    command: "session:setup",
    backend: choice.backend.name,
    decidedBy: choice.decidedBy,
    dryRun: args.flag("dry-run"),
    outcome: result.outcome,
    files: plan.files.map(({ path, action }) => ({ path, action, diff: diffs.get(path) })),
    statements: plan.statements,
    table: result.table ?? null,
    nextSteps: plan.nextSteps,
    exitCode: result.exitCode,
    durationMs: host.now().getTime() - start,
  }, result.error);
  return result.exitCode;
}

/** Lists the files, with a diff of each that is there and would change (in a dry run, of all). */
async function showPlan(
  reporter: Reporter,
  plan: SetupPlan,
  all: boolean,
): Promise<ReadonlyMap<string, string>> {
  const diffs = new Map<string, string>();
  for (const file of plan.files) {
    reporter.line(`  ${file.action.padEnd(9)}  ${file.path}`);
  }
  for (const file of plan.files.filter((file) => isShown(file, all))) {
    const lines = (await import("./diff.ts")).diffLines(file);
    for (const { text, colour } of lines) reporter.line(text, colour);
    diffs.set(file.path, lines.map(({ text }) => text).join("\n"));
  }
  return diffs;
}

function isShown({ action }: PlannedFile, all: boolean): boolean {
  return action !== "unchanged" && (all || action !== "create");
}

async function carryOut(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  root: string,
  plan: SetupPlan,
): Promise<SetupResult> {
  const conflicts = plan.files.filter(({ action }) => action === "conflict");
  if (conflicts.length > 0) {
    return { outcome: "conflict", exitCode: ExitCode.failed, error: conflictError(conflicts) };
  }
  const unchanged = plan.files.every(({ action }) => action === "unchanged");
  if (args.flag("dry-run")) {
    for (const statement of plan.statements) {
      for (const line of `${statement};`.split("\n")) reporter.line(line);
    }
    reporter.line("Dry run: nothing was written");
    return { outcome: "planned", exitCode: ExitCode.ok };
  }
  if (plan.statements.length > 0) plan.choice.backend.check?.();
  host.handleSignals();
  try {
    const table = await applySetup(root, plan, host.signal);
    showDone(reporter, plan, unchanged, table);
    const outcome = unchanged && table !== "created" ? "unchanged" : "written";
    return { outcome, exitCode: ExitCode.ok, ...(table === undefined ? {} : { table }) };
  } catch (error) {
    if (error instanceof Interruption) return { outcome: "interrupted", exitCode: error.exitCode };
    if (!(error instanceof AzuError)) throw error;
    return { outcome: "failed", exitCode: error.exitCode, error };
  }
}

function showDone(
  reporter: Reporter,
  { choice, files }: SetupPlan,
  unchanged: boolean,
  table: "created" | "present" | undefined,
): void {
  const { address, table: name } = choice.backend.describe();
  if (table !== undefined) {
    const where = `${name ?? ""} in ${address ?? ""}`;
    reporter.line(
      table === "created"
        ? `Created the table ${where}, with its indexes`
        : `The table ${where} is there already`,
    );
  }
  const nothing = unchanged && table !== "created";
  reporter.verified(
    nothing
      ? `Nothing to change: ${files.length} file(s) are as they should be`
      : "Sessions are set up",
  );
}

function conflictError(conflicts: readonly PlannedFile[]): OperationError {
  const paths = conflicts.map(({ path }) => path);
  const what = paths.length === 1 ? "exists and differs" : "exist and differ";
  return new OperationError(`${listed(paths, "and")} ${what}; nothing was changed`, {
    hint: "The diff is what --force would do: pass --force to overwrite, or keep your own",
  });
}

function showNextSteps(reporter: Reporter, steps: readonly string[]): void {
  if (steps.length === 0) return reporter.line("Nothing is left to do");
  reporter.line("Next steps:");
  steps.forEach((step, index) => reporter.line(`  ${index + 1}. ${step}`));
}
