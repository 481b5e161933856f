/** What is said where a connection does not come about, or ends. */

/** How a failure is told: what is wrong, and what to do. */
export interface Explanation {
  readonly problem: string;
  readonly hint: string;
}

/** A failure that is known by its message, with the kind of error in front. */
export interface KnownFailure extends Explanation {
  readonly matches: RegExp;
}

export const CONNECTION_FAILURES: readonly KnownFailure[] = [
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
