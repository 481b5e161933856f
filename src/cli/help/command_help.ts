/** What the help of each command ends with: its environment variables, and where to read more. */
import { addHelpText, type AnyCommand } from "../program.ts";
import type { CommandName } from "../summaries.ts";
import { variablesOf } from "./environment.ts";
import { list } from "./layout.ts";
import { pageOf } from "./links.ts";

export function completeHelp(command: AnyCommand, name: CommandName): void {
  addHelpText(command, (width) => {
    const items = variablesOf(name).map(({ name, summary }) => {
      return [name, summary.replaceAll("`", "")] as const;
    });
    const environment = items.length === 0 ? [] : ["", "Environment:", ...list(items, width)];
    return [...environment, "", `See ${pageOf(name)}`].join("\n");
  });
}
