import manifest from "../../deno.json" with { type: "json" };

/** The compile script replaces this with the commit that the program is compiled from. */
const COMMIT = "@azu-commit@";

/** What the program runs on. */
export interface Runtime {
  readonly deno: string;
  readonly v8: string;
  readonly typescript: string;
  /** The platform, for example `x86_64-unknown-linux-gnu`. */
  readonly target: string;
}

/** The version of azu. */
export const VERSION: string = manifest.version;

const isSource = COMMIT.startsWith("@");

/** What `--version` prints: one line, or with `--json` a document. */
export function versionText(runtime: Runtime, isJson: boolean): string {
  const { deno, v8, typescript, target } = runtime;
  if (!isJson) {
    const commit = isSource ? "source" : COMMIT;
    return `azu ${VERSION} (${commit}, deno ${deno}, v8 ${v8}, ${target})`;
  }
  const document = {
    version: VERSION,
    kind: isSource ? "source" : "executable",
    commit: isSource ? null : COMMIT,
    deno,
    v8,
    typescript,
    target,
  };
  return JSON.stringify(document, null, 2);
}
