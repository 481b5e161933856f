/** Why TLS with a server fails: on Deno 2.5, node:tls reports only "write UNKNOWN". */
import { messageOf } from "../core/errors.ts";

/** Milliseconds to find out. */
const TIMEOUT = 2000;

/**
 * @param handshake Shakes hands with the server. Passes every connection to `opened`, which closes
 *   it in the end.
 * @returns undefined if nothing goes wrong, or it takes too long to find out.
 */
export async function tlsFailure(
  handshake: (opened: <C extends Deno.Conn>(connection: C) => C) => Promise<void>,
): Promise<string | undefined> {
  const connections: Deno.Conn[] = [];
  let isOver = false;
  const close = () => {
    isOver = true;
    for (const connection of connections) {
      try {
        connection.close();
      } catch {
        continue; // Deno.startTls has taken it over
      }
    }
  };
  const timer = setTimeout(close, TIMEOUT);
  try {
    await handshake((connection) => {
      connections.push(connection);
      return connection;
    });
    return undefined;
  } catch (error) {
    return isOver ? undefined : messageOf(error);
  } finally {
    clearTimeout(timer);
    close();
  }
}
