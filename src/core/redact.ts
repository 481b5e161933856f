/**
 * Removes secrets from the texts of others: a driver's message, an error of a config. azu itself
 * shows URLs only as `connection_url.ts` writes them.
 */

const MASK = "***";

/** Query parameters of connection URLs whose values are credentials. */
const SECRET_PARAMETER =
  /((?:^|[?&;\s("'])(?:[\w.-]{0,40}(?:password|passwd|passphrase|secret|token|sslkey)|pass|pwd)=)(?!<)[^&;\s"'`]*/gi;

/** A URL inside a text, from its scheme to the next blank or quote. */
const URL_IN_TEXT = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'`<>]*/gi;

/**
 * Masks the password in a URL that somebody else wrote into a text. A password with an unescaped
 * `/`, `@` or `#` is masked too; rather too much is masked than too little.
 */
export function redactUrl(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0];
  if (scheme === undefined) return MASK;
  const maskedParameters = url.slice(scheme.length).replace(SECRET_PARAMETER, `$1${MASK}`);
  const [rest, query] = splitQuery(maskedParameters);
  const at = rest.lastIndexOf("@");
  if (at < 0) return isPlain(rest) ? scheme + rest + query : scheme + MASK;
  const userinfo = rest.slice(0, at);
  const colon = userinfo.indexOf(":");
  const user = colon < 0 ? loneUser(scheme, userinfo) : `${userinfo.slice(0, colon)}:${MASK}`;
  return scheme + user + rest.slice(at) + query;
}

/** Whether what stands before the path is a host with a port at most, and no cut-off password. */
function isPlain(rest: string): boolean {
  if (!/[\p{L}\p{N}]/u.test(rest)) return true; // a shape, such as redis://[:<password>@]<host>
  const host = /(?:\[[^\]]*\]|[^:[\]/,]*)(?::\d*)?/.source;
  return new RegExp(`^${host}(?:,${host})*(?:/|[.,;:)\\]]*$)`).test(rest);
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

/** Stands for a text of others that {@linkcode isWithheld}. */
export const WITHHELD = "its text is not shown";

/**
 * Whether a text of others contains a credential. Then nothing of it is shown: a text with stars
 * would tell where in a known sentence the credential occurs, and so what it is.
 */
export function isWithheld(text: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => {
    if (secret === "") return false;
    // Such a text would contain a short one by chance.
    if (secret.length < 4) return words(text).includes(secret);
    return text.includes(secret) || text.includes(encodeURIComponent(secret));
  });
}

function words(text: string): string[] {
  return text.split(/[^\p{L}\p{N}]+/u);
}

/** Redacts every URL in a text, and every `password=…`. */
export function redact(text: string): string {
  return text
    .replace(URL_IN_TEXT, (url) => redactUrl(url))
    .replace(SECRET_PARAMETER, `$1${MASK}`);
}
