/** The way to PostgreSQL: see `backends/reach.ts`. */
import type { DiagnosisOptions } from "../diagnosis.ts";
import { type Encryption, reachServers } from "../reach.ts";
import { pemFile } from "../sql/pem_file.ts";
import type { PostgresEndpoint } from "./url.ts";

/** The protocol's SSLRequest: its length, then the number that asks for TLS. */
const SSL_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);

/** Nothing is reported for a Unix socket. */
export async function reachPostgres(
  endpoint: PostgresEndpoint,
  options: DiagnosisOptions,
): Promise<void> {
  if (endpoint.host.startsWith("/")) return;
  await reachServers([endpoint], () => encryptionOf(endpoint), options);
}

async function encryptionOf(
  { sslMode, sslRootCert, sslCert, sslKey }: PostgresEndpoint,
): Promise<Encryption> {
  const isPlain = sslMode === "disable" || sslMode === "allow";
  const isChecked = sslMode.startsWith("verify") ||
    (sslMode === "require" && sslRootCert !== undefined);
  return {
    mode: isPlain ? "plain" : isChecked ? "checked" : "unchecked",
    stated: `sslmode=${sslMode}`,
    better: "Add ?sslmode=verify-full to the URL",
    identity: {
      ...(sslCert === undefined ? {} : { cert: await pemFile("sslcert", sslCert) }),
      ...(sslKey === undefined ? {} : { key: await pemFile("sslkey", sslKey) }),
    },
    ask: {
      request: SSL_REQUEST,
      answer: ([first]) => first === "S".charCodeAt(0) ? new Uint8Array() : undefined,
    },
  };
}
