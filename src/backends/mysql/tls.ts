/** Why TLS with a MySQL server fails, if the driver cannot tell. */
import { messageOf } from "../../core/errors.ts";
import type { MysqlEndpoint } from "./url.ts";

/** Milliseconds to find out. */
const TIMEOUT = 2000;

/** The packet that asks for TLS: length, sequence number, capabilities, packet size, charset, zeros. */
const SSL_REQUEST = new Uint8Array(36);
SSL_REQUEST.set([32, 0, 0, 1, 0x00, 0x8a, 0x08, 0x00, 0, 0, 0, 1, 45]);

/**
 * On Deno 2.5, node:tls reports every failure as "write UNKNOWN". `Deno.startTls` names the reason.
 * @returns the reason; undefined if none is found.
 */
export async function tlsProblem(
  { host, port }: MysqlEndpoint,
  ca: string | undefined,
): Promise<string | undefined> {
  let connection: Deno.Conn | undefined;
  const timer = setTimeout(() => connection?.close(), TIMEOUT);
  try {
    const plain = await Deno.connect({ hostname: host, port });
    connection = plain;
    await plain.read(new Uint8Array(1024)); // the greeting
    await plain.write(SSL_REQUEST);
    const secure = await Deno.startTls(plain, {
      hostname: host,
      ...(ca === undefined ? {} : { caCerts: [ca] }),
    });
    connection = secure;
    await secure.handshake();
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
    try {
      connection?.close();
    } catch {
      connection = undefined; // already closed, or taken over by startTls
    }
  }
}
