/** A proxy between the tool and a store, that does one thing wrong at one place. */

/** What happens to the bytes at a place of the conversation. */
export interface Fault {
  readonly kind: "cut" | "half-close" | "garble" | "delay" | "silence";
  /** Whose bytes: the tool's requests, or the store's answers. */
  readonly side: "request" | "answer";
  /** After how many bytes of that side, over all connections. */
  readonly at: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Bytes that each side has sent so far. */
  readonly sent: Readonly<Record<Fault["side"], number>>;
  /** Whether the place has been reached. */
  readonly happened: boolean;
}

/** Milliseconds of a delay: longer than a reply takes, shorter than anybody's patience. */
const DELAY = 300;

/** Puts a proxy before a port of 127.0.0.1. Without a fault it only counts. */
export function faultProxy(target: number, fault?: Fault): FaultProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const sent = { request: 0, answer: 0 };
  let happened = false;
  const close = (connection: Deno.Conn) => {
    if (open.delete(connection)) connection.close();
  };

  /** @returns what to pass on, and whether this was the end of it. */
  const spoiled = async (side: Fault["side"], bytes: Uint8Array, ends: Ends) => {
    const before = sent[side];
    sent[side] += bytes.length;
    if (fault === undefined || happened || side !== fault.side || sent[side] <= fault.at) {
      return bytes;
    }
    happened = true;
    const place = fault.at - before;
    switch (fault.kind) {
      case "garble":
        bytes[place] = (bytes[place] ?? 0) ^ 0x15;
        return bytes;
      case "delay":
        await new Promise((resolve) => setTimeout(resolve, DELAY));
        return bytes;
      case "silence":
        ends.silent = true;
        return bytes.subarray(0, place);
      case "half-close":
        ends.over = "half";
        return bytes.subarray(0, place);
      case "cut":
        ends.over = "all";
        return bytes.subarray(0, place);
    }
  };
  const carry = async (side: Fault["side"], from: Deno.TcpConn, to: Deno.TcpConn) => {
    const buffer = new Uint8Array(16_384);
    const ends: Ends = { over: undefined, silent: false };
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        if (ends.silent) continue;
        const bytes = await spoiled(side, buffer.subarray(0, n), ends);
        for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
        if (ends.over === "half") {
          await to.closeWrite();
          ends.silent = true;
        }
        if (ends.over === "all") break;
      }
    } catch {
      // broken by either side
    }
    close(from);
    close(to);
  };
  (async () => {
    for await (const client of listener) {
      try {
        const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
        open.add(client).add(server);
        Promise.all([carry("request", client, server), carry("answer", server, client)]);
      } catch {
        client.close(); // the store is not there
      }
    }
  })().catch(() => {}); // ends when the listener is closed
  return {
    port: listener.addr.port,
    sent,
    get happened() {
      return happened;
    },
    [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of [...open]) close(connection);
      return Promise.resolve();
    },
  };
}

/** How one direction of a connection goes on. */
interface Ends {
  over: "half" | "all" | undefined;
  silent: boolean;
}
