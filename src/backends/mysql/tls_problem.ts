/** Why TLS with a MySQL server fails, if the driver cannot tell. */
import { tlsFailure } from "../tls_failure.ts";
import type { MysqlEndpoint } from "./url.ts";

/** The packet that asks for TLS: length, sequence number, capabilities, packet size, charset, zeros. */
export const SSL_REQUEST = new Uint8Array(36);
SSL_REQUEST.set([32, 0, 0, 1, 0x00, 0x8a, 0x08, 0x00, 0, 0, 0, 1, 45]);

export async function tlsProblem(
  { host, port }: MysqlEndpoint,
  ca: string | undefined,
): Promise<string | undefined> {
  return await tlsFailure(async (opened) => {
    const plain = opened(await Deno.connect({ hostname: host, port }));
    await plain.read(new Uint8Array(1024)); // the greeting
    await plain.write(SSL_REQUEST);
    const caCerts = ca === undefined ? {} : { caCerts: [ca] };
    const secure = opened(await Deno.startTls(plain, { hostname: host, ...caCerts }));
    await secure.handshake();
  });
}
