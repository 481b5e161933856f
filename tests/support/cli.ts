import { join, resolve } from "node:path";
import { permissionFlags } from "../../scripts/permissions.ts";
import { service } from "./env.ts";
import { type ProcessResult, RunningProcess } from "./process.ts";
import { shellQuote } from "./shell.ts";
import { tempDir } from "./temp.ts";

export { shellQuote } from "./shell.ts";

/** Options of {@linkcode runAzu} and {@linkcode spawnAzu}. */
export interface AzuOptions {
  readonly cwd?: string;
  /** Added to the small environment that the tool gets; nothing of the host's leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  /** Piped to standard input, which then ends. Without it there is nothing to read. */
  readonly stdin?: string | Uint8Array;
  /** When to kill the tool and throw, in milliseconds; a minute by default. */
  readonly timeoutMs?: number;
  /** An executable to run in the tool's place. */
  readonly subject?: string;
}

/** What a person does at a terminal: waits for something on the screen, then types. */
export interface Answer {
  readonly waitFor: string | RegExp;
  /** Keys as a terminal sends them: "y\n", "\x03" for Ctrl-C, "\x04" for Ctrl-D. */
  readonly type: string;
}

/** Options of {@linkcode runAzuOnTerminal}. */
export interface TerminalOptions extends Omit<AzuOptions, "stdin"> {
  readonly answer?: readonly Answer[];
  /** The width of the terminal; 80 by default. */
  readonly columns?: number;
  /** A file for standard output, which then is no terminal. */
  readonly stdoutTo?: string;
  /** A file for standard error, which then is no terminal. */
  readonly stderrTo?: string;
}

const REPOSITORY = resolve(import.meta.dirname ?? ".", "../..");
const MINUTE = 60_000;
// What Deno itself needs of the host's settings to find its packages, and Windows to open sockets.
const TAKEN_OVER = [
  "TMPDIR",
  "DENO_TLS_CA_STORE",
  "DENO_CERT",
  "NPM_CONFIG_REGISTRY",
  "SystemRoot",
];

/** What the tool printed; the line about the selected backend is kept apart from stderr. */
export interface AzuResult extends ProcessResult {
  /** `Backend: redis (selected by --backend), target …`, or empty. */
  readonly decision: string;
}

/** Runs the tool until it ends. */
export async function runAzu(args: string[], options: AzuOptions = {}): Promise<AzuResult> {
  await using azu = await spawnAzu(args, options);
  const result = await azu.finished();
  const [line = ""] = /^Backend: .+ \((?:selected by|default,) .*\n/m.exec(result.stderr) ?? [];
  return { ...result, stderr: result.stderr.replace(line, ""), decision: line.trimEnd() };
}

/** Starts the tool, for tests that send it signals or read along. Dispose of it. */
export async function spawnAzu(args: string[], options: AzuOptions = {}): Promise<RunningProcess> {
  const home = await tempDir("azu-home-");
  const azu = new RunningProcess({
    ...{ ...subject(args, options.subject), cwd: options.cwd, home },
    env: { ...baseEnv(home.path), ...options.env },
    stdin: options.stdin === undefined ? "null" : "piped",
    timeoutMs: options.timeoutMs ?? MINUTE,
  });
  // Not awaited: the tool may write a lot before it reads.
  if (options.stdin !== undefined) azu.type(options.stdin).then(() => azu.endInput());
  return azu;
}

/** Runs the tool in a pseudo-terminal with 24 lines, and types the answers in turn. */
export async function runAzuOnTerminal(
  args: string[],
  options: TerminalOptions = {},
): Promise<{ code: number; output: string }> {
  const home = await tempDir("azu-home-");
  await using azu = new RunningProcess({
    command: service("script"),
    args: ["-E", "always", "-qefc", terminalCommand(args, options), "/dev/null"],
    ...{ cwd: options.cwd, home },
    env: { ...baseEnv(home.path), SHELL: "/bin/sh", TERM: "xterm-256color", ...options.env },
    stdin: "piped",
    timeoutMs: options.timeoutMs ?? MINUTE,
  });
  for (const { waitFor, type } of options.answer ?? []) {
    await azu.waitFor(waitFor);
    await azu.type(type);
  }
  const { code, stdout } = await azu.finished();
  return { code, output: stdout };
}

function terminalCommand(args: string[], options: TerminalOptions): string {
  const { stdoutTo, stderrTo } = options;
  const tool = subject(args, options.subject);
  const words = [tool.command, ...tool.args].map(shellQuote);
  if (stdoutTo !== undefined) words.push(`>${shellQuote(stdoutTo)}`);
  if (stderrTo !== undefined) words.push(`2>${shellQuote(stderrTo)}`);
  return `stty rows 24 cols ${options.columns ?? 80}; exec ${words.join(" ")}`;
}

/** The command that is tested: the source, or the executable that `AZU_SUBJECT` names. */
export function subject(args: string[], given?: string): { command: string; args: string[] } {
  const executable = given ?? Deno.env.get("AZU_SUBJECT");
  if (executable) return { command: resolve(executable), args };
  const run = ["run", ...permissionFlags, "--quiet", "--config", join(REPOSITORY, "deno.json")];
  return { command: Deno.execPath(), args: [...run, join(REPOSITORY, "main.ts"), ...args] };
}

/** The small environment of the tool. @param home A temporary folder. */
export function baseEnv(home: string): Record<string, string> {
  const env: Record<string, string> = {
    PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
    HOME: home,
    LANG: "C.UTF-8",
    DENO_DIR: denoDir(),
    DENO_NO_UPDATE_CHECK: "1",
  };
  for (const name of TAKEN_OVER) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** Deno's cache of this process, which the temporary home would hide. */
function denoDir(): string {
  const given = Deno.env.get("DENO_DIR");
  if (given) return resolve(given);
  const home = Deno.env.get("HOME") ?? "/root";
  if (Deno.build.os === "darwin") return join(home, "Library/Caches/deno");
  return join(Deno.env.get("XDG_CACHE_HOME") || join(home, ".cache"), "deno");
}
