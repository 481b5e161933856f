/** Opens connections, in a limited time. */

/** How to open a connection. */
export interface RespTarget {
  readonly host: string;
  readonly port: number;
  /** The certificates of TLS; undefined for a plain connection. */
  readonly tls?: RespTls | undefined;
}

/** What TLS is spoken with, as PEM texts. */
export interface RespTls {
  /** Authorities to trust besides the system's. */
  readonly caCerts?: string[];
  /** Who we are, where the server asks for it; both or none. */
  readonly cert?: string;
  readonly key?: string;
}

/** The server owed a reply, or a connection, and was silent for too long. */
export class RespTimeout extends Error {
  override readonly name = "RespTimeout";
}

/** @throws the system's error, {@link RespTimeout}, or the signal's reason. */
export async function opened(
  { host, port, tls }: RespTarget,
  limit: number,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  signal.throwIfAborted();
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  let awaited = "connection";
  const timer = setTimeout(
    () => reject(new RespTimeout(`no ${awaited} after ${limit / 1000} s`)),
    limit,
  );
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const opening = open(host, port, tls, () => awaited = "TLS handshake");
  try {
    return await Promise.race([opening, givenUp]);
  } catch (error) {
    // A connection that comes too late is not left open; one that fails has been told already.
    opening.then((late) => late.close(), () => {});
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** The handshake is part of it: else a certificate that is not trusted would look like silence. */
async function open(
  hostname: string,
  port: number,
  tls: RespTls | undefined,
  onConnected: () => void,
): Promise<Deno.Conn> {
  if (tls === undefined) return await Deno.connect({ hostname, port });
  const { caCerts = [], cert, key } = tls;
  const identity = cert === undefined || key === undefined ? {} : { cert, key };
  const connection = await Deno.connectTls({ hostname, port, caCerts, ...identity });
  onConnected();
  try {
    await connection.handshake();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
