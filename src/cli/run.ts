/** Parses the arguments, runs the command, and returns the exit code. */
import { AzuError, ExitCode, messageOf, OperationError } from "../core/errors.ts";
import { listedCommand, newProgram, parse, type Run } from "./program.ts";
import type { Host } from "./terminal/host.ts";
import { bugReport, Reporter } from "./terminal/reporter.ts";

/** In the order of the help. Only the command that is meant is loaded. */
export const commands = [
  ["init", async () => (await import("./commands/init/command.ts")).initCommand],
  [
    "session:setup",
    async () => (await import("./commands/session_setup/command.ts")).sessionSetupCommand,
  ],
  [
    "session:status",
    async () => (await import("./commands/session_status/command.ts")).sessionStatusCommand,
  ],
  [
    "session:list",
    async () => (await import("./commands/session_list/command.ts")).sessionListCommand,
  ],
  [
    "session:revoke",
    async () => (await import("./commands/session_revoke/command.ts")).sessionRevokeCommand,
  ],
  [
    "session:sweep",
    async () => (await import("./commands/session_sweep/command.ts")).sessionSweepCommand,
  ],
  [
    "session:copy",
    async () => (await import("./commands/session_copy/command.ts")).sessionCopyCommand,
  ],
  [
    "session:secret",
    async () => (await import("./commands/session_secret/command.ts")).sessionSecretCommand,
  ],
  [
    "session:clear",
    async () => (await import("./commands/session_clear/command.ts")).sessionClearCommand,
  ],
  [
    "session:doctor",
    async () => (await import("./commands/session_doctor/command.ts")).sessionDoctorCommand,
  ],
  ["audit:list", async () => (await import("./commands/audit_list/command.ts")).auditListCommand],
  [
    "audit:verify",
    async () => (await import("./commands/audit_verify/command.ts")).auditVerifyCommand,
  ],
  ["completion", async () => (await import("./commands/completion/command.ts")).completionCommand],
  ["help", async () => (await import("./commands/help/command.ts")).helpCommand],
] as const;

/** The command that the scripts of `azu completion` call. The help does not list it. */
const COMPLETE = "complete";

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
  for (const [name, load] of commands) {
    const command = host.args.includes(name) ? (await load())(runAction) : listedCommand(name);
    program.addCommand(command.copyInheritedSettings(program));
    if (host.args.includes(name) && asksForHelp(host.args)) {
      (await import("./help/command_help.ts")).completeHelp(command, name);
    }
  }
  if (host.args.includes(COMPLETE)) {
    const { completeCommand } = await import("./commands/complete/command.ts");
    const command = completeCommand(runAction).copyInheritedSettings(program);
    program.addCommand(command, { hidden: true });
  }
  try {
    await parse(program, host.args.length === 0 ? ["--help"] : host.args);
    return exitCode;
  } catch (error) {
    return failed(host, reporter, error);
  }
}

function asksForHelp(args: readonly string[]): boolean {
  return ["-h", "--help", "help"].some((word) => args.includes(word));
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
