import { addExamples, newCommand, type Run } from "../../program.ts";

const definition = () =>
  addExamples(
    newCommand(
      "session:setup",
      "Writes src/initializers/session.cr and, for a database, a migration. Adds what is missing to " +
        "shard.yml, .env.example and .gitignore. Offers to require the initializer and to add its " +
        "handler in the app's own source: it shows the diff, and makes the change if you answer y or " +
        "pass --yes. Then it lists what is left to do. Without --force, it never overwrites a " +
        "file that differs.\n\n" +
        "The backend comes from the first of: --backend, SESSION_BACKEND, session.backend in " +
        "azu.config.ts, redis. The code contains the backends and settings of every environment: the " +
        "app selects one by AZU_ENV when it starts.",
    )
      .option("-b, --backend <name>", "redis, database, memory, or a backend in the config")
      .option("-f, --force", "Overwrite files that differ (shows the diff)")
      .option("-y, --yes", "Make the offered changes, and add what the table lacks, without asking")
      .option("--dry-run", "Show what would be done; do nothing")
      .option(
        "--apply",
        "Also create the table in the database of the environment, or add what it lacks",
      )
      .option("--eject", "Only copy azu's templates, for `templates` in the config"),
    [
      ["Set up sessions in Redis", "azu session:setup"],
      ["In a script, including the app's own source", "azu session:setup --yes"],
      ["Preview a setup on the database", "azu session:setup -b database --dry-run"],
      ["Set up on the database, and create its table", "azu session:setup -b database --apply"],
      ["Change the generated code: copy azu's templates", "azu session:setup --eject"],
    ],
  );

export type SessionSetupOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu session:setup` */
export function sessionSetupCommand(run: Run) {
  return definition().action(async (options) => {
    if (options.eject) await run((await import("./eject.ts")).eject, options);
    else await run((await import("./action.ts")).sessionSetup, options);
  });
}
