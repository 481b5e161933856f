/** Explains failures of Redis: what is wrong, and what to do. */
import { AzuError, messageOf, OperationError } from "../../core/errors.ts";
import { isWithheld, WITHHELD } from "../../core/redact.ts";
import { printable } from "../../core/text.ts";
import { ErrorReply } from "./connection.ts";
import { nameOf, type NodeAddress, REDIS_URL_SHAPE, type RedisEndpoint } from "./url.ts";

/**
 * A failure as a sentence about the (redacted) server. An {@linkcode AzuError} stays as it is.
 * @param node The server, if there are several.
 */
export function explainRedisError(
  error: unknown,
  endpoint: RedisEndpoint,
  node?: NodeAddress,
): AzuError {
  if (error instanceof AzuError) return error;
  const message = detailsOf(error);
  const known = error instanceof ErrorReply
    ? REPLIES.find(({ matches }) => matches.test(message)) ?? missingRight(message)
    : CONNECTION_FAILURES.find(({ matches }) => matches.test(message));
  const problem = known?.problem ?? "Redis reported an error";
  const secrets = [endpoint.password, endpoint.sentinelLogin?.password ?? ""];
  const text = error instanceof ErrorReply ? shownReply(message) : message;
  const safe = isWithheld(message, secrets) ? WITHHELD : printable(text);
  const isElsewhere = node !== undefined && !isNamed(node, endpoint);
  const where = isElsewhere ? ` at ${nameOf(node)}` : "";
  const isAnnounced = isElsewhere && !endpoint.nodes.some((one) => nameOf(one) === nameOf(node));
  const hint = isAnnounced && UNREACHABLE.test(message) ? ANNOUNCED : known?.hint;
  return new OperationError(`${problem}${where} (${endpoint.address}: ${safe})`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

/** Texts of Redis that repeat nothing of a command, whose arguments may be keys. */
const QUOTES_NOTHING = new RegExp(
  "^(?:" + [
    "WRONGPASS invalid username-password pair or user is disabled\\.",
    "NOAUTH Authentication required\\.",
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO " +
    "(?:<proto> )?AUTH <user> <pass> option can be used to authenticate the client and select the RESP " +
    "protocol version at the same time",
    "ERR (?:invalid password|operation not permitted)",
    "ERR max number of clients(?: \\+ cluster connections)? reached",
    "NOPERM this user has no permissions to access one of the (?:key|channel)s used as arguments",
    "NOPERM No permissions to access a (?:key|channel)",
    "NOPERM this user has no permissions to run the '[a-z|]{1,20}' command(?: or its subcommand)?",
    "ERR (?:DB index is out of range|invalid DB index|SELECT is not allowed in cluster mode)",
    "READONLY You can't write against a read only replica\\.",
    "LOADING Redis is loading the dataset in memory",
    "BUSY Redis is busy running a script\\. You can only call [A-Z .]+ ?(?:or [A-Z ]+)?\\.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'\\.",
    "CLUSTERDOWN (?:The cluster is down(?: and only accepts read commands)?|Hash slot not served)",
    "OOM command not allowed when used memory > 'maxmemory'\\.",
    "NOREPLICAS Not enough good replicas to write\\.",
    "MISCONF Redis is configured to save RDB snapshots, [\\w ,.()'-]{1,300}",
    "ERR This instance has cluster support disabled",
  ].join("|") + ")$",
);

const HIDDEN = "its text is not shown, as it may quote a key";

/** An error reply for messages: whole if its text is known, else its code. */
function shownReply(message: string): string {
  if (QUOTES_NOTHING.test(message)) return message;
  const [unknown, name = ""] = /^ERR unknown command [`'"]?(\w+)/i.exec(message) ?? [];
  if (unknown !== undefined && COMMANDS.has(name.toUpperCase())) {
    return `ERR unknown command '${name.toUpperCase()}'`;
  }
  const code = /^(?:ERR|[A-Z]+)(?= )/.exec(message)?.[0] ?? "";
  return KNOWN_CODES.has(code) ? `${code}; ${HIDDEN}` : `an error; ${HIDDEN}`;
}

/** The commands that azu sends. */
const COMMANDS = new Set(
  ("AUTH CLUSTER CONFIG DBSIZE DEL EVAL GETRANGE HELLO INFO MEMORY MGET PEXPIRE PEXPIRETIME PING PTTL " +
    "PUBLISH SCAN SELECT SENTINEL TIME TYPE UNLINK WAIT").split(" "),
);

/** And their subcommands, as the server names them. */
const SUBCOMMANDS = new Set(["CLUSTER|NODES", "CLUSTER|SLOTS", "CONFIG|GET", "MEMORY|USAGE"]);

const KNOWN_CODES = new Set(
  ("ERR NOAUTH WRONGPASS NOPERM READONLY LOADING BUSY MASTERDOWN CLUSTERDOWN MISCONF OOM " +
    "NOREPLICAS MOVED ASK TRYAGAIN CROSSSLOT WRONGTYPE EXECABORT UNBLOCKED NOSCRIPT NOPROTO")
    .split(" "),
);

const UNREACHABLE =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|AnswerTimeout/;

/** For a server whose address comes from another server, and not from the URL. */
const ANNOUNCED = "Check that this server is up, and that the address which it announces can be " +
  "reached from here (cluster-announce-ip, cluster-announce-hostname, replica-announce-ip)";

/** Whether the URL alone says which server a message is about. */
function isNamed(node: NodeAddress, { nodes, sentinelMaster }: RedisEndpoint): boolean {
  return nodes.length === 1 && sentinelMaster === undefined && nameOf(nodes[0]) === nameOf(node);
}

/** The message, after the kind of error if the message does not tell it. */
function detailsOf(error: unknown): string {
  if (error instanceof ErrorReply || !(error instanceof Error)) return messageOf(error);
  // One error for each address of the host.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(", ");
  return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}

interface Explanation {
  readonly problem: string;
  readonly hint: string;
}

interface KnownFailure extends Explanation {
  /** Matches the message, with the kind of error in front. */
  readonly matches: RegExp;
}

/** A command that the ACL does not allow. The server names it like `'cluster|slots'`. */
function missingRight(message: string): Explanation | undefined {
  // The user's name stands before it, and can be anything.
  const [, name] =
    /^NOPERM .*permissions to run the '([\w|-]+)' command(?: or .*)?$/s.exec(message) ??
      [];
  if (name === undefined) return undefined;
  const command = name.toUpperCase();
  if (command === "PUBLISH") return NO_PUBLISH;
  if (!COMMANDS.has(command) && !SUBCOMMANDS.has(command)) return LACKS_RIGHT;
  return {
    problem: `The Redis user may not run ${command.replace("|", " ")}`,
    hint:
      `Allow this user the command (ACL SETUSER <user> +${name.toLowerCase()}), or use another user`,
  };
}

/** For a name that azu does not know: it may be anything, even a key. */
const LACKS_RIGHT = {
  problem: "The Redis user may not run a command that azu needs",
  hint: "Allow this user the commands that the reference lists under Rights of a Redis user",
} as const;

const NO_PUBLISH = {
  problem: "The Redis user may not publish on the channel of the app's nodes",
  hint: "Allow this user PUBLISH and the channel (ACL SETUSER <user> +publish &<channel>)",
} as const;

/** Error replies by their code, which stands first. What follows may contain names of others. */
const REPLIES: readonly KnownFailure[] = [
  {
    matches: /^WRONGPASS\b|^ERR invalid password/i,
    problem: "Redis refused the user or password",
    hint: `Check the credentials in the URL: ${REDIS_URL_SHAPE}, percent-encoded`,
  },
  {
    matches: /^NOAUTH\b/,
    problem: "Redis requires a password, and the URL has none",
    hint: `Add it to the URL: ${REDIS_URL_SHAPE}, percent-encoded`,
  },
  {
    matches: /^ERR max number of clients/,
    problem: "Redis has reached its client limit (maxclients)",
    hint: "Close some clients or raise maxclients, and run the command again",
  },
  {
    matches: /^NOPERM .*permissions to access (?:a|one of the|the '.*') channels?\b/is,
    ...NO_PUBLISH,
  },
  {
    matches: /^NOPERM .*permissions to access (?:a|one of the|the '.*') keys?\b/is,
    problem: "The Redis user may not access keys under this prefix",
    hint: "Allow this user the keys (ACL SETUSER <user> ~<prefix>*), or use another user",
  },
  {
    matches: /^ERR DB index is out of range/,
    problem: "The database number in the Redis URL does not exist on this server",
    hint: "Check the number after the last / of the URL",
  },
  {
    matches: /^READONLY\b/,
    problem: "This Redis is a read-only replica",
    hint: "Use the URL of the primary",
  },
  {
    matches: /^LOADING\b/,
    problem: "Redis is still loading its data",
    hint: "Wait until it has finished, and run the command again",
  },
  {
    matches: /^BUSY\b/,
    problem: "Redis is busy with a script and accepts no other command",
    hint: "Wait until the script ends, or end it (SCRIPT KILL), and run the command again",
  },
  {
    matches: /^MASTERDOWN\b/,
    problem: "This Redis is a replica that has lost its primary",
    hint: "Use the URL of the primary",
  },
  {
    matches: /^CLUSTERDOWN\b/,
    problem: "The Redis cluster is down: some of its slots have no master",
    hint: "Bring the missing masters back, and run the command again: it is safe to repeat",
  },
  {
    matches: /^MISCONF\b/,
    problem: "Redis refuses writes because it cannot save its data to disk",
    hint: "Check the server's disk and log; keys can only be removed when it accepts writes",
  },
  {
    matches: /^NOREPLICAS\b/,
    problem: "Redis refuses writes because too few replicas follow it",
    hint: "Bring its replicas back, and run the command again: it is safe to repeat",
  },
];

const CONNECTION_FAILURES: readonly KnownFailure[] = [
  {
    matches: /not valid for name/,
    problem: "The certificate of the Redis server is for another host",
    hint: "Use the host name in the certificate; nodes of a cluster announce theirs with " +
      "cluster-announce-hostname and cluster-preferred-endpoint-type hostname",
  },
  {
    matches: /CaUsedAsEndEntity/,
    problem: "The certificate of the Redis server is that of an authority, not of a server",
    hint: "Issue one for the server that is not an authority (basicConstraints=CA:FALSE)",
  },
  {
    matches: /UnsupportedCertVersion/,
    problem: "The certificate of the Redis server has version 1, which does not name hosts",
    hint: "Issue one of version 3, with the host name as subjectAltName",
  },
  {
    matches: /UnknownIssuer|self.signed/i,
    problem: "The certificate of the Redis server is not trusted",
    hint: 'Name its authority in the config: session.backends.redis.tls.ca = "./ca.pem"; or add ' +
      "it to the system's and set DENO_TLS_CA_STORE=system",
  },
  {
    matches: /CertificateRequired|received fatal alert: HandshakeFailure/,
    problem: "Redis requires a client certificate",
    hint: "Name it in the config: session.backends.redis.tls.cert and .key",
  },
  {
    matches: /received fatal alert: (?:Unknown|Bad|Unsupported|Access|Decrypt|Certificate)/,
    problem: "Redis refused the client certificate",
    hint: "Check session.backends.redis.tls.cert: is it signed by an authority that Redis trusts?",
  },
  {
    // The alert that tells why is lost if the server closes before it has read everything.
    matches: /broken pipe|connection reset/i,
    problem: "Redis broke off the TLS handshake",
    hint: "It may require a client certificate, or refuse this one: check " +
      "session.backends.redis.tls.cert and .key",
  },
  {
    matches: /invalid peer certificate|CertNotValid|Expired/,
    problem: "The certificate of the Redis server is not valid",
    hint: "Inspect it: openssl s_client -connect <host>:<port> </dev/null | openssl x509 -text",
  },
  {
    matches: /no TLS handshake|InvalidContentType|corrupt message/,
    problem: "The server at this address does not speak TLS",
    hint: "Check the host and port; for a server without TLS, the URL begins with redis://",
  },
  {
    matches: /ECONNREFUSED/,
    problem: "Cannot connect to Redis: nothing listens there",
    hint: "Check that Redis runs, and REDIS_URL (or session.backends.redis.url)",
  },
  {
    matches: /ENOTFOUND|EAI_AGAIN/,
    problem: "Cannot connect to Redis: the host name is unknown",
    hint: "Check the host in REDIS_URL (or session.backends.redis.url)",
  },
  {
    matches: /EHOSTUNREACH|ENETUNREACH/,
    problem: "Cannot connect to Redis: the host cannot be reached",
    hint: "Check the host in REDIS_URL (or session.backends.redis.url), and the network",
  },
  {
    matches: /ETIMEDOUT|AnswerTimeout|timed out/i,
    problem: "Redis did not answer in time",
    hint: "Check the host and port, firewalls, and the server's load",
  },
  {
    matches: /closed the connection at once/,
    problem: "The server at this address closed the connection at once",
    hint: "Check the host and port; for a server with TLS, the URL begins with rediss://",
  },
  {
    matches: /ProtocolError/,
    problem: "The server at this address does not speak the Redis protocol",
    hint: "Check the host and port: is it Redis, and does it expect TLS (rediss://)?",
  },
  {
    // Deno 2.5 calls a write to a closed connection UNKNOWN.
    matches:
      /ConnectionLost|ECONNRESET|ECONNABORTED|EPIPE|UnexpectedEof|(?:read|write) (?:UNKNOWN|EBADF)/i,
    problem: "The connection to Redis was lost",
    hint: "Check that the server is up, and run the command again: it is safe to repeat",
  },
];
