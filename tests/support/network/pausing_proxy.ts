/** A way to a server that waits, before each request, for what a test does meanwhile. */

/** @param before Is told each request, as it was sent; it goes on once that has ended. */
export function pausingProxy(
  target: number,
  before: (request: string) => Promise<unknown> | void,
): Disposable & { readonly port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const decoder = new TextDecoder("latin1");
  const carry = async (from: Deno.Conn, to: Deno.Conn, pause?: typeof before) => {
    const buffer = new Uint8Array(1 << 16);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        await pause?.(decoder.decode(buffer.subarray(0, n)));
        for (let sent = 0; sent < n;) sent += await to.write(buffer.subarray(sent, n));
      }
    } catch {
      // broken by either side
    }
    for (const connection of [from, to]) if (open.delete(connection)) connection.close();
  };
  (async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
      open.add(client).add(server);
      carry(client, server, before);
      carry(server, client);
    }
  })().catch(() => {}); // ends when the listener is closed
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of [...open]) if (open.delete(connection)) connection.close();
    },
  };
}
