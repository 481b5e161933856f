import { join } from "node:path";
import { writeFiles } from "../../../app/plan.ts";
import { judge, type Judgement } from "../../../commands/session_secret/judge.ts";
import { type ChangedLine, ENV, planSecret } from "../../../commands/session_secret/write.ts";
import { findAppRoot, variablesOf } from "../../../config/project.ts";
import { checkTrusted } from "../../../config/trust.ts";
import { ExitCode, OperationError, UsageError } from "../../../core/errors.ts";
import { PREVIOUS_SECRETS, SECRET } from "../../../core/secrets.ts";
import { workingFolder } from "../../load_project.ts";
import type { GlobalOptions } from "../../program.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { SessionSecretOptions } from "./command.ts";

type Options = SessionSecretOptions & GlobalOptions;

/** `azu session:secret` */
export async function sessionSecret(
  host: Host,
  options: Options,
  reporter: Reporter,
): Promise<ExitCode> {
  checkOptions(options);
  const start = host.now().getTime();
  const { error, ...fields } = options.check
    ? await check(host, options, reporter)
    : options.write
    ? await write(host, options, reporter)
    : print(options, reporter);
  const exitCode = error === undefined ? ExitCode.ok : ExitCode.failed;
  const durationMs = host.now().getTime() - start;
  reporter.document({ command: "session:secret", ...fields, exitCode, durationMs }, error);
  return exitCode;
}

/** What the document of `--json` says, and why the command has failed. */
type Result = Readonly<Record<string, unknown>> & { readonly error?: OperationError };

function print(options: Options, reporter: Reporter): Result {
  const secret = newSecret();
  if (!options.json) reporter.data([secret]);
  return { outcome: "printed", secret };
}

/** @throws {UsageError} if options contradict each other. */
function checkOptions(options: Options): void {
  const { write, rotate, force, dryRun, check } = options;
  for (const name of ["config", "env"] as const) {
    if (options[name] === undefined) continue;
    throw new UsageError(`session:secret does not read the config, so it takes no --${name}`);
  }
  if (check && (write || rotate || force || dryRun)) {
    throw new UsageError("--check changes nothing, so it takes no other option of this command");
  }
  if (write) {
    if (rotate && force) {
      throw new UsageError("--rotate keeps the old secret, and --force does not: choose one");
    }
    return;
  }
  const needing = rotate ? "--rotate" : force ? "--force" : dryRun ? "--dry-run" : undefined;
  if (needing !== undefined) throw new UsageError(`${needing} needs --write`);
}

/** 32 random bytes. */
function newSecret(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

async function write(host: Host, options: Options, reporter: Reporter): Promise<Result> {
  const { rotate = false, force = false, dryRun = false } = options;
  const cwd = await workingFolder(host, options);
  const { root, file, lines, warnings } = await planSecret(cwd, newSecret(), {
    rotate,
    force,
    io: host,
  });
  for (const warning of warnings) reporter.warn(warning);
  reporter.line(`  ${file.action.padEnd(9)}  ${file.path}`);
  for (const line of lines) {
    for (const text of shown(line)) reporter.line(`    ${text}`);
  }
  if (dryRun) {
    reporter.line("Dry run: nothing was written");
  } else {
    await writeFiles(root, [file]);
    reporter.verified(`Written to ${join(root, ENV)}`);
    reporter.line("Next steps:");
    nextSteps(rotate).forEach((step, index) => reporter.line(`  ${index + 1}. ${step}`));
  }
  return {
    dryRun,
    outcome: dryRun ? "planned" : rotate ? "rotated" : "written",
    file: { path: join(root, ENV), action: file.action },
    lines: lines.map(({ variable, line }) => ({ variable, line: line ?? null })),
  };
}

/** A line of the file before and after, without values. */
function shown({ variable, line, start, hadValue }: ChangedLine): string[] {
  const after = variable === SECRET ? "<new secret>" : "<old secret first>";
  if (line === undefined) return [`new line: ${start}${after}`];
  return [`line ${line}: ${start}${hadValue ? "<hidden>" : ""} → ${start}${after}`];
}

function nextSteps(rotated: boolean): string[] {
  const restart = "Give the app the new values, and restart it: it reads them from its environment";
  if (!rotated) return [restart];
  return [
    restart,
    "Run `azu session:copy --reseal`, or wait for the time in session.ttl: then no session needs the old secret",
    `Remove the old secret from ${PREVIOUS_SECRETS}, and restart the app`,
  ];
}

async function check(host: Host, options: Options, reporter: Reporter): Promise<Result> {
  const cwd = await workingFolder(host, options);
  const root = await findAppRoot(cwd);
  await checkTrusted([join(root, ENV)], cwd, host.uid);
  const { env, isInDotenv } = await variablesOf(host, root);
  const secret = env(SECRET);
  if (secret === undefined) {
    throw new OperationError(`${SECRET} is neither in the environment nor in ${join(root, ENV)}`, {
      hint: "Make one with azu session:secret",
    });
  }
  const judgement = judge(secret, env(PREVIOUS_SECRETS));
  const from = isInDotenv(SECRET) ? ENV : "environment";
  const error = errorOf(judgement);
  reporter.line(
    `${SECRET} (from ${from === ENV ? ENV : "the environment"}): ${judgement.bytes} bytes, about ` +
      `${judgement.bits} bits of entropy`,
  );
  if (error === undefined) reporter.verified("No weakness found");
  else reporter.error(error);
  return {
    outcome: error === undefined ? "strong" : "weak",
    from,
    bytes: judgement.bytes,
    entropyBits: judgement.bits,
    weaknesses: judgement.weaknesses.map(({ code }) => code),
    ...(error === undefined ? {} : { error }),
  };
}

function errorOf({ weaknesses }: Judgement): OperationError | undefined {
  if (weaknesses.length === 0) return undefined;
  return new OperationError(`${SECRET} is weak:`, {
    details: weaknesses.map(({ text }) => text),
    hint: "Replace it with a new one: azu session:secret makes it",
  });
}
