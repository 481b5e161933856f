/** Which servers hold the keys: one, or the masters of a cluster. */
import { isList, type Reply, RespError } from "./resp.ts";
import { type RedisNode, textOf } from "./redis_node.ts";
import { nameOf, type NodeAddress } from "./redis_url.ts";

/** Slots of a Redis Cluster. */
export const SLOTS = 16_384;

export interface Topology {
  /** The servers that hold keys, each once. */
  readonly masters: readonly NodeAddress[];
  /** Differs where another server holds any slot. */
  readonly fingerprint: string;
  /** Whether every slot has a master, and none is on its way from one to another. */
  readonly settled: boolean;
}

/** A server that is no part of a cluster holds everything. */
export function standalone(address: NodeAddress): Topology {
  return { masters: [address], fingerprint: nameOf(address), settled: true };
}

/** What a node of a cluster knows about it. */
export async function clusterTopology(node: RedisNode): Promise<Topology> {
  const slots = await node.connection.call("CLUSTER", "SLOTS");
  const ranges = isList(slots) ? slots.map((range) => rangeOf(range, node.address)) : [];
  const masters = new Map<string, NodeAddress>();
  const owners: string[] = [];
  let covered = 0;
  for (const range of ranges) {
    if (range === undefined) continue;
    const name = nameOf(range.master);
    masters.set(name, range.master);
    owners.push(`${range.start}-${range.end} ${name}`);
    covered += range.end - range.start + 1;
  }
  return {
    masters: [...masters.values()],
    fingerprint: owners.sort().join("\n"),
    settled: covered === SLOTS,
  };
}

/** `[start, end, [host, port, id], replicas...]`; without a host, it is the one that was asked. */
function rangeOf(range: Reply, asked: NodeAddress) {
  const [start, end, master] = isList(range) ? range : [];
  const [host, port] = isList(master) ? master : [];
  if (typeof start !== "number" || typeof end !== "number" || typeof port !== "number") {
    return undefined;
  }
  return { start, end, master: { host: textOf(host ?? null) || asked.host, port } };
}

/** Whether slots of this master are on their way: only the node itself knows. */
export async function isMigrating(node: RedisNode): Promise<boolean> {
  const nodes = textOf(await node.connection.call("CLUSTER", "NODES"));
  return nodes.split("\n").some((line) => line.includes("myself") && /\[\d+-[<>]-/.test(line));
}

/** An answer that says: the cluster is changing, ask again. */
export function saysMoved(error: unknown): boolean {
  return error instanceof RespError &&
    ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"].includes(error.code);
}

/** The slot of a key: of what stands between the first `{` and the next `}`, where that is anything. */
export function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const open = indexOf(bytes, 123, /* { */ start, end);
  const close = open < 0 ? -1 : indexOf(bytes, 125, /* } */ open + 1, end);
  const [from, to] = close > open + 1 ? [open + 1, close] : [start, end];
  let crc = 0;
  for (let at = from; at < to; at++) {
    crc = (crc << 8 ^ (CRC16[(crc >>> 8 ^ (bytes[at] ?? 0)) & 0xff] ?? 0)) & 0xffff;
  }
  return crc % SLOTS;
}

function indexOf(bytes: Uint8Array, byte: number, start: number, end: number): number {
  const at = bytes.indexOf(byte, start);
  return at < end ? at : -1;
}

/** CRC-16/XMODEM, as the cluster specification says: polynomial 0x1021, from 0. */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
  return crc;
});
