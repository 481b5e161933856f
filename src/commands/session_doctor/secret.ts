/** Checks of the secret, and of the files that may contain secrets. */
import { join } from "node:path";
import { INITIALIZER, readAppFile } from "../../app/app.ts";
import { ignoredIn, trackingOf, workingTreeOf } from "../../app/git.ts";
import { CONFIG_NAME } from "../../config/find.ts";
import { DEFAULT_ENVIRONMENT, variablesOf } from "../../config/project.ts";
import { PREVIOUS_SECRETS, previousSecrets, SECRET } from "../../core/secrets.ts";
import { listed } from "../../core/text.ts";
import { judge } from "../session_secret/judge.ts";
import type { Finding } from "./checks.ts";
import type { DoctorContext } from "./context.ts";
import type { Group } from "./doctor.ts";
import { modeOf } from "./files.ts";

const ENV = ".env";

/** Environments in which the generated app makes a secret of its own. */
const LOCAL = ["development", "test"];

export const secretGroup: Group = {
  ids: [
    "secret.present",
    "secret.strength",
    "secret.tracked",
    "secret.readable",
    "secret.ignored",
  ],
  async run(context, report) {
    const { root } = context;
    report(await ignored(root));
    report(await readable(root));
    report(await tracked(root));
    const { env } = await variablesOf(context.io, root);
    for (const finding of await judged(context, env)) report(finding);
  },
};

async function judged(
  context: DoctorContext,
  env: (name: string) => string | undefined,
): Promise<Finding[]> {
  const secret = env(SECRET);
  if (secret === undefined) {
    const name = await context.project().then(
      ({ environment }) => environment.name,
      () => DEFAULT_ENVIRONMENT,
    );
    const isLocal = LOCAL.includes(name);
    return [
      {
        id: "secret.present",
        status: isLocal ? "ok" : "failure",
        evidence: isLocal
          ? `not set, and not needed in ${name}`
          : `${SECRET} is neither in the environment nor in ${ENV}: the app does not start`,
      },
      { id: "secret.strength", status: "skipped", evidence: `${SECRET} is not set` },
    ];
  }
  const previous = env(PREVIOUS_SECRETS);
  const { weaknesses, bytes, bits } = judge(secret, previous);
  const weakBefore = previousSecrets(previous).filter((old) => {
    return judge(old, undefined).weaknesses.length > 0;
  });
  const present = { id: "secret.present", status: "ok", evidence: `${bytes} bytes` } as const;
  const [weakness, ...others] = weaknesses;
  if (weakness !== undefined) {
    const more = others.length === 0
      ? ""
      : `; and ${others.length} more: azu session:secret --check`;
    const evidence = `${weakness.text}${more}`;
    return [present, { id: "secret.strength", status: "failure", evidence }];
  }
  if (weakBefore.length > 0) {
    return [present, {
      id: "secret.strength",
      status: "warning",
      evidence: `${weakBefore.length} weak secret(s) in ${PREVIOUS_SECRETS}`,
      fix: `azu session:copy --reseal, and then remove them from ${PREVIOUS_SECRETS}`,
    }];
  }
  return [present, {
    id: "secret.strength",
    status: "ok",
    evidence: `about ${bits} bits of entropy`,
  }];
}

async function ignored(root: string): Promise<Finding> {
  const id = "secret.ignored";
  if (await workingTreeOf(root) === undefined) {
    return { id, status: "skipped", evidence: "the app is not in a working tree of git" };
  }
  const said = await ignoredIn(root, ENV);
  if (said === "ignored") return { id, status: "ok", evidence: ".gitignore says so" };
  const exists = await readAppFile(root, ENV) !== undefined;
  return {
    id,
    status: exists ? "failure" : "warning",
    evidence: said === "included"
      ? ".gitignore includes .env on purpose"
      : `.gitignore does not mention .env${exists ? ", which is there" : ""}`,
  };
}

async function readable(root: string): Promise<Finding> {
  const id = "secret.readable";
  const mode = await modeOf(join(root, ENV));
  if (mode === undefined) return { id, status: "skipped", evidence: `there is no ${ENV}` };
  const shown = `mode ${mode.toString(8).padStart(4, "0")}`;
  if (mode & 0o004) {
    return { id, status: "failure", evidence: `everybody can read ${ENV} (${shown})` };
  }
  if (mode & 0o040) {
    return { id, status: "warning", evidence: `the group can read ${ENV} (${shown})` };
  }
  return { id, status: "ok", evidence: `${ENV} has ${shown}` };
}

/** A value that is not empty, for a variable that is a secret or contains a password. */
const SECRET_LINE =
  /^[ \t]*(?:export[ \t]+)?(?:\w*(?:SECRET|PASSWORD|TOKEN|_KEY)\w*)[ \t]*=[ \t]*\S/m;

/** A URL with a password in it. A variable in its place is none. */
const PASSWORD_IN_URL = /\b[a-z][a-z0-9+]*:\/\/[^\s"'`/@:]*:[^\s"'`/@#${]+@/i;

/** The secret as a text in the initializer. */
const SECRET_IN_SOURCE = /^[^#\n]*\bconfig\.secret\s*=\s*"[^"#]+"/m;

async function tracked(root: string): Promise<Finding> {
  const id = "secret.tracked";
  if (await workingTreeOf(root) === undefined) {
    return { id, status: "skipped", evidence: "the app is not in a working tree of git" };
  }
  const files = [
    [ENV, (text: string) => SECRET_LINE.test(text) || PASSWORD_IN_URL.test(text)],
    [CONFIG_NAME, (text: string) => PASSWORD_IN_URL.test(text)],
    [INITIALIZER, (text: string) => SECRET_IN_SOURCE.test(text)],
  ] as const;
  const found: string[] = [];
  for (const [name, hasSecret] of files) {
    if (!hasSecret(await readAppFile(root, name) ?? "")) continue;
    const isTracked = await trackingOf(root, name);
    if (isTracked === "unknown") {
      return {
        id,
        status: "skipped",
        evidence: "the index of git has a format that azu cannot read",
      };
    }
    if (isTracked) found.push(name);
  }
  if (found.length === 0) {
    return { id, status: "ok", evidence: `neither ${ENV}, ${CONFIG_NAME} nor the initializer` };
  }
  return {
    id,
    status: "failure",
    evidence: `git tracks ${listed(found, "and")}, with a secret or a password in it`,
    fix:
      `git rm --cached ${found.join(" ")}, and replace the secret, which stays in the history: ` +
      "azu session:secret --write --force",
  };
}
