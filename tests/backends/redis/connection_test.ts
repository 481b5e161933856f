/** A connection to servers that are slow, broken or gone, each written for its test. */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { lookup } from "node:dns/promises";
import {
  AnswerTimeout,
  ConnectionLost,
  ErrorReply,
  ProtocolError,
  RedisConnection,
} from "../../../src/backends/redis/connection.ts";
import { bytesOf, startPeer, type Talk } from "../../support/network/redis_peer.ts";

const { signal } = new AbortController();
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Connects to a server on this machine. */
async function connect(port: number, silence = 2000, host = "127.0.0.1"): Promise<RedisConnection> {
  const target = { address: { host, port }, tls: undefined, timeout: 2000 };
  const connection = await RedisConnection.open(target, signal);
  connection.silence = silence;
  return connection;
}

/** A server that handles each connection with `talk`. */
function server(talk: Talk) {
  const peer = startPeer(talk);
  return {
    port: peer.port,
    connect: (silence = 2000) => connect(peer.port, silence),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

/** Answers the first command with these chunks, with a pause after each. */
const inChunks = (chunks: readonly Uint8Array[]): Talk => async (connection, received) => {
  await received();
  for (const chunk of chunks) {
    await connection.write(chunk);
    await wait(1);
  }
};

Deno.test("replies may arrive in pieces of any size", async () => {
  const reply = bytesOf("*3\r\n$3\r\na\r\n\r\n:42\r\n$-1\r\n");
  await using slow = server(inChunks(Array.from(reply, (byte) => Uint8Array.of(byte))));
  using connection = await slow.connect(20_000);
  deepStrictEqual(await connection.call("X"), [Buffer.from("a\r\n"), 42, null]);
});

Deno.test("replies come back in the order of their commands, errors among them", async () => {
  await using echo = server(async (connection, received) => {
    for (let seen = 0; seen < 4;) {
      seen += (await received()).split("*1\r\n").length - 1;
    }
    await connection.write(bytesOf(":1\r\n-ERR no\r\n:3\r\n+four\r\n"));
  });
  using connection = await echo.connect();
  const replies = await Promise.allSettled(
    ["A", "B", "C", "D"].map((name) => connection.call(name)),
  );
  deepStrictEqual(
    replies.map((reply) => reply.status === "fulfilled" ? reply.value : `${reply.reason}`),
    [1, "ErrorReply: ERR no", 3, Buffer.from("four")],
  );
  strictEqual(connection.isClosed, false);
});

Deno.test("silence ends the connection, and every command that waits", async () => {
  await using silent = server(() => {});
  using connection = await silent.connect(200);
  const start = performance.now();
  const calls = [connection.call("A"), connection.call("B")].map((call) =>
    rejects(
      call,
      (error) => error instanceof AnswerTimeout && /no answer for 0.2 s/.test(`${error}`),
    )
  );
  await Promise.all(calls);
  strictEqual(performance.now() - start < 2000, true);
  strictEqual(connection.isClosed, true);
  await rejects(connection.call("C"), AnswerTimeout);
});

Deno.test("a server that sends a byte now and then is not silent", async () => {
  await using slow = server(async (connection, received) => {
    await received();
    for (const character of "$5\r\nhello\r\n") {
      await connection.write(bytesOf(character));
      await wait(60);
    }
  });
  using connection = await slow.connect(400);
  deepStrictEqual(await connection.call("A"), Buffer.from("hello"));
});

Deno.test("a server may be silent while no command waits", async () => {
  await using quiet = server(async (connection, received) => {
    await received();
    await connection.write(bytesOf("+1\r\n"));
    await received();
    await connection.write(bytesOf("+2\r\n"));
  });
  using connection = await quiet.connect(150);
  deepStrictEqual(await connection.call("A"), Buffer.from("1"));
  await wait(400);
  deepStrictEqual(await connection.call("B"), Buffer.from("2"));
});

for (
  const [what, talk] of [
    ["before it replies", (connection: Deno.TcpConn) => connection.closeWrite()],
    ["in the middle of a reply", async (connection: Deno.TcpConn) => {
      await connection.write(bytesOf("$10\r\nhal"));
      await connection.closeWrite();
    }],
    ["without a word", (connection: Deno.TcpConn) => connection.close()],
  ] as const
) {
  Deno.test(`a server that closes the connection ${what} is lost`, async () => {
    await using gone = server(async (connection, received) => {
      await received();
      await talk(connection);
    });
    using connection = await gone.connect();
    await rejects(connection.call("A"), /ConnectionLost|ECONNRESET/);
    strictEqual(connection.isClosed, true);
  });
}

Deno.test("a connection that ends between two commands is known to be closed", async () => {
  await using gone = server(async (connection, received) => {
    await received();
    await connection.write(bytesOf("+1\r\n"));
    connection.close();
  });
  using connection = await gone.connect();
  deepStrictEqual(await connection.call("A"), Buffer.from("1"));
  await wait(100);
  strictEqual(connection.isClosed, true);
  await rejects(connection.call("B"), ConnectionLost);
});

for (const [when, pause] of [["with the reply", 0], ["later", 60]] as const) {
  Deno.test(`a reply without a command ends the connection: ${when}`, async () => {
    await using chatty = server(async (connection, received) => {
      await received();
      await connection.write(bytesOf(pause === 0 ? "+1\r\n:999\r\n" : "+1\r\n"));
      await wait(pause);
      if (pause > 0) await connection.write(bytesOf(":999\r\n"));
      await received();
      await connection.write(bytesOf(":2\r\n"));
    });
    using connection = await chatty.connect();
    deepStrictEqual(await connection.call("A"), Buffer.from("1"));
    await wait(150);
    await rejects(connection.call("B"), ProtocolError);
    strictEqual(connection.isClosed, true);
  });
}

for (
  const garbage of [
    ...["\x15\x03\x03", "SSH-2.0\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0"],
    ...["*9999999999\r\n", "*5000000000000000000000\r\n", "*2\r\n!\r\n"],
  ]
) {
  Deno.test(`garbage ends the connection and is not quoted: ${JSON.stringify(garbage)}`, async () => {
    await using broken = server(inChunks([bytesOf(garbage), bytesOf("secret")]));
    using connection = await broken.connect();
    const calls = [connection.call("UNLINK", Buffer.from("secret")), connection.call("PING")];
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === "fulfilled") continue;
      strictEqual(result.reason instanceof ProtocolError, true, `${result.reason}`);
      strictEqual(Deno.inspect(result.reason, { depth: 9 }).includes("secret"), false);
    }
    await rejects(connection.call("PING"), ProtocolError);
    strictEqual(connection.isClosed, true);
  });
}

Deno.test("an error reply never contains the arguments of its command", async () => {
  const reply = "-ERR unknown command 'UNLINK', with args beginning with: 'secret' 'b' \r\n";
  await using old = server(inChunks([bytesOf(reply)]));
  using connection = await old.connect();
  await rejects(connection.call("UNLINK", Buffer.from("secret")), (error) => {
    strictEqual(error instanceof ErrorReply && error.code, "ERR");
    strictEqual(Deno.inspect(error, { depth: 9 }).includes("secret"), false);
    return true;
  });
  strictEqual(connection.isClosed, false);
});

for (const { address } of await lookup("localhost", { all: true })) {
  Deno.test(`localhost reaches a server that listens only at ${address}`, async () => {
    using listener = Deno.listen({ hostname: address, port: 0 });
    const accepting = listener.accept();
    using connection = await connect(listener.addr.port, 2000, "localhost");
    using accepted = await accepting;
    const reply = connection.call("PING");
    await accepted.read(new Uint8Array(100));
    await accepted.write(bytesOf("+PONG\r\n"));
    deepStrictEqual(await reply, Buffer.from("PONG"));
  });
}

Deno.test("closing rejects every command that waits with its reason", async () => {
  await using silent = server(() => {});
  using connection = await silent.connect();
  const call = rejects(connection.call("A"), /enough/);
  connection.close(new Error("enough"));
  connection.close(new Error("again"));
  await call;
  await rejects(connection.call("B"), /enough/);
});

// A TLS handshake that is given up counts as an open connection until the server's end is gone.
Deno.test(
  "connecting can be refused, interrupted and too slow",
  { sanitizeResources: false },
  async () => {
    const open = (port: number, signal: AbortSignal, timeout: number, tls?: object) => {
      return RedisConnection.open({ address: { host: "127.0.0.1", port }, tls, timeout }, signal);
    };
    await rejects(open(1, signal, 2000), /ECONNREFUSED/);
    await rejects(open(1, AbortSignal.abort(new Error("no")), 2000), /no/);
    await using silent = server(() => {});
    await rejects(open(silent.port, signal, 150, {}), (error) => {
      match(`${error}`, /^AnswerTimeout: no TLS handshake after 0.15 s$/);
      return true;
    });
  },
);

Deno.test("a reply without end does not fill the memory", async () => {
  await using peer = startPeer(async (connection, received) => {
    await received();
    const chunk = bytesOf("x".repeat(1 << 20));
    await connection.write(bytesOf("$2000000000\r\n"));
    for (let sent = 0; sent < 80; sent++) await connection.write(chunk);
  });
  const { signal } = new AbortController();
  const address = { host: "127.0.0.1", port: peer.port };
  const connection = await RedisConnection.open({ address, tls: undefined, timeout: 5000 }, signal);
  await rejects(connection.call("SCAN", "0"), /the reply is not valid \(EndlessAnswer\)/);
  connection.close();
});
