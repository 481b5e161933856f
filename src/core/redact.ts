/**
 * Removes secrets. Everything from outside (a URL, a driver's message, an error of a config) passes
 * through here before it reaches any output.
 */

const MASK = "***";

/** Query parameters of connection URLs whose values are credentials. */
const SECRET_PARAMETER =
  /((?:^|[?&;\s("'])(?:[\w.-]{0,40}(?:password|passwd|passphrase|secret|token|sslkey)|pass|pwd)=)[^&;\s"'`]*/gi;

/** A URL inside a text, from its scheme to the next blank or quote. */
const URL_IN_TEXT = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'`<>]*/gi;

/**
 * Masks the password in a connection URL. Works on text, because a URL with an unescaped `/` or `@`
 * in its password cannot be parsed.
 */
export function redactUrl(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0];
  if (scheme === undefined) return MASK;
  const maskedParameters = url.slice(scheme.length).replace(SECRET_PARAMETER, `$1${MASK}`);
  const [rest, query] = splitQuery(maskedParameters);
  const at = rest.lastIndexOf("@");
  if (at < 0) return scheme + rest + query;
  const userinfo = rest.slice(0, at);
  const colon = userinfo.indexOf(":");
  const user = colon < 0 ? loneUser(scheme, userinfo) : `${userinfo.slice(0, colon)}:${MASK}`;
  return scheme + user + rest.slice(at) + query;
}

/** In a Redis URL, a single name before the `@` may be a misplaced password. */
function loneUser(scheme: string, user: string): string {
  return /^rediss?(?:\+sentinel)?:/i.test(scheme) ? MASK : user;
}

/**
 * The part before a query string, and the query string. An `@` after the `?` suggests a password
 * with an unescaped `?`: then it masks too much rather than too little.
 */
function splitQuery(text: string): [string, string] {
  const index = text.indexOf("?");
  if (index < 0) return [text, ""];
  const query = text.slice(index);
  const isQuery = /^\?[\w.-]+=/.test(query) && !query.includes("@");
  return isQuery ? [text.slice(0, index), query] : [text, ""];
}

/** The credentials in a connection URL, as written and decoded. */
export function secretsOf(url: string): string[] {
  const secrets = new Set<string>();
  const rest = url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
  const userinfo = rest.slice(0, Math.max(0, rest.lastIndexOf("@")));
  const colon = userinfo.indexOf(":");
  if (colon >= 0) secrets.add(userinfo.slice(colon + 1));
  else if (loneUser(url, "") === MASK) secrets.add(userinfo);
  for (const match of url.matchAll(SECRET_PARAMETER)) {
    secrets.add(match[0].slice((match[1] ?? "").length));
  }
  for (const secret of [...secrets]) secrets.add(decoded(secret));
  secrets.delete("");
  return [...secrets];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not valid percent-encoding
  }
}

/**
 * Removes credentials from a text: redacts every URL, and replaces every given secret.
 * @param secrets From {@link secretsOf}, and other values that are known to be secret.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  let safe = text;
  for (const secret of longestFirst) {
    if (secret !== "") safe = safe.replaceAll(secret, () => MASK);
  }
  return safe
    .replace(URL_IN_TEXT, (url) => redactUrl(url))
    .replace(SECRET_PARAMETER, `$1${MASK}`);
}
