import bash from "./azu.bash" with { type: "text" };
import fish from "./azu.fish" with { type: "text" };
import powershell from "./azu.ps1" with { type: "text" };
import zsh from "./azu.zsh" with { type: "text" };
import { ExitCode, UsageError } from "../../../core/errors.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { type Shell, shells } from "./command.ts";

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };

/** `azu completion <shell>` */
export function completion(
  _host: Host,
  { shell }: { readonly shell: string },
  reporter: Reporter,
): Promise<ExitCode> {
  const known = shells.find((name) => name === shell);
  if (known === undefined) {
    throw new UsageError(`There is no completion for "${shell}"`, {
      hint: `The shells are ${shells.join(", ")}`,
    });
  }
  const script = scripts[known];
  if (!reporter.options.json) reporter.data(script.trimEnd().split("\n"));
  reporter.document({
    command: "completion",
    outcome: "printed",
    shell,
    script,
    exitCode: ExitCode.ok,
  });
  return Promise.resolve(ExitCode.ok);
}
