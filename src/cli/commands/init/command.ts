import { addExamples, newCommand, type Run } from "../../program.ts";

const definition = () =>
  addExamples(
    newCommand(
      "init",
      "Writes azu.config.ts and azu.d.ts into the app's folder: the one with the nearest shard.yml, " +
        "or else the working folder. Without --force, it never overwrites a file that differs.\n\n" +
        "The config says what the app does already: the stores in src/initializers/session.cr, " +
        "SESSION_BACKEND, the shards or the URL of Redis or of a database. If there is nothing, it " +
        "says Redis in production, and memory in development and test.",
    )
      .option("-b, --backend <name>", "redis, database or memory, in every environment")
      .option("-f, --force", "Overwrite files that differ (shows the diff)")
      .option("--dry-run", "Show what would be written; write nothing")
      .option("--update-types", "Write only azu.d.ts, for this version of azu"),
    [
      ["Start a config", "azu init"],
      ["Keep sessions in the database, in every environment", "azu init --backend database"],
      ["Update the types after an update of azu", "azu init --update-types"],
    ],
  );

export type InitOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu init` */
export function initCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).init, options);
  });
}
