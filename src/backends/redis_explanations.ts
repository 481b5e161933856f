/** What is said about each failure of Redis, and what to do then. */
import { REDIS_URL_SHAPE } from "./redis_url.ts";

/** How a failure is told: what is wrong, and what to do. */
export interface Explanation {
  readonly problem: string;
  readonly hint: string;
}

/** @param message The server's, or the system's, with the kind of error in front. */
export function explanationOf(message: string): Explanation | undefined {
  return EXPLANATIONS.find(({ matches }) => matches.test(message)) ?? missingRight(message);
}

/** A command that the server's ACL does not allow, as the server names it: `'cluster|slots'`. */
function missingRight(message: string): Explanation | undefined {
  const [, name] = /NOPERM.*?'([\w|-]+)'/s.exec(message) ?? [];
  if (name === undefined) return undefined;
  const command = name.toUpperCase().replace("|", " ");
  return {
    problem: `The Redis user may not run ${command}`,
    hint: `Allow it to this user (ACL SETUSER <user> +${name.toLowerCase()}), or use another`,
  };
}

const EXPLANATIONS: readonly (Explanation & { readonly matches: RegExp })[] = [
  {
    matches: /not valid for name/,
    problem: "The certificate of the Redis server is for another host",
    hint: "Use the host's name that the certificate has",
  },
  {
    matches: /UnknownIssuer|self.signed/i,
    problem: "The certificate of the Redis server is not trusted",
    hint:
      'Name its authority in the config: session.backends.redis.tls.ca = "./ca.pem"; or let it ' +
      "be among the system's: DENO_TLS_CA_STORE=system",
  },
  {
    matches: /CertificateRequired|received fatal alert: HandshakeFailure/,
    problem: "Redis asks for a client's certificate",
    hint: "Name it in the config: session.backends.redis.tls.cert and .key",
  },
  {
    matches: /received fatal alert: (?:Unknown|Bad|Unsupported|Access|Decrypt|Certificate)/,
    problem: "Redis refused the client's certificate",
    hint: "Check session.backends.redis.tls.cert: has an authority signed it that Redis trusts?",
  },
  {
    matches: /invalid peer certificate|CertNotValid|Expired/,
    problem: "The certificate of the Redis server is not valid",
    hint: "Look at it: openssl s_client -connect <host>:<port> </dev/null | openssl x509 -text",
  },
  {
    matches: /no TLS handshake|InvalidContentType|corrupt message/,
    problem: "What answers there does not speak TLS",
    hint: "Check the host and port; where no TLS is spoken, the URL begins with redis://",
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
    matches: /max number of clients/,
    problem: "Redis has as many clients as it takes",
    hint: "Close some, or raise the server's maxclients, and run the command again",
  },
  {
    matches: /NOPERM.*(?:'publish'|channel)/s,
    problem: "The Redis user may not publish on the channel of the app's nodes",
    hint: "Allow this user PUBLISH and the channel (ACL SETUSER <user> +publish &<channel>)",
  },
  {
    matches: /NOPERM.*\bkeys?\b/s,
    problem: "The Redis user may not remove keys under this prefix",
    hint: "Allow them to this user (ACL SETUSER <user> ~<prefix>*), or use another",
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
    matches: /^BUSY\b/,
    problem: "Redis is at work on a script, and answers nothing else",
    hint: "Wait until it has ended, or end it (SCRIPT KILL), and run the command again",
  },
  {
    matches: /\bMASTERDOWN\b/,
    problem: "This Redis is a replica that has lost its primary",
    hint: "Use the URL of the primary",
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
    matches: /closed the connection at once/,
    problem: "What answers there closed the connection at once",
    hint: "Check the host and port; where TLS is spoken, the URL begins with rediss://",
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
