/** The files about the app's environment: .env.example, and .gitignore for .env. */
import { readAppFile } from "../../app/app.ts";
import {
  addIgnored,
  addVariables,
  ENV_EXAMPLE,
  GITIGNORE,
  ignores,
} from "../../app/environment_files.ts";
import type { WantedFile } from "../../app/plan.ts";
import type { Variable } from "../../backends/contract.ts";

const ENV = ".env";

/**
 * Every variable in .env.example, and .env (which contains secrets) in .gitignore.
 * @throws {OperationError} if one of them cannot be read.
 */
export async function environmentFiles(
  root: string,
  variables: readonly Variable[],
): Promise<{ readonly wanted: readonly WantedFile[]; readonly warnings: readonly string[] }> {
  const example = await readAppFile(root, ENV_EXAMPLE) ?? "";
  const gitignore = await readAppFile(root, GITIGNORE) ?? "";
  const said = ignores(gitignore, ENV);
  const ignored = said === "not mentioned" ? addIgnored(gitignore, ENV) : gitignore;
  const warning = `A line in ${GITIGNORE} keeps ${ENV} in git, and so the secrets in it`;
  return {
    wanted: [
      { path: ENV_EXAMPLE, content: addVariables(example, variables), additive: true },
      { path: GITIGNORE, content: ignored, additive: true },
    ],
    warnings: said === "included" ? [warning] : [],
  };
}
