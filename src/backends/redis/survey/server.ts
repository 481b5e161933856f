/** What the servers of a Redis say about their memory, and whether they keep the sessions. */
import { roughly } from "../../../core/duration.ts";
import { listed } from "../../../core/text.ts";
import { exactly, type Figures, type Survey } from "../../survey.ts";
import { ErrorReply } from "../connection.ts";
import { isList, type RedisNode, textOf } from "../node.ts";

/** What one server says. Sizes are in bytes. */
interface ServerState {
  /** The memory in use. */
  readonly used: number;
  /** `maxmemory`; 0 if there is none. */
  readonly limit: number;
  readonly policy: string;
  /** Keys that it has evicted since its start. */
  readonly evicted: number;
  readonly persistence: string;
  readonly isSaveBroken: boolean;
  /** The keys of the database, and those without a TTL. */
  readonly keys: number;
  readonly endless: number;
}

/** What all servers say. */
export interface ServerStates extends Pick<Survey, "figures" | "properties" | "warnings"> {
  /** The keys of the database; undefined if the user may not ask. */
  readonly database?: { readonly keys: number; readonly endless: number };
}

/** From this share of its limit, the memory of a server is nearly full. */
const NEARLY_FULL = 0.9;

/** @param database The number of the database. */
export async function serverStates(
  nodes: readonly RedisNode[],
  database: number,
): Promise<ServerStates> {
  const all = await Promise.all(nodes.map((node) => stateOf(node, database)));
  const states = all.filter((state) => state !== undefined);
  if (states.length < nodes.length) {
    const unknown = "unknown: this user may not run INFO";
    return { figures: {}, properties: { memory: unknown }, warnings: [] };
  }
  const sum = (name: "used" | "limit" | "evicted" | "keys" | "endless") => {
    return states.reduce((sum, state) => sum + state[name], 0);
  };
  const texts = (name: "policy" | "persistence") => {
    return listed([...new Set(states.map((state) => state[name]))], "or");
  };
  const isLimited = states.every(({ limit }) => limit > 0);
  const figures: Figures = {
    memoryUsed: exactly(sum("used")),
    ...(isLimited ? { memoryLimit: exactly(sum("limit")) } : {}),
    evicted: exactly(sum("evicted")),
  };
  return {
    figures,
    properties: { policy: texts("policy"), persistence: texts("persistence") },
    warnings: warningsOf(states),
    database: { keys: sum("keys"), endless: sum("endless") },
  };
}

function warningsOf(states: readonly ServerState[]): string[] {
  const limited = states.filter(({ limit }) => limit > 0);
  const evicting = limited.filter(({ policy }) => policy !== "noeviction");
  const keeping = limited.filter(({ policy }) => policy === "noeviction");
  const warnings: string[] = [];
  const [first] = evicting;
  if (first !== undefined) {
    const full = evicting.some(isNearlyFull) ? "Its memory is nearly full. " : "";
    warnings.push(
      `${full}Redis may evict sessions that have not expired, which logs their users out: its ` +
        `maxmemory-policy is ${first.policy}; noeviction keeps them`,
    );
  }
  if (keeping.some(isNearlyFull)) {
    warnings.push(
      "The memory of Redis is nearly full: at its limit (maxmemory), it refuses to save sessions",
    );
  }
  if (states.some(({ isSaveBroken }) => isSaveBroken)) {
    warnings.push("The last snapshot of Redis has failed: see its log");
  }
  return warnings;
}

function isNearlyFull({ used, limit }: ServerState): boolean {
  return used / limit >= NEARLY_FULL;
}

/** @returns undefined if the user may not ask. */
async function stateOf(node: RedisNode, database: number): Promise<ServerState | undefined> {
  const { connection } = node;
  const info = await connection.call("INFO").catch(undefinedIfRefused);
  if (info === undefined) return undefined;
  const text = textOf(info);
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1] ?? "";
  // A database without keys is not listed.
  const [, keys = 0, expiring = 0] = /^keys=(\d+),expires=(\d+)/.exec(field(`db${database}`)) ?? [];
  return {
    used: Number(field("used_memory")),
    limit: Number(field("maxmemory")),
    policy: field("maxmemory_policy"),
    evicted: Number(field("evicted_keys")),
    persistence: await persistenceOf(node, field),
    isSaveBroken: field("rdb_last_bgsave_status") === "err",
    keys: Number(keys),
    endless: Number(keys) - Number(expiring),
  };
}

async function persistenceOf(
  { connection }: RedisNode,
  field: (name: string) => string,
): Promise<string> {
  if (field("aof_enabled") === "1") return "append-only file";
  const reply = await connection.call("CONFIG", "GET", "save").catch(undefinedIfRefused);
  const rules = isList(reply) ? textOf(reply[1]) : undefined;
  if (rules === "") return "none: a restart loses all sessions";
  // Without a snapshot, the server tells the time of its start.
  if (rules === undefined) return "unknown: this user may not run CONFIG GET";
  const ago = Number(field("server_time_usec")) / 1000 - Number(field("rdb_last_save_time")) * 1000;
  return `snapshots${ago > 0 ? `, the last one ${roughly(ago)} ago` : ""}`;
}

/** A handler for a request that a server may refuse, or whose command it may not know. */
export function undefinedIfRefused(error: unknown): undefined {
  if (!(error instanceof ErrorReply)) throw error;
}
