/** Looks whether all servers that a URL names are nodes of one cluster. */
import { AzuError, UsageError } from "../../core/errors.ts";
import type { RedisNode } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { isBusy } from "./retry.ts";
import { type Member, members } from "./topology.ts";
import { nameOf } from "./url.ts";
import { ProtocolError, RespError } from "./resp/protocol.ts";

/**
 * A server that is no node of the cluster may hold sessions too, and nobody would look there. One
 * that is down may well be a node.
 * @param node Of the cluster.
 * @throws {UsageError} where a server of the URL answers that is none.
 */
export async function checkSeeds(
  nodes: RedisNodes,
  node: RedisNode,
  signal: AbortSignal,
): Promise<void> {
  const { endpoint } = nodes;
  if (endpoint.nodes.length === 1) return;
  const known = await members(node);
  const named = new Map(endpoint.nodes.map((address) => [nameOf(address), address]));
  const seeds = await Promise.allSettled(
    [...named].map(async ([name, address]) => {
      // Not to wait a second time for one that has just failed.
      if (nodes.passedOver.has(name)) throw nodes.passedOver.get(name);
      return await nodes.node(address, signal);
    }),
  );
  signal.throwIfAborted();
  for (const seed of seeds) {
    if (seed.status === "rejected") {
      if (hasAnswered(seed.reason)) throw seed.reason;
    } else if (!await isMember(seed.value, known)) {
      const [one, other] = [nameOf(seed.value.address), nameOf(node.address)];
      throw new UsageError(
        `The URL names several servers, but ${one} is no node of the cluster of ${other} ` +
          `(${endpoint.address})`,
        { hint: "Name nodes of one cluster; clear what is elsewhere by a command of its own" },
      );
    }
  }
}

/** @param known What a node of the cluster knows. */
async function isMember(seed: RedisNode, known: readonly Member[]): Promise<boolean> {
  if (seed.mode !== "cluster") return false;
  const self = known.find(({ isSelf }) => isSelf)?.id;
  try {
    // Who has just joined is not known to all yet.
    return (await members(seed)).some(({ id, isSelf }) =>
      id === self || (isSelf && known.some((member) => member.id === id))
    );
  } catch (error) {
    if (isBusy(error) && known.some(({ address }) => nameOf(address) === nameOf(seed.address))) {
      return true;
    }
    throw error;
  }
}

/** Whether somebody is there, who will not let us in or is no Redis. */
function hasAnswered(error: unknown): boolean {
  const cause = error instanceof AzuError ? error.cause : error;
  return cause === undefined || cause instanceof RespError || cause instanceof ProtocolError;
}
