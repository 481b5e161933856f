/** Asks sentinels which server is the master. */
import { OperationError } from "../../core/errors.ts";
import { isList, type NodeAccess, openNode, type RedisNode, textOf } from "./node.ts";
import { nameOf, type NodeAddress } from "./url.ts";

/**
 * The master with the name in the URL. Ask again for every pass: after a failover, only the
 * sentinels know the new master.
 * @throws {AzuError} if no sentinel can be reached, or none knows the name.
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
          `The sentinel at ${nameOf(address)} knows no master with the name in the URL (${url})`,
          { hint: "Check the name after the hosts: SENTINEL MASTERS lists the known names" },
        ),
      );
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  // The answer of one sentinel says more than a failure to reach another.
  throw failures.find((error) => error instanceof OperationError && !error.cause) ?? failures[0];
}

/** The credentials in the URL are for the servers. Most sentinels require none. */
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
  throw new OperationError(`The server at ${nameOf(address)} is not a sentinel`, {
    hint: "Name the sentinels in the URL (their default port is 26379); they know the servers",
  });
}
