import { AzuError, messageOf, OperationError } from "../core/errors.ts";
import { redact, secretsOf } from "../core/redact.ts";
import { printable } from "../core/text.ts";
import { ProtocolError, RespError } from "./resp.ts";
import { nameOf, type NodeAddress, REDIS_URL_SHAPE, type RedisEndpoint } from "./redis_url.ts";

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
    matches: /ConnectionRefused|Connection refused/i,
    problem: "Cannot connect to Redis: nothing listens there",
    hint: "Check that Redis runs, and REDIS_URL (or session.backends.redis.url)",
  },
  {
    matches: /failed to lookup|Name or service not known/i,
    problem: "Cannot connect to Redis: the host name is unknown",
    hint: "Check the host in REDIS_URL (or session.backends.redis.url)",
  },
  {
    matches: /TimedOut|RespTimeout|timed out/i,
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
    matches: /^\S*LOADING\b/,
    problem: "Redis is still loading its data",
    hint: "Wait until it has, and run the command again",
  },
  {
    matches: /\bCLUSTERDOWN\b/,
    problem: "The Redis cluster is down: some of its slots have no master",
    hint: "Bring the missing masters back, and run the command again: it is safe to repeat",
  },
  {
    matches: /\bMISCONF\b/,
    problem: "Redis refuses to write, as it cannot save its data to disk",
    hint: "Look at the server's disk and log; removing keys needs it to accept writes",
  },
  {
    matches: /\bOOM\b/,
    problem: "Redis refuses the command, as its memory is full",
    hint: "Look at the server's maxmemory; removing keys needs it to accept commands",
  },
  {
    matches: /\bNOREPLICAS\b/,
    problem: "Redis refuses to write, as too few replicas follow it",
    hint: "Bring its replicas back, and run the command again: it is safe to repeat",
  },
  {
    matches: /ProtocolError/,
    problem: "What answers there does not speak Redis, or its answers were damaged on the way",
    hint: "Check the host and port: is it Redis, and is TLS meant (rediss://)?",
  },
  {
    matches: /ConnectionLost|ConnectionReset|ConnectionAborted|BrokenPipe|UnexpectedEof/i,
    problem: "The connection to Redis was lost",
    hint: "Check that the server is up, and run the command again: it is safe to repeat",
  },
];

/**
 * A failure as a sentence about the (redacted) server; our own errors stay as they are.
 * @param node Which of several servers it was.
 */
export function explainRedisError(
  error: unknown,
  endpoint: RedisEndpoint,
  node?: NodeAddress,
): AzuError {
  if (error instanceof AzuError) return error;
  const message = detailsOf(error);
  const known = EXPLANATIONS.find(({ matches }) => matches.test(message));
  const problem = known?.problem ?? "Redis reported an error";
  // Redis repeats the arguments of a command that it does not know, and those are session keys.
  const detail = message.replace(/,? with args beginning with:.*$/s, "");
  const safe = printable(redact(detail, [...secretsOf(endpoint.url), endpoint.password]));
  const where = node === undefined || !hasSeveral(endpoint) ? "" : ` at ${nameOf(node)}`;
  return new OperationError(`${problem}${where} (${endpoint.address}: ${safe})`, {
    ...(known === undefined ? {} : { hint: known.hint }),
    cause: error,
  });
}

/** Whether the URL alone does not tell which server a message is about. */
function hasSeveral({ nodes, sentinelMaster }: RedisEndpoint): boolean {
  return nodes.length > 1 || sentinelMaster !== undefined;
}

/** The kind of error, where the message does not tell it, and the message. */
function detailsOf(error: unknown): string {
  if (error instanceof RespError || !(error instanceof Error)) return messageOf(error);
  return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}

/** What another server, or the same one later, may answer otherwise. */
const PASSING = ["LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "MOVED", "ASK"];

/**
 * Whether trying again may help.
 * @param several Whether another server may take over: then a replica is only one for a while.
 */
export function mayPass(error: unknown, several: boolean): boolean {
  if (error instanceof OperationError) {
    return error.cause === undefined || mayPass(error.cause, several);
  }
  if (error instanceof RespError) {
    return PASSING.includes(error.code) || (several && error.code === "READONLY");
  }
  return error instanceof Error && !(error instanceof ProtocolError) &&
    !(error instanceof TypeError);
}
