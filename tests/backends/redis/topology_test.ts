/** What nodes of a cluster say about it, in forms that a cluster on one machine does not show. */
import { deepStrictEqual } from "node:assert/strict";
import { RedisConnection } from "../../../src/backends/redis/connection.ts";
import type { RedisNode } from "../../../src/backends/redis/node.ts";
import { clusterTopology, members, ownView } from "../../../src/backends/redis/topology.ts";
import { nameOf } from "../../../src/backends/redis/url.ts";
import { bytesOf, startPeer } from "../../support/network/redis_peer.ts";

/** A node at 127.0.0.1 that answers every command with `reply`. */
async function nodeSaying(reply: string) {
  const peer = startPeer(async (connection, received) => {
    while (await received() !== "") await connection.write(bytesOf(reply));
  });
  const address = { host: "127.0.0.1", port: peer.port };
  const target = { address, tls: undefined, timeout: 2000 };
  const connection = await RedisConnection.open(target, new AbortController().signal);
  const node: RedisNode = {
    connection,
    address,
    mode: "cluster",
    isReplica: false,
    removes: "UNLINK",
    tells: "PEXPIRETIME",
    allowsScripts: true,
    [Symbol.dispose]: () => connection.close(),
  };
  return {
    node,
    async [Symbol.asyncDispose]() {
      connection.close();
      await peer[Symbol.asyncDispose]();
    },
  };
}

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;

const NODES = [
  "a1 10.0.0.1:7000@17000,one.example myself,master - 0 0 1 connected 0-100 102 [103->-b2]",
  "b2 10.0.0.2:7000@17000 master - 0 0 2 connected 101 103-16383",
  "c3 10.0.0.3:7000@17000 slave a1 0 0 1 connected",
  "d4 10.0.0.4:7000@17000 slave,fail? a1 0 0 1 connected",
  "e5 10.0.0.5:7000@17000 slave,fail b2 0 0 2 disconnected",
  "f6 :0@0 slave,noaddr b2 0 0 2 disconnected",
  "g7 10.0.0.7:7000@17000 handshake - 0 0 0 connected",
].join("\n") + "\n";

Deno.test("a node that only one other suspects is not down", async () => {
  await using asked = await nodeSaying(bulk(NODES));
  const known = await members(asked.node);
  deepStrictEqual(known.filter(({ isDown }) => !isDown).map(({ id }) => id), [
    "a1",
    "b2",
    "c3",
    "d4",
  ]);
  deepStrictEqual(known[0], {
    id: "a1",
    hostname: "one.example",
    address: { host: "10.0.0.1", port: 7000 },
    isSelf: true,
    isDown: false,
    isMaster: true,
    follows: "-",
    slots: "0-100 102 [103->-b2]",
  });
});

Deno.test("a node's own slots, one of them migrating", async () => {
  await using asked = await nodeSaying(bulk(NODES));
  deepStrictEqual(await ownView(asked.node), {
    id: "a1",
    isMaster: true,
    slots: "0-100 102 [103->-b2]",
    count: 102,
    isMigrating: true,
  });
});

for (
  const [what, master, expected] of [
    ["its address", bulk("10.0.0.1"), "10.0.0.1:7000"],
    ["nothing, as the asked node does about itself", "$-1\r\n", "127.0.0.1:7000"],
    ["a question mark, and its address apart", bulk("?"), "10.0.0.9:7000"],
  ] as const
) {
  Deno.test(`a master of which CLUSTER SLOTS says ${what}`, async () => {
    const more = `*2\r\n${bulk("ip")}${bulk("10.0.0.9")}`;
    const node = `*4\r\n${master}:7000\r\n${bulk("a1")}${more}`;
    await using asked = await nodeSaying(`*1\r\n*3\r\n:0\r\n:16383\r\n${node}`);
    const { masters, covered } = await clusterTopology(asked.node);
    deepStrictEqual([masters.map(nameOf), masters[0]?.id, covered], [[expected], "a1", true]);
  });
}
