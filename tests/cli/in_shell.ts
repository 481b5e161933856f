/** The tool in a pipeline, or with its output thrown away. */
import { permissionFlags } from "../../scripts/permissions.ts";
import { shellQuote } from "../support/cli.ts";

/** The command that is tested, and its first arguments. */
export function subject(): readonly [string, ...string[]] {
  const executable = Deno.env.get("AZU_SUBJECT");
  if (executable !== undefined) return [executable];
  const root = new URL("../..", import.meta.url).pathname;
  const run = ["run", ...permissionFlags, "--quiet", "--config", `${root}deno.json`];
  return [Deno.execPath(), ...run, `${root}main.ts`];
}

/** Runs a line of bash in which `azu` is the tool. A pipeline fails if one of its commands does. */
export async function shell(
  line: string,
  cwd: string,
  env: Readonly<Record<string, string>> = {},
) {
  const azu = subject().map(shellQuote).join(" ");
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `set -o pipefail; azu() { ${azu} "$@"; }; ${line}`],
    cwd,
    env,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the tool, and measures the most memory that it takes, in MiB; 0 where no system tells. */
export async function memoryOf(args: readonly string[], cwd: string) {
  const [command, ...first] = subject();
  const child = new Deno.Command(command, {
    args: [...first, ...args],
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let peak = 0;
  const poll = setInterval(() => {
    const status = statusOf(child.pid);
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
  }, 50);
  const { code } = await child.status;
  clearInterval(poll);
  return { code, peak };
}

function statusOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/status`);
  } catch {
    return ""; // not Linux, or it has just ended
  }
}
