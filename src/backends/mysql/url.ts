import {
  addressOf,
  expecting,
  oneOfParameter,
  parseUrl,
  type UrlRules,
} from "../../core/connection_url.ts";
import { APP_PARAMETERS } from "../sql/app_parameters.ts";

/** As in MySQL's clients: `required` encrypts but does not check the server's identity. */
const SSL_MODES = ["disabled", "preferred", "required", "verify-ca", "verify-identity"] as const;

export type MysqlSslMode = typeof SSL_MODES[number];

export interface MysqlEndpoint {
  /** Redacted, for messages. */
  readonly address: string;
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

export const MYSQL_SHAPE = "mysql://<user>:<password>@<host>[:<port>]/<database>";

/** What crystal-mysql reads (`connection.cr`). It ignores all other parameters in silence. */
const RULES: UrlRules = {
  shape: MYSQL_SHAPE,
  schemes: ["mysql"],
  parameters: [
    ...["database", "ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "encoding"],
    ...APP_PARAMETERS,
  ],
  instead: {
    socket: "write mysql://<user>:<password>@/<path of the socket>?database=<database>",
    charset: "use encoding",
    sslmode: "use ssl-mode",
    ssl_mode: "use ssl-mode",
    ssl: "use ssl-mode",
    tls: "use ssl-mode",
    sslaccept: "use ssl-mode",
  },
};

/** @throws {UrlProblem} if the text is not a usable URL. */
export function parseMysqlUrl(text: string): MysqlEndpoint {
  const parts = parseUrl(text, RULES);
  const { user, password, path, parameters, hosts: [{ name: host, port }] } = parts;
  const wrong = expecting(MYSQL_SHAPE);
  // Without a host, the path is a socket. The parameter wins over the path.
  const inPath = host === "" ? "" : path.slice(1);
  const database = parameters.get("database") ?? inPath;
  if (user === "") throw wrong("a URL without a user");
  if (host === "" && path.length < 2) throw wrong("a URL without a host");
  if (database === "") throw wrong("a URL without a database");
  if (database === inPath && /[%/]/.test(database)) {
    throw wrong('a database with "/" or "%" in its name; write it as ?database=<name>');
  }
  return {
    address: addressOf(parts, ["database", "ssl-mode"]),
    host,
    port: port ?? 3306,
    socket: host === "" ? path : undefined,
    ...{ user, password, database },
    sslMode: oneOfParameter(parts, "ssl-mode", SSL_MODES, plainMode) ?? "preferred",
    sslCa: parameters.get("ssl-ca"),
    sslCert: parameters.get("ssl-cert"),
    sslKey: parameters.get("ssl-key"),
  };
}

/** MySQL's clients write `VERIFY_CA`, Crystal `VerifyCA`, people `verify-ca`. */
function plainMode(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/g, "");
}
