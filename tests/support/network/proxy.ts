/** A way to a server that breaks when it is told to. */

export interface Proxy extends Disposable {
  readonly port: number;
  /** What becomes of the answer to what a client sends; undefined for a way like any other. */
  onRequest?: (request: string) => "answer lost" | undefined;
  /** Milliseconds by which each piece of an answer is late. */
  delay?: number;
  /** Cuts all connections, and takes no more. */
  close(): void;
}

/** Passes on what is sent to a port of 127.0.0.1. */
export function startProxy(to: number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const proxy: Proxy = {
    port: listener.addr.port,
    close() {
      closeQuietly(listener);
      for (const connection of open) closeQuietly(connection);
    },
    [Symbol.dispose]: () => proxy.close(),
  };
  (async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: to });
      open.add(client).add(server);
      pass(client, server, proxy);
    }
  })().catch(() => {}); // ends when the listener is closed
  return proxy;
}

function pass(client: Deno.Conn, server: Deno.Conn, proxy: Proxy): void {
  let lost = false;
  const decoder = new TextDecoder();
  const end = () => [client, server].forEach(closeQuietly);
  copy(client, server, (bytes) => {
    lost ||= proxy.onRequest?.(decoder.decode(bytes)) === "answer lost";
  }).then(end, end);
  // The server has done what it was asked to: only nobody hears of it.
  copy(server, client, async () => {
    if (lost) throw new Error("the answer is lost");
    if (proxy.delay) await new Promise((resolve) => setTimeout(resolve, proxy.delay));
  }).then(end, end);
}

type Look = (bytes: Uint8Array) => void | Promise<void>;

async function copy(from: Deno.Conn, to: Deno.Conn, look: Look) {
  const buffer = new Uint8Array(1 << 16);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    await look(buffer.subarray(0, count));
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
}

function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
