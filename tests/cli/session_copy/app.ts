/** An app whose config names a source and a target, and the command in its folder. */
import { ok } from "node:assert/strict";
import { isRecord } from "../../../src/core/record.ts";
import { type AzuOptions, runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

export interface CopyApp extends AsyncDisposable {
  readonly path: string;
  readonly options: AzuOptions & { readonly cwd: string };
  /** Runs `session:copy --from source --to target` with a ledger in the folder. */
  copy(...args: readonly string[]): ReturnType<typeof runAzu>;
  /** The same with `--force --json`. */
  counts(...args: readonly string[]): Promise<Counts>;
}

export type Counts = Readonly<Record<string, unknown>> & { readonly code: number };

export async function copyApp(
  backends: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<CopyApp> {
  const app = await tempDir();
  const config = { app: "shop", session: { backends } };
  await writeTree(app.path, {
    "azu.config.ts": `export default ${JSON.stringify(config)};`,
  });
  const options = { cwd: app.path, env };
  const copy = async (...args: readonly string[]) => {
    const command = ["session:copy", "--from", "source", "--to", "target", "--ledger", "ledger"];
    return await runAzu([...command, ...args], options);
  };
  return {
    path: app.path,
    options,
    copy,
    async counts(...args) {
      const { code, stdout, stderr } = await copy("--force", "--json", ...args);
      const document: unknown = JSON.parse(stdout);
      ok(isRecord(document), stderr);
      return { ...document, code };
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}
