/** A run of the command, and what it says and asks before it copies. */
import { countSource } from "../../../commands/session_copy/count.ts";
import { type CopyReport, NO_COUNTS } from "../../../commands/session_copy/types.ts";
import { type ExitCode, OperationError } from "../../../core/errors.ts";
import type { Selection } from "../../../core/selection.ts";
import { listed } from "../../../core/text.ts";
import { budgetOf } from "../../operation_options.ts";
import type { Host } from "../../terminal/host.ts";
import { Progress } from "../../terminal/progress.ts";
import { ask, checkTerminal } from "../../terminal/prompts.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { CopyOptions } from "./action.ts";
import { type BackendEnd, type Ends, endText, nameOf } from "./ends.ts";
import type { FailedList } from "./failed.ts";

export interface Copying extends Ends {
  readonly host: Host;
  readonly options: CopyOptions;
  readonly reporter: Reporter;
  readonly selection: Selection;
  readonly failed: FailedList;
  /** The folder that file names are relative to. */
  readonly folder: string;
  /** Reports how it ended, as lines or as JSON. */
  conclude(report: CopyReport): ExitCode;
}

export const WORDS = { doing: "Copying sessions", done: "copied" };

export const NOTHING_DONE = {
  counts: NO_COUNTS,
  inDoubt: 0,
  comparison: undefined,
  unreadable: 0,
} as const satisfies Partial<CopyReport>;

/** Counts sessions; or says how the count ended, if it has no number. */
export type Count = () => Promise<number | Pick<CopyReport, "outcome" | "error">>;

/**
 * Makes sure that it is meant, and says that it begins. A dry run need not be meant.
 * @param isForced Whether there is no need to ask.
 * @param count Counts the sessions, for the question.
 * @returns how it ended, if nothing is to be copied.
 */
export async function begun(
  copying: Copying,
  isForced: boolean,
  count: Count,
): Promise<CopyReport | undefined> {
  const { options, reporter, from, to, neighbours } = copying;
  if (options.dryRun) return undefined;
  if (isForced && neighbours.length > 0) {
    return { ...NOTHING_DONE, outcome: "failed", error: notAlone(neighbours) };
  }
  const refused = isForced ? undefined : await asked(copying, count);
  if (refused !== undefined) return refused;
  reporter.line("Copying sessions...");
  reporter.line(`From: ${endText(from)}`);
  reporter.line(`To: ${endText(to)}`);
  return undefined;
}

function notAlone(neighbours: readonly string[]): OperationError {
  return new OperationError(
    `Nothing was copied, because a copy takes ${listed(neighbours, "and")} too`,
    { hint: "Change one of the key prefixes; or run the command at a terminal, where it asks" },
  );
}

async function asked(copying: Copying, count: Count): Promise<CopyReport | undefined> {
  const { host, reporter, from, to } = copying;
  checkTerminal(host);
  const found = await count();
  if (typeof found !== "number") return { ...NOTHING_DONE, ...found };
  reporter.say(`${found} session(s) from ${endText(from)} to ${endText(to)}`);
  const { removeEnded } = copying.options;
  if (removeEnded) {
    reporter.say(
      `What copies have put at ${nameOf(to)} and has ended at ${nameOf(from)} is removed`,
    );
  }
  const question = removeEnded ? "Copy them, and remove what has ended?" : "Copy them?";
  return await ask(host, question) === true ? undefined : notCopied(copying);
}

/** A question was not answered, or not with yes. */
export function notCopied({ host, reporter }: Copying): CopyReport {
  reporter.note("Nothing was copied");
  return { ...NOTHING_DONE, outcome: host.signal.aborted ? "interrupted" : "declined" };
}

/** Counts what a backend has. */
export async function countIn(
  { choice, target }: BackendEnd,
  copying: Copying,
): ReturnType<Count> {
  const { host, options, reporter, selection } = copying;
  const { backend } = choice;
  using progress = new Progress(host, reporter, target.address ?? backend.name, WORDS);
  progress.stopAfter(host.signal);
  return await countSource(backend, {
    signal: host.signal,
    selection,
    budget: budgetOf(options),
    timeout: options.timeout,
    onPhase: (phase) => progress.begin(phase),
    onFound: (found, total) => progress.find(found, total),
    onSlow: (reason) => reporter.noteOnce(reason),
  });
}
