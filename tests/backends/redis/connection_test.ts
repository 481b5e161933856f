/** A connection to servers that are slow, rude or gone: each is a few lines of this test's own. */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { ProtocolError, RespError } from "../../../src/backends/redis/resp/protocol.ts";
import { ConnectionLost, RespConnection } from "../../../src/backends/redis/resp/connection.ts";
import { scanKeys, unlinkKeys } from "../../../src/backends/redis/resp/keys.ts";
import { RespTimeout } from "../../../src/backends/redis/resp/open.ts";

const { signal } = new AbortController();
const bytesOf = (text: string) => new TextEncoder().encode(text);
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Talk = (connection: Deno.TcpConn, received: () => Promise<string>) => Promise<void> | void;

/** A server that does with each connection what `talk` does, then waits for its end. */
function server(talk: Talk) {
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
    connect: (silence = 2000) => {
      const target = { host: "127.0.0.1", port: listener.addr.port };
      return RespConnection.open(target, { connect: 2000, silence }, signal);
    },
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

/** Answers the first command with these chunks, with a little time in between. */
const inChunks = (chunks: readonly Uint8Array[]): Talk => async (connection, received) => {
  await received();
  for (const chunk of chunks) {
    await connection.write(chunk);
    await wait(1);
  }
};

Deno.test("a reply in two and in three pieces, cut anywhere", async () => {
  const reply = bytesOf("*3\r\n$3\r\na\r\n\r\n:42\r\n$-1\r\n");
  const cuts: number[][] = [];
  for (let one = 1; one < reply.length; one++) {
    cuts.push([one]);
    for (let two = one + 1; two < reply.length; two += 3) cuts.push([one, two]);
  }
  await Promise.all(cuts.map(async (places) => {
    const edges = [0, ...places, reply.length];
    const chunks = edges.slice(1).map((end, index) => reply.slice(edges[index], end));
    await using slow = server(inChunks(chunks));
    using connection = await slow.connect(20_000);
    deepStrictEqual(await connection.call("X"), [bytesOf("a\r\n"), 42, null], `${places}`);
  }));
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
    [1, "RespError: ERR no", 3, "four"],
  );
  strictEqual(connection.isClosed, false);
});

Deno.test("silence is a timeout, for all that is owed, and closes the connection", async () => {
  await using silent = server(() => {});
  using connection = await silent.connect(200);
  const start = performance.now();
  const calls = [connection.call("A"), connection.call("B")].map((call) =>
    rejects(call, (error) => error instanceof RespTimeout && /no answer for 0.2 s/.test(`${error}`))
  );
  await Promise.all(calls);
  strictEqual(performance.now() - start < 2000, true);
  strictEqual(connection.isClosed, true);
  await rejects(connection.call("C"), RespTimeout);
});

Deno.test("a server that says a byte now and then is not silent", async () => {
  await using slow = server(async (connection, received) => {
    await received();
    for (const character of "$5\r\nhello\r\n") {
      await connection.write(bytesOf(character));
      await wait(60);
    }
  });
  using connection = await slow.connect(400);
  deepStrictEqual(await connection.call("A"), bytesOf("hello"));
});

Deno.test("nobody is waited for where nothing is owed", async () => {
  await using quiet = server(async (connection, received) => {
    await received();
    await connection.write(bytesOf("+1\r\n"));
    await received();
    await connection.write(bytesOf("+2\r\n"));
  });
  using connection = await quiet.connect(150);
  strictEqual(await connection.call("A"), "1");
  await wait(400);
  strictEqual(await connection.call("B"), "2");
});

for (
  const [what, talk] of [
    ["before it answers", (connection: Deno.TcpConn) => connection.closeWrite()],
    ["in the middle of an answer", async (connection: Deno.TcpConn) => {
      await connection.write(bytesOf("$10\r\nhal"));
      await connection.closeWrite();
    }],
    ["rudely", (connection: Deno.TcpConn) => connection.close()],
  ] as const
) {
  Deno.test(`a server that ends its half ${what} is lost`, async () => {
    await using gone = server(async (connection, received) => {
      await received();
      await talk(connection);
    });
    using connection = await gone.connect();
    await rejects(
      connection.call("A"),
      (error) => error instanceof ConnectionLost || error instanceof Deno.errors.ConnectionReset,
    );
    strictEqual(connection.isClosed, true);
  });
}

Deno.test("a server that goes away between two commands is seen to be gone", async () => {
  await using gone = server(async (connection, received) => {
    await received();
    await connection.write(bytesOf("+1\r\n"));
    connection.close();
  });
  using connection = await gone.connect();
  strictEqual(await connection.call("A"), "1");
  await wait(100);
  strictEqual(connection.isClosed, true);
  await rejects(connection.call("B"), ConnectionLost);
});

for (const [when, pause] of [["with the reply", 0], ["later", 60]] as const) {
  Deno.test(`a reply that nobody asked for is taken for no other's: ${when}`, async () => {
    await using chatty = server(async (connection, received) => {
      await received();
      await connection.write(bytesOf(pause === 0 ? "+1\r\n:999\r\n" : "+1\r\n"));
      await wait(pause);
      if (pause > 0) await connection.write(bytesOf(":999\r\n"));
      await received();
      await connection.write(bytesOf(":2\r\n"));
    });
    using connection = await chatty.connect();
    strictEqual(await connection.call("A"), "1");
    await wait(150);
    await rejects(connection.call("B"), ProtocolError);
    strictEqual(connection.isClosed, true);
  });
}

Deno.test("what is no protocol is an error at once", async () => {
  for (const greeting of ["\x15\x03\x03", "SSH-2.0"]) {
    await using other = server((connection) => connection.write(bytesOf(greeting)).then(() => {}));
    using connection = await other.connect(10_000);
    await rejects(connection.call("HELLO", 2), ProtocolError);
  }
});

Deno.test("an answer to UNLINK that cannot be is none", async () => {
  const keys = { bytes: bytesOf("$1\r\na\r\n"), count: 1 };
  for (const answer of [":2\r\n", ":-1\r\n", "+OK\r\n", "$1\r\n1\r\n"]) {
    await using liar = server(inChunks([bytesOf(answer)]));
    using connection = await liar.connect();
    const { answers, failure } = await unlinkKeys(connection, [keys]);
    deepStrictEqual([answers, failure instanceof ProtocolError], [[], true], answer);
  }
  await using refusing = server(inChunks([bytesOf("-READONLY no\r\n")]));
  using connection = await refusing.connect();
  const { answers: [answer] } = await unlinkKeys(connection, [keys]);
  strictEqual(answer instanceof RespError && answer.code, "READONLY");
});

Deno.test("a large reply makes room for itself", async () => {
  const large = "x".repeat(3_000_000);
  const keys = Array.from({ length: 20_000 }, (_, index) => `$9\r\nkey-${10_000 + index}\r\n`);
  await using generous = server(async (connection, received) => {
    await received();
    const writer = connection.writable.getWriter();
    await writer.write(bytesOf(`$${large.length}\r\n${large}\r\n`));
    await writer.write(bytesOf(`*2\r\n$1\r\n0\r\n*${keys.length}\r\n${keys.join("")}`));
    writer.releaseLock();
  });
  using connection = await generous.connect(20_000);
  const [text, scan] = await Promise.all([
    connection.call("GET", "x"),
    scanKeys(connection, "0", bytesOf("*"), 20_000),
  ]);
  strictEqual(text instanceof Uint8Array && text.length, large.length);
  deepStrictEqual([scan.cursor, scan.keys.count], ["0", keys.length]);
});

Deno.test("closing rejects what is owed with the reason, whenever it comes", async () => {
  await using silent = server(() => {});
  using connection = await silent.connect();
  const call = rejects(connection.call("A"), /enough/);
  connection.close(new Error("enough"));
  connection.close(new Error("again"));
  await call;
  await rejects(connection.call("B"), /enough/);
});

Deno.test("connecting has a limit, and an end", async () => {
  const target = { host: "127.0.0.1", port: 1 };
  const timeouts = { connect: 2000, silence: 2000 };
  await rejects(RespConnection.open(target, timeouts, signal), Deno.errors.ConnectionRefused);
  const aborted = AbortSignal.abort(new Error("no"));
  await rejects(RespConnection.open(target, timeouts, aborted), /no/);
  await using silent = server(() => {});
  const tls = { host: "127.0.0.1", port: silent.port, tls: {} };
  const late = RespConnection.open(tls, { connect: 150, silence: 2000 }, signal);
  await rejects(late, (error) => {
    match(`${error}`, /RespTimeout: no TLS handshake after 0.15 s/);
    return true;
  });
});
