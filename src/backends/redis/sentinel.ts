/** Asks sentinels which server is the master now. */
import { OperationError } from "../../core/errors.ts";
import { type NodeAccess, openNode, type RedisNode, textOf } from "./node.ts";
import { nameOf, type NodeAddress } from "./url.ts";
import { isList } from "./resp/protocol.ts";

/**
 * The master of the URL's name. Sentinels are asked anew each time: after a failover, only they
 * know.
 * @throws {AzuError} when no sentinel can be reached, or none knows it.
 */
export async function masterOf(access: NodeAccess, signal: AbortSignal): Promise<NodeAddress> {
  const { nodes, sentinelMaster = "", address: url } = access.endpoint;
  const failures: unknown[] = [];
  for (const address of nodes) {
    try {
      using sentinel = await openSentinel(access, address, signal);
      const { connection } = sentinel;
      const reply = await connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinelMaster);
      const [host = "", port = ""] = isList(reply) ? reply.map(textOf) : [];
      if (host !== "") return { host, port: Number(port) };
      failures.push(
        new OperationError(
          `The sentinel at ${nameOf(address)} knows no master of the name in the URL (${url})`,
          { hint: "Check the name behind the hosts: SENTINEL MASTERS lists those it knows" },
        ),
      );
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  // One that answers says more than others that are down.
  throw failures.find((error) => error instanceof OperationError && !error.cause) ?? failures[0];
}

/** The URL's credentials are the servers' own; sentinels mostly ask for none. */
async function openSentinel(
  access: NodeAccess,
  address: NodeAddress,
  signal: AbortSignal,
): Promise<RedisNode> {
  const { endpoint } = access;
  const anonymous = { ...endpoint, username: "", password: "" };
  const sentinel = await openNode({ ...access, endpoint: anonymous }, address, signal)
    .catch((error: unknown) => {
      if (endpoint.password === "" || !/NOAUTH|Authentication required/.test(String(error))) {
        throw error;
      }
      return openNode(access, address, signal);
    });
  if (sentinel.mode === "sentinel") return sentinel;
  sentinel[Symbol.dispose]();
  throw new OperationError(`What answers at ${nameOf(address)} is no sentinel`, {
    hint: "Name the sentinels, which listen on 26379 unless told otherwise; they know the servers",
  });
}
