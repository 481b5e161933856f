import { dirname } from "node:path";
import {
  addressOf,
  expecting,
  oneOfParameter,
  parseUrl,
  UrlProblem,
  type UrlRules,
  type Wrong,
} from "../../core/connection_url.ts";
import { APP_PARAMETERS } from "../sql/app_parameters.ts";

/** As in libpq: `require` encrypts but does not check the server's identity, `verify-full` does. */
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

export type SslMode = typeof SSL_MODES[number];

export interface PostgresEndpoint {
  /** Redacted, for messages. */
  readonly address: string;
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

export const POSTGRES_SHAPE = "postgres://<user>:<password>@<host>[:<port>]/<database>";

/** What crystal-pg reads (`conninfo.cr`). It ignores all other parameters in silence. */
const RULES: UrlRules = {
  shape: POSTGRES_SHAPE,
  schemes: ["postgres", "postgresql"],
  parameters: [
    ...["host", "sslmode", "sslrootcert", "sslcert", "sslkey", "application_name"],
    ...APP_PARAMETERS,
  ],
  instead: {
    options: 'name the schema in session.backends.database.table: "<schema>.<table>"',
    currentSchema: 'name the schema in session.backends.database.table: "<schema>.<table>"',
    search_path: 'name the schema in session.backends.database.table: "<schema>.<table>"',
    dbname: "write the database behind the host",
    database: "write the database behind the host",
    port: "write the port behind the host",
    user: "write the user before the host",
    password: "write the password before the host",
    ssl: "use sslmode",
    tls: "use sslmode",
    sslaccept: "use sslmode",
  },
};

/** @throws {UrlProblem} if the text is not a usable URL. */
export function parsePostgresUrl(text: string): PostgresEndpoint {
  const parts = parseUrl(text, RULES);
  const { user, password, path, parameters } = parts;
  const wrong = expecting(POSTGRES_SHAPE);
  const database = path.slice(1);
  if (user === "") throw wrong("a URL without a user");
  if (database === "") throw wrong("a URL without a database");
  if (/[%/]/.test(database)) {
    throw wrong('a database with "/" or "%" in its name, which the app does not decode');
  }
  const sslRootCert = parameters.get("sslrootcert");
  if (sslRootCert === "system") {
    throw new UrlProblem(
      "expected sslrootcert to be a file, got system; without sslrootcert, the known authorities " +
        "are trusted",
    );
  }
  return {
    address: addressOf(parts, ["host", "sslmode"]),
    ...placeOf(parts.hosts[0], parameters.get("host"), wrong),
    ...{ user, password, database },
    sslMode: oneOfParameter(parts, "sslmode", SSL_MODES) ?? "prefer",
    sslRootCert,
    sslCert: parameters.get("sslcert"),
    sslKey: parameters.get("sslkey"),
  };
}

/** @param given The parameter `host`: a host, a socket, or its folder. */
function placeOf(
  { name, port }: { readonly name: string; readonly port: number | undefined },
  given: string | undefined,
  wrong: Wrong,
): { readonly host: string; readonly port: number } {
  if (name !== "" && given !== undefined) throw wrong("a host, and another one as a parameter");
  if (name !== "") return { host: name, port: port ?? 5432 };
  const [, socketPort] = /^\/.*\/\.s\.PGSQL\.(\d{1,5})$/.exec(given ?? "") ?? [];
  if (given !== undefined && socketPort !== undefined) {
    return { host: dirname(given), port: Number(socketPort) };
  }
  // A socket's folder, as in libpq.
  if (given !== undefined && /^\/.|^[\w.-]+$/.test(given)) return { host: given, port: 5432 };
  throw wrong(
    given === undefined
      ? "a URL without a host; for a Unix socket, write ?host=/run/postgresql/.s.PGSQL.5432"
      : "a parameter host that is neither one host nor a socket",
  );
}
