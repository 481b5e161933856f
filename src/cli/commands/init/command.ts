import { exampleText, newCommand, type Run } from "../../program.ts";

const definition = () =>
  newCommand(
    "init",
    "Write a commented azu.config.ts, and its types for editors",
    "Writes azu.config.ts and azu.d.ts into the app's folder: the one with the nearest shard.yml, " +
      "or else the working folder. Without --force, it never overwrites a file that differs.",
  )
    .option("-f, --force", "Overwrite files that differ (shows the diff)")
    .option("--dry-run", "Show what would be written; write nothing")
    .option("--update-types", "Write only azu.d.ts, for this version of azu")
    .addHelpText(
      "after",
      exampleText([
        ["Start a config", "azu init"],
        ["Update the types after an update of azu", "azu init --update-types"],
      ]),
    );

export type InitOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu init` */
export function initCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).init, options);
  });
}
