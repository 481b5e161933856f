import { duration, exampleText, newCommand, type Run, wholeNumber } from "../../program.ts";

const definition = () =>
  newCommand(
    "session:clear",
    "Remove every session from the store: logs out all users",
    "Asks first, unless you pass --force. The backend comes from the first of: --backend, the " +
      "store in src/initializers/session.cr, SESSION_BACKEND, session.backend in azu.config.ts, " +
      "redis. Only keys under the configured prefix, or rows of the configured table, are ever " +
      "removed. If nodes of the app cache sessions, they are told to drop them. The clear slows " +
      "down when the store gets slow.\n\n" +
      "A <time> is a number with ms, s or m, or a number of milliseconds.",
  )
    .option("-b, --backend <name>", "redis, database, memory, or a backend in the config")
    .option("-f, --force", "Do not ask")
    .option("-y, --yes", "Answer the question with yes: the same as --force")
    .option("--dry-run", "Check and count what would be cleared; remove nothing")
    .option("--anything", "With --force: clear also what does not look like sessions")
    .option("--strict", "Fail if look-alikes or new sessions are there at the end")
    .option("--no-broadcast", "Do not tell the app's nodes to drop their cached sessions")
    .option(
      "--batch <n>",
      "The most keys or rows per request to the store",
      wholeNumber(1, 100_000),
    )
    .option("--pause <time>", "Rest after each batch, for example 50ms", duration(0, 60_000))
    .option("--max-latency <time>", "Slow down if a batch takes longer", duration(1, 60_000))
    .option(
      "--timeout <time>",
      "Limit for connecting to a server, and for replicas to catch up (default: 5s)",
      duration(1, 60_000),
    )
    .option(
      "--wait-replicas <n>",
      "Fail unless at least <n> replicas of each Redis server have caught up",
      wholeNumber(1, 1000),
    )
    .option("--truncate", "Empty the table at once (PostgreSQL): fast, but locks it")
    .addHelpText(
      "after",
      exampleText([
        ["Count what would be cleared", "azu session:clear --dry-run"],
        ["Log everybody out", "azu session:clear"],
        ["In a script that reads the result", "azu session:clear --force --json"],
        ["Clear the production store", "azu session:clear --env production"],
        ["Clear a busy store gently", "azu session:clear --batch 100 --pause 50ms"],
      ]),
    );

export type SessionClearOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu session:clear` */
export function sessionClearCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).sessionClear, options);
  });
}
