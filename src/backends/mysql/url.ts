import { redactUrl } from "../../core/redact.ts";
import { decodable } from "../../core/url.ts";
import { listed, printable } from "../../core/text.ts";

const SHAPE = "mysql://<user>:<password>@<host>[:<port>]/<database>";

/** As in MySQL's clients: `required` encrypts but does not check the server's identity. */
const SSL_MODES = ["disabled", "preferred", "required", "verify-ca", "verify-identity"] as const;

export type MysqlSslMode = typeof SSL_MODES[number];

export interface MysqlEndpoint {
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket to use instead of host and port. */
  readonly socket: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslMode: MysqlSslMode;
  /** The file of the certificate authority to trust. */
  readonly sslCa: string | undefined;
  /** The files of the client certificate and its key, if the server requires one. */
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
}

/** Why a text is not a usable MySQL URL, without its credentials; undefined if it is one. */
export function mysqlUrlProblem(candidate: string): string | undefined {
  const parsed = URL.parse(candidate);
  const database = parsed?.pathname.slice(1) ?? "";
  const isOdd = parsed === null || !/^mysql:\/\//i.test(candidate) || !decodable(parsed) ||
    /[@/]/.test(database);
  if (isOdd) {
    return `expected ${SHAPE}, got ${printable(redactUrl(candidate))}; ` +
      "special characters in user and password must be percent-encoded";
  }
  if (parsed.username === "") return `expected ${SHAPE}, got a URL without a user`;
  if (database === "") return `expected ${SHAPE}, got a URL without a database`;
  const mode = parsed.searchParams.get("ssl-mode");
  if (mode !== null && sslModeOf(mode) === undefined) {
    return `expected ssl-mode to be ${listed(SSL_MODES)}, got ${printable(mode)}`;
  }
  return undefined;
}

/** The parts of a URL that {@linkcode mysqlUrlProblem} accepts. */
export function parseMysqlUrl(valid: string): MysqlEndpoint {
  const parsed = new URL(valid);
  const parameters = parsed.searchParams;
  const host = decodeURIComponent(parsed.hostname).replace(/^\[(.*)\]$/, "$1");
  return {
    host: host === "" ? "localhost" : host,
    port: Number(parsed.port || 3306),
    socket: parameters.get("socket") ?? undefined,
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    sslMode: sslModeOf(parameters.get("ssl-mode") ?? "") ?? "preferred",
    sslCa: parameters.get("ssl-ca") ?? undefined,
    sslCert: parameters.get("ssl-cert") ?? undefined,
    sslKey: parameters.get("ssl-key") ?? undefined,
  };
}

/** MySQL's clients write `VERIFY_CA`, Crystal shards `verify-ca`. */
function sslModeOf(text: string): MysqlSslMode | undefined {
  const mode = text.toLowerCase().replaceAll("_", "-");
  return SSL_MODES.find((known) => known === mode);
}
