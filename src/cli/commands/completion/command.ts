import { addExamples, newCommand, type Run, wordArgument } from "../../program.ts";

export const shells = ["bash", "zsh", "fish", "powershell"] as const;

export type Shell = typeof shells[number];

const definition = () =>
  addExamples(
    newCommand(
      "completion",
      "The script lets Tab complete commands, options and their values, and the backends and " +
        "environments of the config at hand. It asks azu, which evaluates the config for this, " +
        "without access to the network and without writing files.",
    )
      .usage("<shell>")
      .addArgument(wordArgument("<shell>", shells.join(", "), shells)),
    [
      ["bash: in ~/.bashrc", 'eval "$(azu completion bash)"'],
      ["zsh: in ~/.zshrc, after compinit", 'eval "$(azu completion zsh)"'],
      ["fish: in ~/.config/fish/config.fish", "azu completion fish | source"],
      ["PowerShell: in $PROFILE", "azu completion powershell | Out-String | Invoke-Expression"],
    ],
  );

/** `azu completion` */
export function completionCommand(run: Run) {
  return definition().action(async (shell) => {
    await run((await import("./action.ts")).completion, { shell });
  });
}
