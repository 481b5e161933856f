import { AzuError, messageOf, OperationError } from "../core/errors.ts";
import { redact, secretsOf } from "../core/redact.ts";
import { printable } from "../core/text.ts";
import { REDIS_URL_SHAPE, type RedisEndpoint } from "./redis_url.ts";

/** What the reader is told about a failure: how it begins, and what to do. */
interface Explanation {
  readonly matches: RegExp;
  readonly problem: string;
  readonly hint: string;
}

const EXPLANATIONS: readonly Explanation[] = [
  {
    matches: /UnknownIssuer|invalid peer certificate|self.signed|unable to verify|CERT_/i,
    problem: "The certificate of the Redis server is not trusted",
    hint: "Let its authority be among the system's: DENO_TLS_CA_STORE=system, or DENO_CERT=<file>",
  },
  {
    matches: /ECONNREFUSED|Connection refused/i,
    problem: "Cannot connect to Redis: nothing listens there",
    hint: "Check that Redis runs, and REDIS_URL (or session.backends.redis.url)",
  },
  {
    matches: /ENOTFOUND|EAI_AGAIN|failed to lookup|Name or service not known/i,
    problem: "Cannot connect to Redis: the host name is unknown",
    hint: "Check the host in REDIS_URL (or session.backends.redis.url)",
  },
  {
    matches: /ETIMEDOUT|connect timeout|timed out/i,
    problem: "Redis did not answer in time",
    hint: "Check the host and port, firewalls, and the server's load",
  },
  {
    matches: /WRONGPASS|invalid password|invalid username-password/i,
    problem: "Redis refused the user or password",
    hint: `Check the credentials in the URL: ${REDIS_URL_SHAPE}, percent-encoded`,
  },
  {
    matches: /NOAUTH|Authentication required/i,
    problem: "Redis asks for a password, and the URL has none",
    hint: `Put it into the URL: ${REDIS_URL_SHAPE}, percent-encoded`,
  },
  {
    matches: /NOPERM.*(?:'publish'|channel)/s,
    problem: "The Redis user may not publish on the channel of the app's nodes",
    hint: "Allow this user PUBLISH and the channel (ACL SETUSER <user> +publish &<channel>)",
  },
  {
    matches: /NOPERM/,
    problem: "The Redis user may not run a command that is needed",
    hint: "Allow SCAN, UNLINK (and SELECT, for a database number) on the session keys to this " +
      "user, or use another",
  },
  {
    matches: /DB index is out of range|SELECT is not allowed/i,
    problem: "The database number in the Redis URL does not exist on this server",
    hint: "Check the number behind the last / of the URL",
  },
  {
    matches: /READONLY/,
    problem: "This Redis is a read-only replica",
    hint: "Use the URL of the primary",
  },
  {
    matches: /Connection is closed|ECONNRESET|EPIPE|socket hang up/i,
    problem: "The connection to Redis was lost",
    hint: "Check that the server is up, and run the command again: it is safe to repeat",
  },
];

/** A driver's error as a sentence about the (redacted) server; our own errors stay as they are. */
export function explainRedisError(error: unknown, endpoint: RedisEndpoint): AzuError {
  if (error instanceof AzuError) return error;
  const message = detailsOf(error);
  const known = EXPLANATIONS.find(({ matches }) => matches.test(message));
  const problem = known?.problem ?? "Redis reported an error";
  // Redis repeats the arguments of a command that it does not know, and those are session keys.
  const detail = message.replace(/,? with args beginning with:.*$/s, "");
  const safe = printable(redact(detail, [...secretsOf(endpoint.url), endpoint.password]));
  return new OperationError(`${problem} (${endpoint.address}: ${safe})`, {
    ...(known === undefined ? {} : { hint: known.hint }),
    cause: error,
  });
}

/** The code and the message; a connection that failed on several addresses has them inside. */
function detailsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  const message = messageOf(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code !== "" && !message.includes(code) ? `${code} ${message}` : message;
}
