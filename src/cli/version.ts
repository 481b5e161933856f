import manifest from "../../deno.json" with { type: "json" };

/** The compile script replaces this with the commit that the program is compiled from. */
const COMMIT = "@azu-commit@";

/**
 * The one line of `--version`.
 * @param target The platform, for example `x86_64-unknown-linux-gnu`.
 */
export function versionText(
  { deno, v8 }: { readonly deno: string; readonly v8: string },
  target: string,
): string {
  const commit = COMMIT.startsWith("@") ? "source" : COMMIT;
  return `azu ${manifest.version} (${commit}, deno ${deno}, v8 ${v8}, ${target})`;
}
