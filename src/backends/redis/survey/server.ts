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
}

/** From this share of its limit, the memory of a server is nearly full. */
const NEARLY_FULL = 0.9;

export async function serverStates(
  nodes: readonly RedisNode[],
): Promise<Pick<Survey, "figures" | "properties" | "warnings">> {
  const states = (await Promise.all(nodes.map(stateOf))).filter((state) => state !== undefined);
  if (states.length < nodes.length) {
    const unknown = "unknown: this user may not run INFO";
    return { figures: {}, properties: { memory: unknown }, warnings: [] };
  }
  const sum = (name: "used" | "limit" | "evicted") => {
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
  };
}

function warningsOf(states: readonly ServerState[]): string[] {
  const limited = states.filter(({ limit }) => limit > 0);
  const evicting = limited.find(({ policy }) => policy !== "noeviction");
  const isFull = limited.some(({ used, limit, policy }) => {
    return policy === "noeviction" && used / limit >= NEARLY_FULL;
  });
  const warnings: string[] = [];
  if (evicting !== undefined) {
    warnings.push(
      "Redis may evict sessions that have not expired, which logs their users out: its " +
        `maxmemory-policy is ${evicting.policy}; noeviction keeps them`,
    );
  }
  if (isFull) {
    warnings.push(
      "The memory of Redis is nearly full: at its limit (maxmemory), it refuses to save sessions",
    );
  }
  if (states.some(({ isSaveBroken }) => isSaveBroken)) {
    warnings.push("The last snapshot of Redis has failed: see its log");
  }
  return warnings;
}

/** @returns undefined if the user may not ask. */
async function stateOf(node: RedisNode): Promise<ServerState | undefined> {
  const { connection } = node;
  const info = await connection.call("INFO").catch(undefinedIfRefused);
  if (info === undefined) return undefined;
  const text = textOf(info);
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1] ?? "";
  return {
    used: Number(field("used_memory")),
    limit: Number(field("maxmemory")),
    policy: field("maxmemory_policy"),
    evicted: Number(field("evicted_keys")),
    persistence: await persistenceOf(node, field),
    isSaveBroken: field("rdb_last_bgsave_status") === "err",
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
  const ago = Number(field("server_time_usec")) / 1000 - Number(field("rdb_last_save_time")) * 1000;
  return `snapshots${ago > 0 ? `, the last one ${roughly(ago)} ago` : ""}`;
}

/** A handler for a request that a server may refuse, or whose command it may not know. */
export function undefinedIfRefused(error: unknown): undefined {
  if (!(error instanceof ErrorReply)) throw error;
}
