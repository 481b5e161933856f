import { redactUrl } from "../../core/redact.ts";
import { decodable } from "../../core/url.ts";
import { listed, printable } from "../../core/text.ts";

const SHAPE = "postgres://<user>:<password>@<host>[:<port>]/<database>";

/** As in libpq: `require` encrypts but does not check the server's identity, `verify-full` does. */
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

export type SslMode = typeof SSL_MODES[number];

export interface PostgresEndpoint {
  /** A host name, an IP address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslMode: SslMode;
  /** The file of the certificate authority to trust. */
  readonly sslRootCert: string | undefined;
  /** The files of the client certificate and its key, if the server requires one. */
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
}

/** Why a text is not a usable PostgreSQL URL, without its credentials; undefined if it is one. */
export function postgresUrlProblem(candidate: string): string | undefined {
  const parsed = URL.parse(candidate);
  const isOdd = parsed === null || !/^postgres(ql)?:\/\//i.test(candidate) || !decodable(parsed) ||
    /[@/]/.test(parsed.pathname.slice(1));
  if (isOdd) {
    return `expected ${SHAPE}, got ${printable(redactUrl(candidate))}; ` +
      "special characters in user and password must be percent-encoded";
  }
  if (userOf(parsed) === "") return `expected ${SHAPE}, got a URL without a user`;
  const mode = parsed.searchParams.get("sslmode");
  if (mode !== null && !SSL_MODES.some((known) => known === mode)) {
    return `expected sslmode to be ${listed(SSL_MODES)}, got ${printable(mode)}`;
  }
  return undefined;
}

/** The parts of a URL that {@linkcode postgresUrlProblem} accepts. */
export function parsePostgresUrl(valid: string): PostgresEndpoint {
  const parsed = new URL(valid);
  const parameters = parsed.searchParams;
  const user = userOf(parsed);
  const host = parameters.get("host") ?? decodeURIComponent(parsed.hostname);
  return {
    host: host === "" ? "localhost" : host.replace(/^\[(.*)\]$/, "$1"),
    port: Number(parsed.port || parameters.get("port") || 5432),
    user,
    password: decodeURIComponent(parsed.password) || (parameters.get("password") ?? ""),
    database: decodeURIComponent(parsed.pathname.slice(1)) || user,
    sslMode: SSL_MODES.find((mode) => mode === parameters.get("sslmode")) ?? "prefer",
    sslRootCert: parameters.get("sslrootcert") ?? undefined,
    sslCert: parameters.get("sslcert") ?? undefined,
    sslKey: parameters.get("sslkey") ?? undefined,
  };
}

function userOf(parsed: URL): string {
  return decodeURIComponent(parsed.username) || (parsed.searchParams.get("user") ?? "");
}
