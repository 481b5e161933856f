/** The command line, for what is made from it: the man pages and the reference. */
import { type AnyCommand, newProgram } from "../src/cli/program.ts";
import { commands } from "../src/cli/run.ts";
import type { CommandName } from "../src/cli/summaries.ts";
import type { Output } from "../src/cli/terminal/host.ts";

export interface NamedCommand {
  readonly name: CommandName;
  readonly command: AnyCommand;
}

export interface CommandLine {
  readonly program: AnyCommand;
  /** In the order of the help. */
  readonly commands: readonly NamedCommand[];
}

const SILENT: Output = {
  isTerminal: false,
  isClosed: false,
  columns: () => undefined,
  rows: () => undefined,
  write: () => {},
};

/** Defines the program with all its commands. They do nothing. */
export async function loadCommandLine(): Promise<CommandLine> {
  const program = newProgram({ stdout: SILENT, stderr: SILENT }, "");
  const loaded: NamedCommand[] = [];
  for (const [name, load] of commands) {
    const command: AnyCommand = (await load())(() => Promise.resolve());
    program.addCommand(command.copyInheritedSettings(program));
    loaded.push({ name, command });
  }
  return { program, commands: loaded };
}
