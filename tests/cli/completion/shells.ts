/** Shells on a pseudo-terminal, with azu's completion installed as the help says. */
import { join } from "node:path";
import { service, type ServiceName } from "../../support/env.ts";
import { RunningProcess } from "../../support/process.ts";
import { shellQuote } from "../../support/shell.ts";
import { tempDir, writeTree } from "../../support/temp.ts";
import { subject } from "../in_shell.ts";

export interface Shell {
  readonly needs: readonly ServiceName[];
  /** Its command on a terminal. The working folder is its home. */
  readonly command: string;
  /** The files in its home. */
  readonly files: Readonly<Record<string, string>>;
}

const PROMPT = "READY> ";

const BASHRC = `PS1='${PROMPT}'
bind 'set bell-style none'
bind 'set show-all-if-ambiguous on'
eval "$(azu completion bash)"
`;

export const SHELLS: Readonly<Record<string, Shell>> = {
  "bash alone": {
    needs: ["script"],
    command: "bash --noprofile --rcfile bashrc -i",
    files: { bashrc: BASHRC },
  },
  "bash with bash-completion": {
    needs: ["script", "bash-completion"],
    command: "bash --noprofile --rcfile bashrc -i",
    files: { bashrc: `. /usr/share/bash-completion/bash_completion\n${BASHRC}` },
  },
  zsh: {
    needs: ["script", "zsh"],
    command: "zsh -i",
    files: {
      ".zshrc": `PS1='${PROMPT}'\nunsetopt beep\nautoload -U compinit\ncompinit -u\n` +
        'eval "$(azu completion zsh)"\n',
    },
  },
  fish: {
    needs: ["script", "fish"],
    command: "fish -i",
    files: {
      ".config/fish/config.fish": `function fish_prompt; printf '${PROMPT}'; end\n` +
        "set -g fish_autosuggestion_enabled 0\nset -g fish_greeting\n" +
        "azu completion fish | source\n",
    },
  },
};

/** A shell that waits for keys. Its `azu` prints its arguments, unless it is asked to complete. */
export interface OpenShell extends AsyncDisposable {
  /** Its working folder. */
  readonly home: string;
  type(keys: string): Promise<void>;
  /** Waits for text on the screen, after what was waited for before. */
  see(text: string | RegExp): Promise<void>;
  /** Drops the line that was typed. */
  drop(): Promise<void>;
}

export async function open(
  { command, files }: Shell,
  app: Readonly<Record<string, string>>,
): Promise<OpenShell> {
  const home = await tempDir("azu-shell-");
  const azu = subject().map(shellQuote).join(" ");
  await writeTree(home.path, {
    ...files,
    ...app,
    "bin/azu": `#!/bin/sh
case $1 in complete|completion) exec ${azu} "$@";; esac
printf 'RAN'; printf ' <%s>' "$@"; echo
`,
  });
  await Deno.chmod(join(home.path, "bin/azu"), 0o755);
  const denoDir = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/root", ".cache/deno");
  const shell = new RunningProcess({
    command: service("script"),
    args: ["-qefc", `stty rows 40 cols 120; exec ${command}`, "/dev/null"],
    cwd: home.path,
    env: {
      PATH: `${join(home.path, "bin")}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`,
      HOME: home.path,
      LANG: "C.UTF-8",
      TERM: "xterm",
      SHELL: "/bin/sh",
      DENO_DIR: denoDir,
      // Nothing is written when a shell is ended.
      HISTFILE: "/dev/null",
      fish_history: "",
    },
    stdin: "piped",
    timeoutMs: 60_000,
    home,
  });
  await shell.waitFor(PROMPT);
  return {
    home: home.path,
    type: (keys) => shell.type(keys),
    see: async (text) => {
      await shell.waitFor(text);
    },
    async drop() {
      await shell.type("\x15");
    },
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}
