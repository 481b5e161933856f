import { addExamples, newCommand, type Run, wholeNumber } from "../../program.ts";

const definition = () =>
  addExamples(
    newCommand(
      "audit:list",
      "Shows what the audit log says, the latest run last: when, which command, by whom, on what, " +
        "and how it ended. A run without an end goes on, or was killed. The log is the one that the " +
        "config names (audit.file or audit.table).",
    )
      .option("--limit <n>", "The most runs to show (default: 20)", wholeNumber(1, 10_000)),
    [
      ["What was done last", "azu audit:list"],
      ["For a report", "azu audit:list --limit 1000 --json"],
    ],
  );

export type AuditListOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu audit:list` */
export function auditListCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).auditList, options);
  });
}
