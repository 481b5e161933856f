/** A proxy between the tool and a store, that does one thing wrong at one place. */
import { Conversation, type Ends, type Fault, type Side } from "./conversation.ts";
import { type Protocol, Requests } from "./requests.ts";

export type { Fault } from "./conversation.ts";

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Bytes that each side has sent so far, and the requests among them. */
  readonly sent: Readonly<Record<Side | "requests", number>>;
  /** Whether the place has been reached. */
  readonly happened: boolean;
  /** What came before the byte that was garbled, and that; and, behind an arrow, what it became. */
  readonly garbled: string;
}

/** Puts a proxy before a port of 127.0.0.1. Without a fault it only counts. */
export function faultProxy(target: number, protocol: Protocol, fault?: Fault): FaultProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const conversation = new Conversation(fault);
  const close = (connection: Deno.Conn) => {
    if (open.delete(connection)) connection.close();
  };
  const carry = async (
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    place: (bytes: Uint8Array) => number | undefined,
  ) => {
    const buffer = new Uint8Array(16_384);
    const ends: Ends = { over: undefined, silent: false };
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        if (ends.silent) continue;
        const bytes = buffer.subarray(0, n);
        const at = place(bytes);
        const passed = at === undefined ? bytes : await conversation.spoil(bytes, at, ends);
        for (let at = 0; at < passed.length;) at += await to.write(passed.subarray(at));
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
      if (fault?.forGood && conversation.happened) {
        client.close();
        continue;
      }
      try {
        const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
        open.add(client).add(server);
        const requests = new Requests(protocol);
        carry(client, server, (bytes) => conversation.asked(bytes, requests));
        carry(server, client, (bytes) => conversation.answered(bytes));
      } catch {
        client.close(); // the store is not there
      }
    }
  })().catch(() => {}); // ends when the listener is closed
  return {
    port: listener.addr.port,
    sent: conversation.sent,
    get happened() {
      return conversation.happened;
    },
    get garbled() {
      return conversation.garbled;
    },
    [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of [...open]) close(connection);
      return Promise.resolve();
    },
  };
}
