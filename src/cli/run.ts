/** Parses the arguments, runs the command, and returns the exit code. */
import { AzuError, ExitCode, messageOf, OperationError } from "../core/errors.ts";
import { initCommand } from "./commands/init/command.ts";
import { sessionClearCommand } from "./commands/session_clear/command.ts";
import { sessionSetupCommand } from "./commands/session_setup/command.ts";
import { newProgram, parse, type Run } from "./program.ts";
import type { Host } from "./terminal/host.ts";
import { bugReport, Reporter } from "./terminal/reporter.ts";

/** Runs one command. Never throws, never exits. */
export async function run(host: Host, version: string): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok;
  let reporter = reporterFor(host);
  const program = newProgram(host, version);
  const runAction: Run = async (action, options) => {
    const all = { ...program.opts(), ...options };
    reporter = new Reporter(host, { json: all.json ?? false, quiet: all.quiet ?? false });
    exitCode = await action(host, all, reporter);
  };
  for (const command of [initCommand, sessionSetupCommand, sessionClearCommand]) {
    program.addCommand(command(runAction).copyInheritedSettings(program));
  }
  try {
    await parse(program, host.args.length === 0 ? ["--help"] : host.args);
    return exitCode;
  } catch (error) {
    return failed(host, reporter, error);
  }
}

/** Creates a reporter for errors that occur before the arguments are parsed. */
function reporterFor(host: Host): Reporter {
  return new Reporter(host, { json: host.args.includes("--json"), quiet: false });
}

/** What an uncaught error, such as one in a timer, means for the command that is running. */
export async function uncaught(host: Host, error: unknown): Promise<AzuError> {
  const { isFromConfig } = await import("../config/explain.ts");
  if (!isFromConfig(error)) return bug(host, error);
  return new OperationError(`The config threw an error that nothing caught: ${messageOf(error)}`, {
    hint: "Correct its timers and promises: azu cannot wait for them",
  });
}

/** Reports an uncaught error if no command is running that could. */
export function crash(host: Host, error: AzuError): ExitCode {
  return failed(host, reporterFor(host), error);
}

/** Reports an error that no command has reported. */
function failed(host: Host, reporter: Reporter, error: unknown): ExitCode {
  if (!(error instanceof AzuError)) {
    const failure = bug(host, error);
    reporter.document({ outcome: "failed", exitCode: failure.exitCode }, failure);
    return ExitCode.failed;
  }
  reporter.error(error);
  reporter.document({ outcome: outcomeOf(error.exitCode), exitCode: error.exitCode }, error);
  return error.exitCode;
}

/** Prints what to report, and returns the error for the document. */
function bug(host: Host, error: unknown): OperationError {
  host.stderr.write(bugReport(error));
  return new OperationError(`This is a bug in azu: ${messageOf(error)}`);
}

function outcomeOf(exitCode: ExitCode): string {
  if (exitCode === ExitCode.usage) return "usage";
  return exitCode === ExitCode.impossible ? "impossible" : "failed";
}
