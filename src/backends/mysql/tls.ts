/** Why TLS with a MySQL server does not come about, where the driver cannot tell. */
import { messageOf } from "../../core/errors.ts";
import type { MysqlEndpoint } from "./url.ts";

/** Milliseconds to find out. */
const PATIENCE = 2000;

/** The packet that asks for TLS: its length and number, the abilities, room, charset, and zeros. */
const SSL_REQUEST = new Uint8Array(36);
SSL_REQUEST.set([32, 0, 0, 1, 0x00, 0x8a, 0x08, 0x00, 0, 0, 0, 1, 45]);

/**
 * Deno 2.5 says of all that goes wrong "write UNKNOWN"; asked directly, it names the reason.
 * @returns the reason; undefined where none is found.
 */
export async function tlsProblem(
  { host, port }: MysqlEndpoint,
  ca: string | undefined,
): Promise<string | undefined> {
  let connection: Deno.Conn | undefined;
  const timer = setTimeout(() => connection?.close(), PATIENCE);
  try {
    const plain = await Deno.connect({ hostname: host, port });
    connection = plain;
    await plain.read(new Uint8Array(1024)); // its greeting
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
      connection = undefined; // it was taken over, or is closed already
    }
  }
}
