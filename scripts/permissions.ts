/** The permissions of the program: those of the `azu` task in deno.json, and nowhere else. */
import manifest from "../deno.json" with { type: "json" };

/** `--allow-read`, …, `--no-prompt`: for `deno run` and for `deno compile`. */
export const permissionFlags: readonly string[] = manifest.tasks.azu
  .split(" ")
  .map((word) => word.replace(/^'(.*)'$/, "$1")) // quoted from the shell, which knows "*"
  .filter((word) => word.startsWith("--allow-") || word === "--no-prompt");
