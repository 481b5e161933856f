/** The secrets that seal sessions, as the app reads them. */

/** The secret with which the app seals. */
export const SECRET = "SESSION_SECRET";

/** The secrets before it, the latest first, separated by commas: the app still opens with them. */
export const PREVIOUS_SECRETS = "SESSION_SECRET_PREVIOUS";

/** The elements of {@linkcode PREVIOUS_SECRETS}. */
export function previousSecrets(list: string | undefined): string[] {
  return (list ?? "").split(",").map((secret) => secret.trim()).filter((secret) => secret !== "");
}

/** All secrets that may have sealed a session, the current one first. */
export function secretsIn(env: (name: string) => string | undefined): string[] {
  const secret = env(SECRET) ?? "";
  return [...secret === "" ? [] : [secret], ...previousSecrets(env(PREVIOUS_SECRETS))];
}
