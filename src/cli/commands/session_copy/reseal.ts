/** `azu session:copy --reseal` */
import { countSource } from "../../../commands/session_copy/count.ts";
import { resealSessions } from "../../../commands/session_reseal/reseal.ts";
import {
  NO_COUNTS,
  type ResealCounts,
  type ResealReport,
} from "../../../commands/session_reseal/types.ts";
import { ExitCode, OperationError, UsageError } from "../../../core/errors.ts";
import { PREVIOUS_SECRETS, previousSecrets, SECRET } from "../../../core/secrets.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import { listed, printable } from "../../../core/text.ts";
import type { Project } from "../../../config/project.ts";
import { audited, auditedRun, reportEnding } from "../../audit.ts";
import { workingFolder } from "../../load_project.ts";
import {
  interruptedCode,
  type Operation,
  operationFor,
  showDecision,
  unreachable,
} from "../../operation.ts";
import { budgetOf } from "../../operation_options.ts";
import { readsStdin, selectionFor } from "../../selection.ts";
import type { Host } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { CopyOptions } from "./action.ts";
import { endText } from "./ends.ts";
import { FailedList } from "./failed.ts";
import { resealFields, showReseal } from "./reseal_report.ts";

/** A run of the command. */
interface Resealing extends Operation {
  readonly options: CopyOptions;
  readonly selection: Selection;
  readonly secrets: Secrets;
  readonly failed: FailedList;
  /** Reports how it ended, as lines or as JSON. */
  conclude(report: ResealReport): ExitCode;
}

interface Secrets {
  readonly secret: string;
  readonly previous: readonly string[];
}

const WORDS = { doing: "Sealing sessions anew", done: "resealed" };

const NOTHING_DONE = {
  counts: NO_COUNTS,
  inDoubt: 0,
  verification: undefined,
  unreadable: 0,
} as const satisfies Partial<ResealReport>;

export async function reseal(
  host: Host,
  options: CopyOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  checkOptions(options);
  const selection = await selectionFor(host, options, host.now().getTime());
  const operation = await operationFor(host, { ...options, backend: options.from }, reporter);
  checkOneStore(operation);
  const secrets = secretsOf(operation.project);
  for (const keys of operation.neighbours) reporter.warn(`Resealing takes ${keys} too`);
  showDecision(operation);
  using failed = new FailedList(options.failed, await workingFolder(host, options));
  const conclude = (report: ResealReport): ExitCode => {
    const exitCode = exitCodeOf(host, report);
    showReseal(reporter, report, { selection, failed });
    const dryRun = options.dryRun ?? false;
    const fields = resealFields(operation, report, { selection, dryRun, exitCode });
    reporter.document(fields, report.error);
    return exitCode;
  };
  const report = await audited(
    auditedRun(operation, "session:copy --reseal", {}, {
      selection: selection.length === 0 ? null : inWords(selection),
      dryRun: options.dryRun ?? false,
    }),
    () => attempt({ ...operation, options, selection, secrets, failed, conclude }),
    reportEnding((report) => ({
      outcome: report.outcome,
      ...report.counts,
      exitCode: exitCodeOf(host, report),
    })),
  );
  return conclude(report);
}

/** @throws {UsageError} if an option has no meaning here. */
function checkOptions(options: CopyOptions): void {
  const { to, restoreRemoved, ledger, schedule, overwrite, encrypt } = options;
  const { removeEnded, removeMost, force, yes, dryRun } = options;
  const others = [
    ["--to", to],
    ["--restore-removed", restoreRemoved],
    ["--ledger", ledger],
    ["--schedule", schedule],
    ["--overwrite", overwrite],
    ["--remove-ended", removeEnded],
    ["--remove-most", removeMost],
    ["--no-encrypt", encrypt ? undefined : true],
  ] as const;
  for (const [name, value] of others) {
    if (value === undefined) continue;
    throw new UsageError(`--reseal works in place, so it takes no ${name}`, {
      hint: "--from names the backend, if it is not the one that the app uses",
    });
  }
  if (!force && !yes && !dryRun && readsStdin(options)) {
    throw new UsageError("The names come from stdin, so there is nobody to ask", {
      hint: "Pass --force to go on without being asked; or --dry-run",
    });
  }
}

/**
 * The check mark would be about one of two stores only.
 * @throws {UsageError} if the app moves its sessions, and no store is named.
 */
function checkOneStore({ choice, second }: Operation): void {
  if (second === undefined) return;
  const names = [choice.backend.name, second.choice.backend.name].map(printable);
  throw new UsageError(`The app has sessions in two stores: ${listed(names, "and")}`, {
    hint: "Reseal each of them: name it with --from",
  });
}

/** Bytes that the app's secret has at least. */
const LEAST = 32;

/** @throws {UsageError} if there is no older secret, or none to replace it with. */
function secretsOf({ env }: Project): Secrets {
  const secret = env(SECRET) ?? "";
  const previous = previousSecrets(env(PREVIOUS_SECRETS));
  if (secret === "") {
    throw new UsageError(`${SECRET} is not set`, {
      hint: `Set it to the app's secret, and ${PREVIOUS_SECRETS} to those before it`,
    });
  }
  if (new TextEncoder().encode(secret).length < LEAST) {
    throw new UsageError(`${SECRET} is shorter than ${LEAST} bytes, so the app does not take it`, {
      hint: "`azu session:secret` makes a new one",
    });
  }
  if (previous.includes(secret.trim())) {
    throw new UsageError(`${SECRET} is in ${PREVIOUS_SECRETS}, too: it may be the old one`, {
      hint:
        `Check where each comes from, with azu session:secret --check: a variable of the shell ` +
        "comes before .env",
    });
  }
  if (previous.length === 0) {
    throw new UsageError(`${PREVIOUS_SECRETS} is not set, so there is no older secret to replace`, {
      hint: "Set it to the secrets that the app had before, separated by commas",
    });
  }
  return { secret, previous };
}

function exitCodeOf(host: Host, { outcome, error }: ResealReport): ExitCode {
  switch (outcome) {
    case "resealed":
    case "found":
    case "declined":
      return error?.exitCode ?? ExitCode.ok;
    case "partial":
      return ExitCode.failed;
    case "interrupted":
      return interruptedCode(host);
    case "failed":
    case "impossible":
      return error?.exitCode ?? ExitCode.failed;
  }
}

async function attempt(resealing: Resealing): Promise<ResealReport> {
  const { host, options, reporter, choice: { backend }, neighbours } = resealing;
  const impossible = unreachable(backend, "resealed");
  if (impossible) return { ...NOTHING_DONE, outcome: "impossible", error: impossible };
  backend.check?.();
  host.handleSignals();
  if (!options.dryRun) {
    const isForced = options.force || options.yes;
    if (isForced && neighbours.length > 0) {
      return { ...NOTHING_DONE, outcome: "failed", error: notAlone(neighbours) };
    }
    const refused = isForced ? undefined : await asked(resealing);
    if (refused !== undefined) return refused;
    reporter.line("Resealing sessions...");
    reporter.line(`In: ${endText(resealing)}`);
  }
  return await resealed(resealing);
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was resealed, because that takes ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or run the command at a terminal, where it asks" },
  );
}

/** Asks. @returns how it ended, if nothing is to be resealed. */
async function asked(resealing: Resealing): Promise<ResealReport | undefined> {
  const { host, options, reporter, choice: { backend }, target, selection } = resealing;
  checkTerminal(host);
  using progress = new Progress(host, reporter, target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  const found = await countSource(backend, {
    signal: host.signal,
    selection,
    budget: budgetOf(options),
    timeout: options.timeout,
    onPhase: (phase) => progress.begin(phase),
    onFound: (found, total) => progress.find(found, total),
    onSlow: (reason) => reporter.noteOnce(reason),
  });
  progress[Symbol.dispose]();
  if (typeof found !== "number") return { ...NOTHING_DONE, ...found };
  reporter.say(`${found} session(s) in ${endText(resealing)}`);
  if (await ask(host, "Reseal those that an older secret has sealed?") === true) return undefined;
  reporter.note("Nothing was resealed");
  return { ...NOTHING_DONE, outcome: host.signal.aborted ? "interrupted" : "declined" };
}

async function resealed(resealing: Resealing): Promise<ResealReport> {
  const { host, options, reporter, choice: { backend }, target, selection } = resealing;
  const { secrets, failed, conclude } = resealing;
  using progress = new Progress(host, reporter, target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  let counts: ResealCounts = NO_COUNTS;
  host.lastWords = () => {
    conclude({ ...NOTHING_DONE, counts, outcome: "interrupted", inDoubt: Infinity });
  };
  try {
    return await resealSessions({
      backend,
      ...secrets,
      signal: host.signal,
      selection,
      dryRun: options.dryRun ?? false,
      budget: budgetOf(options),
      timeout: options.timeout,
      now: () => host.now(),
      onPhase: (phase) => progress.begin(phase),
      onProgress(now, seen, total) {
        counts = now;
        progress.update(now.resealed, total);
        progress.find(seen, total);
      },
      onFailed: (session) => failed.add(session),
      onSlow: (reason) => reporter.noteOnce(reason),
    });
  } finally {
    host.lastWords = undefined;
  }
}
