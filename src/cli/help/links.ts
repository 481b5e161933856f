import type { CommandName } from "../summaries.ts";

/** The documentation on the web. */
export const DOCUMENTATION = "https://azutoolkit.github.io/azu-sessions/";

/** The page of a command. */
export function pageOf(command: CommandName): string {
  return `${DOCUMENTATION}reference/commands/${command.replace(":", "-")}`;
}
