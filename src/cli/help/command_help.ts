/** What the help of each command ends with: its environment variables, and where to read more. */
import { addHelpText, type AnyCommand } from "../program.ts";
import type { CommandName } from "../summaries.ts";
import { variablesOf } from "./environment.ts";
import { list, plain } from "./layout.ts";
import { pageOf } from "./links.ts";

export function completeHelp(command: AnyCommand, name: CommandName): void {
  addHelpText(command, (width) => {
    const lines: string[] = [];
    const items = variablesOf(name).map(({ name, summary }) => [name, plain(summary)] as const);
    if (items.length > 0) lines.push("", "Environment:", ...list(items, width));
    lines.push("", `See ${pageOf(name)}`);
    return lines.join("\n");
  });
}
