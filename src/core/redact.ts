/**
 * The one place that knows what must never be seen. Whatever came from outside (a URL, a
 * driver's message, a config's error) passes through here before it reaches any output.
 */

const MASK = "***";

/** Query parameters of connection URLs whose values are credentials. */
const SECRET_PARAMETER =
  /((?:^|[?&;\s("'])(?:[\w.-]{0,40}(?:password|passwd|passphrase|secret|token|sslkey)|pass|pwd)=)[^&;\s"'`]*/gi;

/** A URL inside a text, from its scheme to the next blank or quote. */
const URL_IN_TEXT = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'`<>]*/gi;

/**
 * A connection URL with its password as `***`. Works on text, not on a parsed URL: the URL with
 * an unescaped `/` or `@` in its password does not parse, and is the one most in need of this.
 */
export function redactUrl(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0];
  if (scheme === undefined) return MASK;
  const withoutParameters = url.slice(scheme.length).replace(SECRET_PARAMETER, `$1${MASK}`);
  const [rest, query] = splitQuery(withoutParameters);
  const at = rest.lastIndexOf("@");
  if (at < 0) return scheme + rest + query;
  const userinfo = rest.slice(0, at);
  const colon = userinfo.indexOf(":");
  const user = colon < 0 ? loneUser(scheme, userinfo) : `${userinfo.slice(0, colon)}:${MASK}`;
  return scheme + user + rest.slice(at) + query;
}

/** In a Redis URL, what stands alone before the `@` is as likely a misplaced password as a user. */
function loneUser(scheme: string, user: string): string {
  return /^rediss?(?:\+sentinel)?:/i.test(scheme) ? MASK : user;
}

/**
 * The part before a query string, and that query string. What has an `@` behind its `?` is taken
 * for a password with an unescaped `?`: rather too much is masked than too little.
 */
function splitQuery(text: string): [string, string] {
  const index = text.indexOf("?");
  if (index < 0) return [text, ""];
  const query = text.slice(index);
  const isQuery = /^\?[\w.-]+=/.test(query) && !query.includes("@");
  return isQuery ? [text.slice(0, index), query] : [text, ""];
}

/** The credentials that a connection URL carries, as written and decoded. */
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
    return text; // not percent-encoded at all: as written is all there is
  }
}

/**
 * A text from outside without credentials: every URL in it redacted, and every given secret
 * replaced wherever it stands.
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
