/** A server as the app reaches it: it can go away, fall silent and come back. */
import { pollUntil } from "../support/poll.ts";

export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Breaks all connections, and refuses new ones. */
  stop(): void;
  /** Keeps connections open, and answers nothing any more. */
  hang(): void;
  /** Works as at first. */
  resume(): Promise<void>;
}

/** Puts a proxy before a store: what the app is told of where it is, is changed to that. */
export function throughProxy(env: Readonly<Record<string, string>>) {
  const [[name, text] = ["", ""]] = Object.entries(env);
  const url = new URL(text);
  const proxy = openProxy(Number(url.port));
  url.port = String(proxy.port);
  return { proxy, env: { [name]: url.href } };
}

/** Opens a port of 127.0.0.1 behind which another is. */
function openProxy(target: number): Proxy {
  let listener: Deno.Listener | undefined = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = "port" in listener.addr ? listener.addr.port : 0;
  const open = new Set<Deno.Conn>();
  let silent = false;

  const carry = async (from: Deno.Conn, to: Deno.Conn) => {
    const buffer = new Uint8Array(65_536);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        if (silent) continue;
        for (let sent = 0; sent < n;) sent += await to.write(buffer.subarray(sent, n));
      }
    } catch {
      // Broken by either side, or by stop().
    }
    for (const connection of [from, to]) if (open.delete(connection)) connection.close();
  };
  const serve = async (own: Deno.Listener) => {
    for await (const client of own) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
      open.add(client).add(server);
      Promise.all([carry(client, server), carry(server, client)]);
    }
  };
  const breakAll = () => {
    for (const connection of open) connection.close();
    open.clear();
  };
  const stop = () => {
    listener?.close();
    listener = undefined;
    breakAll();
  };
  serve(listener);
  return {
    port,
    stop,
    hang: () => silent = true,
    async resume() {
      // Who was left without an answer would take the next for its own.
      if (silent) breakAll();
      silent = false;
      if (listener !== undefined) return;
      const again = () => Deno.listen({ hostname: "127.0.0.1", port });
      listener = await pollUntil(`port ${port} to be free`, () => attempt(again));
      serve(listener);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(stop()),
  };
}

function attempt<T>(listen: () => T): T | undefined {
  try {
    return listen();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}
