/** Writes a line to stderr. */
export function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

/**
 * Runs a program and returns what it printed on stdout.
 * @throws {Error} with the reason that it printed, if it fails or takes too long.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number | undefined;
  },
): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: options.cwd,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = options.timeoutMs === undefined
    ? undefined
    : setTimeout(() => child.kill("SIGKILL"), options.timeoutMs);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(timer);
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(reasonIn(new TextDecoder().decode(stderr)));
}

/** The cause in Deno's output, else its first error, else the last line. */
function reasonIn(said: string): string {
  const found = /^\s+\d+: ((?:error|Could not find) .*)$/m.exec(said) ??
    /^error: (.*)$/m.exec(said);
  return found?.[1] ?? (said.trim().split("\n").at(-1) || "no answer in time");
}
