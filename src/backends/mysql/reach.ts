/** The way to MySQL or MariaDB: see `backends/reach.ts`. */
import type { DiagnosisOptions } from "../diagnosis.ts";
import { type Encryption, reachServers } from "../reach.ts";
import { pemFile } from "../sql/pem_file.ts";
import { SSL_REQUEST } from "./tls_problem.ts";
import type { MysqlEndpoint } from "./url.ts";

/** Nothing is reported for a Unix socket. */
export async function reachMysql(
  endpoint: MysqlEndpoint,
  options: DiagnosisOptions,
): Promise<void> {
  if (endpoint.socket !== undefined) return;
  await reachServers([endpoint], () => encryptionOf(endpoint), options);
}

async function encryptionOf({ sslMode, sslCert, sslKey }: MysqlEndpoint): Promise<Encryption> {
  const isChecked = sslMode.startsWith("verify");
  return {
    mode: sslMode === "disabled" ? "plain" : isChecked ? "checked" : "unchecked",
    stated: `ssl-mode=${sslMode}`,
    better: "Add ?ssl-mode=verify-identity to the URL",
    identity: {
      ...(sslCert === undefined ? {} : { cert: await pemFile("ssl-cert", sslCert) }),
      ...(sslKey === undefined ? {} : { key: await pemFile("ssl-key", sslKey) }),
    },
    ask: { answer: (greeting) => hasTls(greeting) ? SSL_REQUEST : undefined },
  };
}

/** The capability CLIENT_SSL, among the lower 16 bits of a greeting's capabilities. */
const TLS = 0x0800;

/** Whether the greeting says that the server has TLS. */
function hasTls(greeting: Uint8Array): boolean {
  // A header of 4 bytes, the protocol's version, the server's version up to a zero, the number of
  // the connection (4 bytes), and 9 bytes of a challenge.
  const capabilities = greeting.indexOf(0, 5) + 1 + 4 + 9;
  const low = greeting[capabilities] ?? 0;
  const high = greeting[capabilities + 1] ?? 0;
  return ((low | high << 8) & TLS) !== 0;
}
