import { evidenceOptions, removalOptions } from "../../operation_options.ts";
import { addExamples, newCommand, type Run } from "../../program.ts";

const definition = () =>
  addExamples(
    evidenceOptions(
      removalOptions(
        newCommand(
          "session:clear",
          "Asks first, unless you pass --force. The backend comes from the first of: --backend, the " +
            "store in src/initializers/session.cr, SESSION_BACKEND, session.backend in " +
            "azu.config.ts, redis. Only keys under the configured prefix, or rows of the configured " +
            "table, are ever removed. If nodes of the app cache sessions, they are told to drop " +
            "them. The clear slows down when the store gets slow.\n\n" +
            "A <time> is a number with its unit: ms, s or m.",
        ),
        "cleared",
      ),
      "cleared",
    )
      .option("--truncate", "Empty the table at once (PostgreSQL): fast, but locks it")
      .option("--anything", "With --force: clear also what does not look like sessions")
      .option("--strict", "Fail if look-alikes or new sessions are there at the end"),
    [
      ["Count what would be cleared", "azu session:clear --dry-run"],
      ["Log everybody out", "azu session:clear"],
      ["In a script that reads the result", "azu session:clear --force --json"],
      ["Clear the production store", "azu session:clear --env production"],
      [
        "In an incident, with a list of what was there",
        "azu session:clear --evidence incident.ndjson --reason INC-123",
      ],
      ["Clear a busy store gently", "azu session:clear --batch 100 --pause 50ms"],
    ],
  );

export type SessionClearOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu session:clear` */
export function sessionClearCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).sessionClear, options);
  });
}
