/** A server on this machine that answers as its test says, for what no real Redis would do. */

/** Handles one connection. `received` waits for the next bytes of the client. */
export type Talk = (
  connection: Deno.TcpConn,
  received: () => Promise<string>,
) => Promise<void> | void;

export interface Peer extends AsyncDisposable {
  readonly port: number;
}

/** Handles each connection with `talk`, then keeps it open until it is disposed of. */
export function startPeer(talk: Talk): Peer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const talks: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      connection.setNoDelay();
      const received = async () => {
        const buffer = new Uint8Array(1 << 16);
        return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
      };
      talks.push((async () => await talk(connection, received))().catch(() => {}));
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // closed by the talk itself
        }
      }
      await Promise.all([...talks, accepting]);
    },
  };
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
