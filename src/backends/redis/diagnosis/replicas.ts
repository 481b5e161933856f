/** The replicas of a Redis, and the addresses of a cluster's nodes. */
import { failure, number, ok, type Outcome, warning } from "../../checks.ts";
import { listed } from "../../../core/text.ts";
import { listens } from "../../reach.ts";
import type { RedisNode } from "../node.ts";
import { members } from "../topology.ts";
import { nameOf } from "../url.ts";
import { type ServerInfo, setting } from "./server.ts";

/** Seconds since a replica's last word. It speaks every second; min-replicas-max-lag is 10. */
const LAG = 10;

/** Bytes that a replica is behind. A revoked session is back if it takes over then. */
const BEHIND = 1 << 20;

/** What a master says of one replica. */
interface Replica {
  readonly name: string;
  readonly isOnline: boolean;
  readonly behind: number;
  readonly lag: number;
}

/** @param sentinelMaster The name of the master, if there are sentinels. */
export async function replicasCheck(
  masters: readonly RedisNode[],
  infos: readonly ServerInfo[],
  sentinelMaster: string | undefined,
): Promise<Outcome> {
  const all = infos.map(replicasOf);
  const lonely = masters.filter((_, index) => all[index]?.length === 0);
  const [first] = masters;
  const isReplicated = sentinelMaster !== undefined || first?.mode === "cluster";
  for (const [index, node] of masters.entries()) {
    const wanted = Number(await setting(node, "min-replicas-to-write") ?? 0);
    const good = (all[index] ?? []).filter(({ isOnline, lag }) => isOnline && lag <= LAG).length;
    if (good < wanted) {
      return failure(
        `${nameOf(node.address)} has ${good} good replicas, but min-replicas-to-write is ` +
          `${wanted}: it refuses to save sessions`,
      );
    }
  }
  const replicas = all.flat();
  if (replicas.length === 0 && !isReplicated) return undefined;
  const lost = first?.mode === "cluster"
    ? (await members(first)).filter(({ isMaster, isDown }) => isDown && !isMaster)
    : [];
  if (lost.length > 0) {
    return warning(`replicas are down: ${lost.map(({ address }) => nameOf(address)).join(", ")}`);
  }
  if (isReplicated && lonely.length > 0) {
    const names = listed(lonely.map(({ address }) => nameOf(address)), "and");
    return warning(`no replica follows ${names}: if it fails, its sessions are gone`);
  }
  const late = replicas.filter(({ isOnline, behind, lag }) => {
    return !isOnline || behind > BEHIND || lag > LAG;
  });
  if (late.length === 0) {
    const furthest = Math.max(...replicas.map(({ behind }) => behind));
    return ok(`${replicas.length} follow, ${number(furthest)} bytes behind at most`);
  }
  const described = late.map(({ name, isOnline, behind, lag }) => {
    return isOnline
      ? `${name} is ${number(behind)} bytes behind, and has said nothing for ${lag} s`
      : `${name} is not in step yet`;
  });
  return warning(described.join("; "));
}

/** `slave0:ip=10.0.0.2,port=6379,state=online,offset=4711,lag=0` */
function replicasOf(info: ServerInfo): Replica[] {
  const offset = info.whole("master_repl_offset");
  return info.lines("slave\\d+").map((line) => {
    const fields = new Map(
      line.split(",").map((part) => {
        const at = part.indexOf("=");
        return [part.slice(0, at), part.slice(at + 1)];
      }),
    );
    const port = Number(fields.get("port"));
    return {
      name: nameOf({ host: fields.get("ip") ?? "", port }),
      isOnline: fields.get("state") === "online",
      behind: Math.max(0, offset - Number(fields.get("offset"))),
      lag: Number(fields.get("lag")),
    };
  });
}

/** Whether every node of a cluster can be reached at the address that it announces. */
export async function addressCheck(
  masters: readonly RedisNode[],
  signal: AbortSignal,
): Promise<Outcome> {
  const [first] = masters;
  if (first?.mode !== "cluster") return undefined;
  const all = await members(first);
  const isOpen = await Promise.all(all.map(({ address }) => listens(address, signal)));
  const silent = all.filter((_, index) => !isOpen[index]);
  if (silent.length === 0) return ok(`all ${all.length} nodes of the cluster can be reached`);
  const evidence = "nothing listens on " +
    listed(silent.map(({ address }) => nameOf(address)), "and");
  const fix = "Start the node, or let it announce an address that can be reached from here " +
    "(cluster-announce-ip)";
  return silent.some(({ isMaster, slots }) => isMaster && slots !== "")
    ? failure(evidence, fix)
    : warning(evidence, fix);
}
