/**
 * The exit codes. `azu help exit-codes`, the man pages and the reference are made from this list.
 * Texts mark code with backticks.
 */
import { ExitCode } from "../../core/errors.ts";

export interface ExitMeaning {
  readonly code: ExitCode;
  /** A phrase for a list. */
  readonly summary: string;
  /** What the summary leaves out: sentences, or empty. */
  readonly details: string;
}

type Texts = Omit<ExitMeaning, "code">;

/** In the order of the codes. The type sees to it that none is missing. */
const texts: Readonly<Record<ExitCode, Texts>> = {
  [ExitCode.ok]: {
    summary: "Done, or nothing to do",
    details: "Also if a question was answered with no.",
  },
  [ExitCode.failed]: {
    summary: "Failed, or only partly done",
    details: "For `init` and `session:setup`, also if a file exists and differs. For " +
      "`session:status`, also if a condition of `--fail-if` is met. For any command, also if the " +
      "output could not be written.",
  },
  [ExitCode.usage]: {
    summary: "The command line, the environment or the config is wrong",
    details: "Also if there is no terminal for the question.",
  },
  [ExitCode.impossible]: {
    summary: "This backend cannot do that",
    details: "Nothing was changed. For example, only Redis has the option, or the store does not " +
      "tell what the option asks for. The message says which.",
  },
  [ExitCode.hungUp]: {
    summary: "Ended because the terminal was closed (SIGHUP)",
    details: "azu stops as for Ctrl-C. Without a terminal, SIGHUP has its usual effect.",
  },
  [ExitCode.interrupted]: {
    summary: "Interrupted by Ctrl-C",
    details:
      "A command that removes sessions first ends the batch at hand, and says how many are " +
      "gone. A second Ctrl-C ends azu at once.",
  },
  [ExitCode.terminated]: {
    summary: "Ended by SIGTERM",
    details: "azu stops as for Ctrl-C. A second SIGTERM ends azu at once.",
  },
};

export const exitCodes: readonly ExitMeaning[] = Object.values(ExitCode).map((code) => {
  return { code, ...texts[code] };
});
