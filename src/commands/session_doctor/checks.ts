/** All checks of `session:doctor`, by their ids, in the order in which they are shown. */
import { type CheckStatus, type CheckText, storeChecks } from "../../backends/diagnosis.ts";

export const checks = {
  "config.valid": {
    title: "azu.config.ts can be read, and all of it is valid",
    fix: "Correct the lines that are named",
  },
  "config.environment": {
    title: "An environment is named, and the config knows it",
    fix: "Set AZU_ENV, or pass --env",
  },
  "config.agrees": {
    title: "Config, initializer and variables name the same store",
    fix:
      "azu session:setup --force, which shows what it overwrites, and deploy; or correct azu.config.ts",
  },
  "config.unread-url": {
    title: "The app reads every URL that azu uses",
    fix: "Set the variable to the same value, or remove url from azu.config.ts",
  },
  "config.writable": {
    title: "Others cannot change the files that azu and the app read",
    fix: "chmod go-w the file",
  },
  "secret.ignored": {
    title: "git ignores .env",
    fix: "Add a line .env to .gitignore",
  },
  "secret.tracked": {
    title: "No secret is in a file that git tracks",
    fix: "git rm --cached .env, and replace the secret: azu session:secret --write --force",
  },
  "secret.readable": {
    title: "Only their owner can read files with secrets",
    fix: "chmod 600 .env",
  },
  "secret.present": {
    title: "SESSION_SECRET is set",
    fix: "azu session:secret --write",
  },
  "secret.strength": {
    title: "SESSION_SECRET is long, random and known to nobody else",
    fix: "azu session:secret --rotate --write",
  },
  "app.required": {
    title: "The app requires the initializer",
    fix: 'require "./initializers/**" in the app\'s main file: azu session:setup offers it',
  },
  "app.handler": {
    title: "SessionHandler is the last of the app's handlers",
    fix: "azu session:setup offers the line",
  },
  "app.shard-handler": {
    title: "The shard's own handler is not used",
    fix: "Replace it with the app's own SessionHandler: visitors share the sessions of the shard's",
  },
  "app.generated": {
    title: "The initializer is what this version of azu writes",
    fix: "azu session:setup shows the difference, and with --force overwrites it",
  },
  "app.shards": {
    title: "shard.yml and shard.lock have the shards that the store needs",
    fix: "azu session:setup adds them; then shards install",
  },
  ...storeChecks,
  "cookie.set": {
    title: "The app answers, and sets its cookie",
    fix: "Add SessionHandler to the app's handlers: azu session:setup offers it",
  },
  "cookie.secure": {
    title: "The cookie is sent over HTTPS only",
    fix: "session.cookie.secure: true, azu session:setup --force, and deploy",
  },
  "cookie.http-only": {
    title: "Scripts cannot read the cookie",
    fix: "session.cookie.httpOnly: true, azu session:setup --force, and deploy",
  },
  "cookie.same-site": {
    title: "Requests of other sites do not carry the cookie",
    fix: 'session.cookie.sameSite: "lax", azu session:setup, and deploy',
  },
  "cookie.domain": {
    title: "The cookie is for the host, or the domain in the config",
    fix: "Correct session.cookie.domain, azu session:setup --force, and deploy",
  },
  "cookie.path": {
    title: "The cookie is for the path in the config",
    fix: "Correct session.cookie.path, azu session:setup --force, and deploy",
  },
  "cookie.lifetime": {
    title: "The cookie lives as long as the session",
    fix: "azu session:setup --force, and deploy",
  },
  "cookie.fixation": {
    title: "An invented id is answered with a new one",
    fix: "Use the app's own SessionHandler: azu session:setup",
  },
  "cookie.cache": {
    title: "No cache stores an answer with the cookie",
    fix: "Send Cache-Control: private or no-store with it",
  },
  "lifetime.agrees": {
    title: "Config, initializer, store and cookie have the same lifetime",
    fix: "azu session:setup --force, and deploy",
  },
} as const satisfies Readonly<Record<string, CheckText>>;

export type CheckId = keyof typeof checks;

export const checkIds = Object.keys(checks).filter(isCheckId);

/** The result of a check. No ids, payloads or credentials. */
export interface Finding {
  readonly id: CheckId;
  readonly status: CheckStatus;
  /** What was seen: a phrase with its numbers; for `skipped`, the reason. */
  readonly evidence: string;
  /** What helps here; undefined if there is nothing to fix. */
  readonly fix?: string;
}

export function isCheckId(text: string): text is CheckId {
  return Object.hasOwn(checks, text);
}

/**
 * The checks that words name: ids, or groups such as `redis`.
 * @returns undefined if one of them names none.
 */
export function checksNamed(word: string): readonly CheckId[] | undefined {
  const named = checkIds.filter((id) => id === word || id.startsWith(`${word}.`));
  return named.length === 0 ? undefined : named;
}
