/** Plans how a new secret gets into the app's .env. No message and no plan shows a value. */
import { join } from "node:path";
import { readAppFile, SHARD_FILE } from "../../app/app.ts";
import { type Assignment, assignmentsOf, withVariable } from "../../app/dotenv_file.ts";
import { GITIGNORE } from "../../app/environment_files.ts";
import { ignoredIn, trackingOf } from "../../app/git.ts";
import type { PlannedFile } from "../../app/plan.ts";
import { parseDotenv } from "../../config/dotenv.ts";
import { findAppRoot, variablesOf } from "../../config/project.ts";
import { checkTrusted } from "../../config/trust.ts";
import { OperationError } from "../../core/errors.ts";
import type { Io } from "../../core/io.ts";
import { PREVIOUS_SECRETS, previousSecrets, SECRET } from "../../core/secrets.ts";

export const ENV = ".env";

/** A line that changes, without its value. */
export interface ChangedLine {
  readonly variable: string;
  /** Its number in the file as it is; undefined if it is added at the end. */
  readonly line: number | undefined;
  /** The line up to the value. */
  readonly start: string;
  readonly hadValue: boolean;
}

export interface SecretPlan {
  readonly root: string;
  readonly file: PlannedFile;
  readonly lines: readonly ChangedLine[];
  readonly warnings: readonly string[];
}

export interface SecretOptions {
  /** Keep the secret that is there, as a previous one. */
  readonly rotate: boolean;
  /** Replace the secret that is there, and do not keep it. */
  readonly force: boolean;
  readonly io: Pick<Io, "env" | "uid">;
}

/**
 * @param secret The new one.
 * @throws {AzuError} if git may get to see the file, a secret is there that would be lost, or the
 *   file cannot be changed for certain.
 */
export async function planSecret(
  cwd: string,
  secret: string,
  { rotate, force, io }: SecretOptions,
): Promise<SecretPlan> {
  const root = await findAppRoot(cwd);
  await checkTrusted([SHARD_FILE, GITIGNORE, ENV].map((name) => join(root, name)), cwd, io.uid);
  await checkUntracked(root);
  const before = await readAppFile(root, ENV);
  const source = before ?? "";
  // From the file alone: that the environment has a secret does not say that the file has one.
  const { env } = await variablesOf({ env: () => undefined }, root);
  const old = env(SECRET);
  const values = new Map([[SECRET, secret]]);
  if (rotate) values.set(PREVIOUS_SECRETS, rotated(old, env(PREVIOUS_SECRETS)));
  else if (old !== undefined && !force) throw wouldBeLost(only(source, SECRET)?.line);
  const lines = [...values.keys()].map((variable) => {
    const assignment = only(source, variable);
    const { line, start = `${variable}=` } = assignment ?? {};
    return { variable, line, start, hadValue: env(variable) !== undefined };
  });
  const after = changed(source, values);
  return {
    root,
    file: {
      path: ENV,
      action: before === undefined ? "create" : "update",
      before,
      after,
      mode: 0o600,
    },
    lines,
    warnings: [...await readableWarning(root, before), ...environmentWarning(io)],
  };
}

/** A secret must not get into a repository, where everybody who has a copy can read it. */
async function checkUntracked(root: string): Promise<void> {
  const tracking = await trackingOf(root, ENV);
  if (tracking === true) {
    throw new OperationError(`git tracks ${ENV} in ${root}; nothing was changed`, {
      hint:
        `Stop it with git rm --cached ${ENV}, and add ${ENV} to ${GITIGNORE}. Secrets that were ` +
        "committed stay in the history: replace them",
    });
  }
  if (tracking === "unknown") {
    throw new OperationError(
      `azu cannot read the index of git, and so not tell whether git tracks ${ENV} in ${root}; ` +
        "nothing was changed",
      {
        hint: `If git ls-files ${ENV} prints nothing, write the output of azu session:secret there`,
      },
    );
  }
  const said = await ignoredIn(root, ENV);
  if (said === "ignored") return;
  const reason = said === "included"
    ? `a line in ${GITIGNORE} includes it`
    : `no ${GITIGNORE} of the app ignores it`;
  throw new OperationError(
    `git would not ignore ${ENV} in ${root}: ${reason}; nothing was changed`,
    {
      hint: `Add the line ${ENV} to ${GITIGNORE}`,
    },
  );
}

function wouldBeLost(line: number | undefined): OperationError {
  const place = line === undefined ? "" : ` (line ${line})`;
  return new OperationError(`${ENV} has a ${SECRET} already${place}; nothing was changed`, {
    hint: "Without it, the app cannot read the sessions that it has encrypted. Pass --rotate to " +
      `keep it in ${PREVIOUS_SECRETS}, or --force to replace it`,
  });
}

/** The list of previous secrets, with the old one at its front. */
function rotated(old: string | undefined, list: string | undefined): string {
  if (old === undefined) {
    throw new OperationError(`${ENV} has no ${SECRET} to rotate; nothing was changed`, {
      hint: "Without --rotate, --write puts a first one there",
    });
  }
  if (old.includes(",") || old !== old.trim()) {
    throw new OperationError(
      `The ${SECRET} in ${ENV} contains a comma or begins or ends with a blank, so it cannot be an ` +
        `element of ${PREVIOUS_SECRETS}; nothing was changed`,
      { hint: "Pass --force to replace it. Sessions that it has encrypted are then lost" },
    );
  }
  return [old, ...previousSecrets(list).filter((secret) => secret !== old)].join(",");
}

/** The line that sets a variable, if any does. */
function only(source: string, variable: string): Assignment | undefined {
  const found = assignmentsOf(source, variable);
  if (found.length <= 1) return found[0];
  const lines = found.map(({ line }) => line).join(", ");
  throw new OperationError(
    `${ENV} sets ${variable} more than once (lines ${lines}); nothing was changed`,
    { hint: "Keep one of the lines. azu and the app use the last one" },
  );
}

/** The text with the values, verified by reading it again. */
function changed(source: string, values: ReadonlyMap<string, string>): string {
  let after: string | undefined = source;
  for (const [name, value] of values) {
    after = after === undefined ? undefined : withVariable(after, name, value);
  }
  const wanted = new Map([...parseDotenv(source).variables, ...values]);
  const got = parseDotenv(after ?? "").variables;
  const isRight = got.size === wanted.size &&
    [...wanted].every(([name, value]) => got.get(name) === value);
  if (after !== undefined && isRight) return after;
  throw new OperationError(`azu cannot change ${ENV} for certain; nothing was changed`, {
    hint: "A value in it has an unusual form, such as quotes in quotes. Change the file by hand",
  });
}

/** The mode of an existing file is kept. */
async function readableWarning(root: string, before: string | undefined): Promise<string[]> {
  if (before === undefined || Deno.build.os === "windows") return [];
  const { mode } = await Deno.stat(join(root, ENV));
  if (mode === null || (mode & 0o077) === 0) return [];
  const digits = (mode & 0o777).toString(8).padStart(4, "0");
  return [`Others than its owner can read or change ${ENV} (mode ${digits}): chmod 600 ${ENV}`];
}

function environmentWarning(io: Pick<Io, "env">): string[] {
  const set = [SECRET, PREVIOUS_SECRETS].filter((name) => io.env(name) !== undefined);
  return set.map((name) =>
    `${name} is also set in the environment, which takes precedence over ${ENV}`
  );
}
