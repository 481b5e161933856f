/** Which servers hold the keys: one, or the masters of a cluster. */
import { ErrorReply, ProtocolError } from "./connection.ts";
import { isList, type RedisNode, textOf } from "./node.ts";
import { nameOf, type NodeAddress } from "./url.ts";

/**
 * Slots of a cluster,
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
 */
export const SLOTS = 16_384;

/** Whether an error reply says that the cluster is changing and should be asked again. */
export function saysMoved(reply: ErrorReply): boolean {
  return ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"].includes(reply.code);
}

/** A server that holds keys. */
export interface Master extends NodeAddress {
  /** Its id in the cluster; undefined for a standalone server. */
  readonly id: string | undefined;
  /** The slots that the asked node ascribes to it, as in `0-5460, 5462`; empty outside a cluster. */
  readonly slots: string;
}

export interface Topology {
  /** The servers that hold keys, each once. */
  readonly masters: readonly Master[];
  /** Changes when a slot gets another master. */
  readonly fingerprint: string;
  /** Whether every slot has a master. */
  readonly covered: boolean;
}

/** A server outside a cluster holds all keys. */
export function standalone(address: NodeAddress): Topology {
  return {
    masters: [{ ...address, id: undefined, slots: "" }],
    fingerprint: nameOf(address),
    covered: true,
  };
}

/** The cluster as one node sees it. This view may be out of date. */
export async function clusterTopology(node: RedisNode): Promise<Topology> {
  const slots = await node.connection.call("CLUSTER", "SLOTS");
  const ranges = isList(slots) ? slots.map((range) => rangeOf(range, node.address)) : [];
  const masters = new Map<string, Master>();
  const owners: string[] = [];
  let covered = 0;
  for (const range of ranges) {
    if (range === undefined) continue;
    const name = nameOf(range.master);
    const slots = [masters.get(name)?.slots, rangeText(range)].filter(Boolean).join(", ");
    masters.set(name, { ...range.master, slots });
    owners.push(`${range.start}-${range.end} ${name} ${range.master.id}`);
    covered += range.end - range.start + 1;
  }
  return {
    masters: [...masters.values()],
    fingerprint: owners.sort().join("\n"),
    covered: covered === SLOTS,
  };
}

function rangeText({ start, end }: { readonly start: number; readonly end: number }): string {
  return start === end ? `${start}` : `${start}-${end}`;
}

/** `[start, end, [host, port, id, more], replicas...]` */
function rangeOf(range: unknown, asked: NodeAddress) {
  const [start, end, master] = isList(range) ? range : [];
  const [preferred, port, id, more] = isList(master) ? master : [];
  if (typeof start !== "number" || typeof end !== "number" || typeof port !== "number") {
    return undefined;
  }
  const host = hostOf(textOf(preferred), more, asked);
  return { start, end, master: { host, port, id: textOf(id) } };
}

/** An empty host stands for the node that we asked; `?` for a host name that is not announced. */
function hostOf(preferred: string, more: unknown, asked: NodeAddress): string {
  if (preferred !== "?") return preferred || asked.host;
  const fields = isList(more) ? more.map(textOf) : [];
  return fields[fields.indexOf("ip") + 1] || preferred;
}

/** What a node of a cluster says about itself, which is never out of date. */
export interface OwnView {
  readonly id: string;
  readonly isMaster: boolean;
  /** As in CLUSTER NODES: `0-5460 5462 [5463->-<id>]`. The slot in brackets is migrating. */
  readonly slots: string;
  /** The number of slots that it holds. */
  readonly count: number;
  /** Whether any slot is migrating from it or to it. */
  readonly isMigrating: boolean;
}

export async function ownView(node: RedisNode): Promise<OwnView> {
  for (const { id, flags, slots } of await listed(node)) {
    if (!flags.includes("myself")) continue;
    const owned = slots.filter((slot) => !slot.startsWith("["));
    return {
      id,
      isMaster: flags.includes("master"),
      slots: slots.join(" "),
      count: owned.reduce((total, range) => total + countIn(range), 0),
      isMigrating: owned.length < slots.length,
    };
  }
  throw new ProtocolError("CLUSTER NODES does not list the node itself");
}

/** A node of a cluster, as another node knows it. */
export interface Member {
  readonly id: string;
  readonly address: NodeAddress;
  /** The host name that it announces; empty if it announces none. */
  readonly hostname: string;
  /** Whether it is the node that we asked. */
  readonly isSelf: boolean;
  /** Whether it is a master. */
  readonly isMaster: boolean;
  /** The id of the master that it follows; `-` for a master. */
  readonly follows: string;
  /** The slots that it holds, as in CLUSTER NODES. */
  readonly slots: string;
  /** Whether it is down according to the cluster, or has not joined it yet. */
  readonly isDown: boolean;
}

/** All nodes that one node knows, masters and replicas. */
export async function members(node: RedisNode): Promise<readonly Member[]> {
  return (await listed(node)).map(({ id, address, flags, follows, slots }) => {
    const [, host = "", port, hostname = ""] = /^(.*):(\d+)@\d*,?([^,]*)/.exec(address) ?? [];
    return {
      id,
      hostname,
      address: { host: host || node.address.host, port: Number(port) },
      isSelf: flags.includes("myself"),
      isMaster: flags.includes("master"),
      follows,
      slots: slots.join(" "),
      // `fail?` does not count: only the asked node suspects it, often because the machine is busy.
      isDown: flags.some((flag) => ["fail", "handshake", "noaddr"].includes(flag)),
    };
  });
}

/** `<id> <host>:<port>@<bus>[,<name>] <flags> <master> <ping> <pong> <epoch> <link> <slot>...` */
async function listed(node: RedisNode) {
  const lines = textOf(await node.connection.call("CLUSTER", "NODES")).split("\n");
  return lines.filter((line) => line !== "").map((line) => {
    const [id = "", address = "", flags = "", follows = "", , , , , ...slots] = line.trim().split(
      " ",
    );
    return { id, address, flags: flags.split(","), follows, slots };
  });
}

/** The slots that a node holds. */
export function slotsOf({ slots }: OwnView): ReadonlySet<number> {
  return new Set(slotsIn({ slots: slots.replaceAll(" ", ", ") }));
}

/** The slots in `5, 0-5460`. One in brackets is migrating. */
export function* slotsIn({ slots }: Pick<Master, "slots">): Generator<number> {
  for (const range of slots.split(", ").filter((range) => /^\d/.test(range))) {
    const [start = NaN, end = start] = range.split("-").map(Number);
    for (let slot = start; slot <= end; slot++) yield slot;
  }
}

/** The number of slots in `5` or `0-5460`. */
function countIn(range: string): number {
  const [start = NaN, end = start] = range.split("-").map(Number);
  return end - start + 1;
}
