/** Pipelines with the tool in them. */
import { shellQuote } from "../support/cli.ts";
import { permissionFlags } from "../../scripts/permissions.ts";

/** Runs a line of bash in which `azu` is the tool. A pipeline fails if one of its commands does. */
export async function shell(line: string, cwd: string, env: Readonly<Record<string, string>> = {}) {
  const root = new URL("../..", import.meta.url).pathname;
  const subject = Deno.env.get("AZU_SUBJECT");
  const words = subject === undefined
    ? [Deno.execPath(), "run", ...permissionFlags, "--quiet", "--config", `${root}deno.json`]
      .concat(`${root}main.ts`)
    : [subject];
  const azu = words.map(shellQuote).join(" ");
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `set -o pipefail; azu() { ${azu} "$@"; }; ${line}`],
    cwd,
    env,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
