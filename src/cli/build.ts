import manifest from "../../deno.json" with { type: "json" };

/** What was built, from what, and what runs it. */
export interface Build {
  readonly version: string;
  /** The commit that the program was compiled from; `source` where it was not compiled. */
  readonly commit: string;
  readonly deno: string;
  readonly v8: string;
  /** The platform, for example `x86_64-unknown-linux-gnu`. */
  readonly target: string;
}

/** The compile script replaces this by the commit. */
const COMMIT = "@azu-commit@";

export function build(
  runtime: { readonly deno: string; readonly v8: string },
  target: string,
): Build {
  return {
    version: manifest.version,
    commit: COMMIT.startsWith("@") ? "source" : COMMIT,
    deno: runtime.deno,
    v8: runtime.v8,
    target,
  };
}

/** The one line of `--version`. */
export function versionText({ version, commit, deno, v8, target }: Build): string {
  return `azu ${version} (${commit}, deno ${deno}, v8 ${v8}, ${target})`;
}
