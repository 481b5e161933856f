import { addExamples, newCommand, type Run } from "../../program.ts";

const definition = () =>
  addExamples(
    newCommand(
      "audit:verify",
      "Reads the audit log that the config names (audit.file or audit.table), and checks that every " +
        "record is as it was written, and none before the last one is missing. Names the first " +
        "record that is not.\n\n" +
        "Nothing in a log can tell that its last records were cut off, or that somebody has " +
        "written all of it anew. So note the hash of the last record elsewhere, for example in a " +
        "ticket, and pass it later with --contains.",
    ).option("--contains <hash>", "Fail unless a record has this hash"),
    [
      ["Check the whole log", "azu audit:verify"],
      ["In a monitor", "azu audit:verify --quiet"],
      [
        "Check that nothing was cut off since then",
        "azu audit:verify --contains 5e1f6f0b0c…",
      ],
    ],
  );

export type AuditVerifyOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu audit:verify` */
export function auditVerifyCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).auditVerify, options);
  });
}
