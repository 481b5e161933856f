/** The command line: words in, exit code out. */
import { AzuError, ExitCode, messageOf, OperationError, UsageError } from "../core/errors.ts";
import { type Build, versionText } from "./build.ts";
import type { Host } from "./terminal/host.ts";
import type { CommandName } from "./options.ts";
import { parseCommandLine, type ParsedArgs } from "./parse.ts";
import { bugReport, Reporter } from "./terminal/reporter.ts";

type Action = (host: Host, args: ParsedArgs, reporter: Reporter) => Promise<ExitCode>;

/** Each loaded only when it is meant. */
const actions = {
  "init": async (...call) => (await import("./commands/init/action.ts")).init(...call),
  "session:setup": async (...call) =>
    (await import("./commands/session_setup/action.ts")).sessionSetup(...call),
  "session:clear": async (...call) =>
    (await import("./commands/session_clear/action.ts")).sessionClear(...call),
} as const satisfies Record<CommandName, Action>;

/** Runs one command. Never throws, never exits. */
export async function run(host: Host, build: Build): Promise<ExitCode> {
  let reporter = new Reporter(host, {
    json: host.args.includes("--json"), // until the arguments are known to be right
    quiet: false,
  });
  try {
    const args = parseCommandLine(host.args);
    reporter = new Reporter(host, { json: args.flag("json"), quiet: args.flag("quiet") });
    if (args.flag("version")) return show(host, versionText(build));
    if (args.help || args.flag("help")) return await help(host, args.command);
    if (args.command === undefined) {
      throw new UsageError("No command was given", { hint: "See azu --help" });
    }
    return await actions[args.command](host, args, reporter);
  } catch (error) {
    return failed(host, reporter, error);
  }
}

async function help(host: Host, command: CommandName | undefined): Promise<ExitCode> {
  return show(host, (await import("./help.ts")).helpText(command));
}

function show(host: Host, text: string): ExitCode {
  host.stdout.write(`${text}\n`);
  return ExitCode.ok;
}

/** What nobody waited for: a promise that was forgotten, a timer that threw. */
export function crash(host: Host, error: unknown): ExitCode {
  return failed(
    host,
    new Reporter(host, { json: host.args.includes("--json"), quiet: false }),
    error,
  );
}

/** What failed before a command had anything to report. */
function failed(host: Host, reporter: Reporter, error: unknown): ExitCode {
  if (!(error instanceof AzuError)) {
    host.stderr.write(bugReport(error));
    const bug = new OperationError(`This is a bug in azu: ${messageOf(error)}`);
    reporter.document({ outcome: "failed", exitCode: bug.exitCode }, bug);
    return ExitCode.failed;
  }
  reporter.error(error);
  const outcome = error.exitCode === ExitCode.usage
    ? "usage"
    : error.exitCode === ExitCode.impossible
    ? "impossible"
    : "failed";
  reporter.document({ outcome, exitCode: error.exitCode }, error);
  return error.exitCode;
}
