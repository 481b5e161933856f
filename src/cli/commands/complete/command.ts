import { type Run, undescribedCommand } from "../../program.ts";

/**
 * `azu complete --current=<word> -- <words>`: what the scripts of `azu completion` call. The words
 * are those between `azu` and the word at the cursor. Its answer begins with a line that says what
 * may stand there: `values`, which follow with their descriptions, `files` or `folders`.
 */
export function completeCommand(run: Run) {
  const command = undescribedCommand("complete")
    .option("--current <word>")
    .argument("[words...]");
  return command.action(async (words, { current = "" }) => {
    const { parent } = command;
    if (parent === null) return;
    await run((await import("./action.ts")).complete, { program: parent, words, current });
  });
}
