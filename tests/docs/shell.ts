/** A person's shell: commands run one after the other, and keep the folder and the variables. */
import { join } from "node:path";
import { baseEnv, subject } from "../support/cli.ts";
import { service } from "../support/env.ts";
import { type ProcessResult, RunningProcess } from "../support/process.ts";
import { shellQuote } from "../support/shell.ts";
import { type TempDir, writeTree } from "../support/temp.ts";

/** The prompt of a question of azu, and the answer that follows it on the page. */
const ANSWER = /\[y\/N\]: (\S+)$/gm;

export class Shell {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  /** @param home The home of the person. `azu` in its `bin` folder is the tool. */
  static async open({ path: home }: TempDir): Promise<Shell> {
    const tool = subject([]);
    const words = [tool.command, ...tool.args].map(shellQuote).join(" ");
    await writeTree(home, {
      "bin/azu": `#!/bin/sh\nexec ${words} "$@"\n`,
      ".state": `cd ${shellQuote(home)}\n`,
    });
    await Deno.chmod(join(home, "bin/azu"), 0o755);
    return new Shell(home);
  }

  /**
   * Runs a command and returns its exit code and its output, with stdout and stderr mixed.
   * @param shown The output on the page. If it has an answer to a question, there is a terminal.
   */
  async run(command: string, shown = ""): Promise<{ code: number; output: string }> {
    const state = join(this.#home, ".state");
    await writeTree(this.#home, {
      ".command":
        `. ${state}\nset -o pipefail\n${command}\ncode=$?\n{ export -p; printf 'cd %q\\n' "$PWD"; }` +
        ` > ${state}\nexit $code\n`,
    });
    const answers = [...shown.matchAll(ANSWER)].map(([, answer = ""]) => answer);
    const script = `bash ${join(this.#home, ".command")}`;
    const { code, stdout } = answers.length === 0
      ? await this.#finish("sh", ["-c", `${script} 2>&1`])
      : await this.#finish(
        service("script"),
        ["-E", "always", "-qefc", `stty rows 40 cols 120; ${script}`, "/dev/null"],
        answers,
      );
    return { code, output: stdout };
  }

  async #finish(
    command: string,
    args: readonly string[],
    answers: readonly string[] = [],
  ): Promise<ProcessResult> {
    const { PATH = "", ...env } = baseEnv(this.#home);
    await using running = new RunningProcess({
      command,
      args,
      env: {
        ...env,
        PATH: `${join(this.#home, "bin")}:${PATH}`,
        SHELL: "/bin/sh",
        TERM: "xterm",
        NO_COLOR: "1",
      },
      stdin: answers.length === 0 ? "null" : "piped",
      timeoutMs: 60_000,
      home: { [Symbol.asyncDispose]: () => Promise.resolve() },
    });
    for (const answer of answers) {
      await running.waitFor("[y/N]: ");
      await running.type(`${answer}\n`);
    }
    return await running.finished();
  }
}
