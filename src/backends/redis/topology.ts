/** Which servers hold the keys: one, or the masters of a cluster. */
import { isList, ProtocolError, type Reply } from "./resp/protocol.ts";
import { type RedisNode, textOf } from "./node.ts";
import { SLOTS } from "./slots.ts";
import { nameOf, type NodeAddress } from "./url.ts";

/** A server that holds keys. */
export interface Master extends NodeAddress {
  /** By which its cluster knows it; undefined for a server that is alone. */
  readonly id: string | undefined;
}

export interface Topology {
  /** The servers that hold keys, each once. */
  readonly masters: readonly Master[];
  /** Differs where another server holds any slot. */
  readonly fingerprint: string;
  /** Whether every slot has a master. */
  readonly covered: boolean;
}

/** A server that is no part of a cluster holds everything. */
export function standalone(address: NodeAddress): Topology {
  return { masters: [{ ...address, id: undefined }], fingerprint: nameOf(address), covered: true };
}

/** What a node of a cluster knows about it, which others may know better. */
export async function clusterTopology(node: RedisNode): Promise<Topology> {
  const slots = await node.connection.call("CLUSTER", "SLOTS");
  const ranges = isList(slots) ? slots.map((range) => rangeOf(range, node.address)) : [];
  const masters = new Map<string, Master>();
  const owners: string[] = [];
  let covered = 0;
  for (const range of ranges) {
    if (range === undefined) continue;
    const name = nameOf(range.master);
    masters.set(name, range.master);
    owners.push(`${range.start}-${range.end} ${name} ${range.master.id}`);
    covered += range.end - range.start + 1;
  }
  return {
    masters: [...masters.values()],
    fingerprint: owners.sort().join("\n"),
    covered: covered === SLOTS,
  };
}

/** `[start, end, [host, port, id, more], replicas...]` */
function rangeOf(range: Reply, asked: NodeAddress) {
  const [start, end, master] = isList(range) ? range : [];
  const [preferred, port, id, more] = isList(master) ? master : [];
  if (typeof start !== "number" || typeof end !== "number" || typeof port !== "number") {
    return undefined;
  }
  const host = hostOf(textOf(preferred ?? null), more, asked);
  return { start, end, master: { host, port, id: textOf(id ?? null) } };
}

/** Without a host it is the one that was asked; `?` is a host name that nobody has announced. */
function hostOf(preferred: string, more: Reply | undefined, asked: NodeAddress): string {
  if (preferred !== "?") return preferred || asked.host;
  const fields = isList(more) ? more.map(textOf) : [];
  return fields[fields.indexOf("ip") + 1] || preferred;
}

/** What a node of a cluster says of itself, which nobody knows better. */
export interface OwnView {
  readonly id: string;
  readonly isMaster: boolean;
  /** As CLUSTER NODES writes them: `0-5460 5462 [5463->-<id>]`, the last one on its way. */
  readonly slots: string;
  /** How many it holds. */
  readonly count: number;
  /** Whether any slot is on its way from it, or to it. */
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
      count: owned.reduce((total, range) => total + slotsIn(range), 0),
      isMigrating: owned.length < slots.length,
    };
  }
  throw new ProtocolError("a node that does not know itself");
}

/** A node of a cluster, as one of them knows it. */
export interface Member {
  readonly id: string;
  /** Where it is, or was; what it announces as the host's name is empty where it does not. */
  readonly address: NodeAddress;
  readonly hostname: string;
  /** Whether it is the one that was asked. */
  readonly isSelf: boolean;
  /** Whether it is, or seems, down. */
  readonly isDown: boolean;
}

/** The nodes that one of them knows, masters and others. */
export async function members(node: RedisNode): Promise<readonly Member[]> {
  return (await listed(node)).map(({ id, address, flags }) => {
    const [, host = "", port, hostname = ""] = /^(.*):(\d+)@\d*,?([^,]*)/.exec(address) ?? [];
    return {
      ...{ id, hostname, isSelf: flags.includes("myself") },
      address: { host: host || node.address.host, port: Number(port) },
      isDown: flags.some((flag) => ["fail", "fail?", "handshake", "noaddr"].includes(flag)),
    };
  });
}

/** `<id> <host>:<port>@<bus>[,<name>] <flags> <master> <ping> <pong> <epoch> <link> <slot>...` */
async function listed(node: RedisNode) {
  const lines = textOf(await node.connection.call("CLUSTER", "NODES")).split("\n");
  return lines.filter((line) => line !== "").map((line) => {
    const [id = "", address = "", flags = "", , , , , , ...slots] = line.trim().split(" ");
    return { id, address, flags: flags.split(","), slots };
  });
}

/** Of `5` or `0-5460`. */
function slotsIn(range: string): number {
  const [start = NaN, end = start] = range.split("-").map(Number);
  return end - start + 1;
}
