/** What the servers of a Redis say about their memory, and about what survives a restart. */
import { failure, number, ok, type Outcome, warning } from "../../checks.ts";
import { OperationError } from "../../../core/errors.ts";
import { roughly } from "../../../core/duration.ts";
import { listed } from "../../../core/text.ts";
import { ErrorReply } from "../connection.ts";
import { isList, type RedisNode, textOf } from "../node.ts";

/** The fields of INFO. */
export interface ServerInfo {
  field(name: string): string;
  whole(name: string): number;
  /** The lines of INFO that begin with a pattern: `slave\\d+`. */
  lines(name: string): readonly string[];
}

/** @throws {OperationError} if the user may not run INFO. */
export async function serverInfo({ connection }: RedisNode): Promise<ServerInfo> {
  const reply = await connection.call("INFO").catch((error: unknown) => {
    if (error instanceof ErrorReply && error.code === "NOPERM") {
      throw new OperationError("this user may not run INFO");
    }
    throw error;
  });
  const text = textOf(reply);
  const lines = (name: string) => {
    return [...text.matchAll(new RegExp(`^${name}:(.*?)\\r?$`, "gm"))].map(([, value = ""]) =>
      value
    );
  };
  return {
    lines,
    field: (name) => lines(name)[0] ?? "",
    whole: (name) => Number(lines(name)[0] ?? 0),
  };
}

/** A setting; undefined if the user may not ask for it. */
export async function setting(
  { connection }: RedisNode,
  name: string,
): Promise<string | undefined> {
  const reply = await connection.call("CONFIG", "GET", name).catch((error: unknown) => {
    if (!(error instanceof ErrorReply)) throw error;
  });
  return isList(reply) && reply.length === 2 ? textOf(reply[1]) : undefined;
}

const isLimited = (info: ServerInfo) => info.whole("maxmemory") > 0;

/** Every policy but noeviction removes sessions that have not expired: all sessions have a TTL. */
export function policyCheck(infos: readonly ServerInfo[]): Outcome {
  const others = infos.filter((info) => info.field("maxmemory_policy") !== "noeviction");
  if (others.length === 0) return ok("maxmemory-policy is noeviction");
  const policies = listed(
    [...new Set(others.map((info) => info.field("maxmemory_policy")))],
    "and",
  );
  const evicting = others.filter(isLimited);
  if (evicting.length === 0) {
    return warning(
      `maxmemory-policy is ${policies}: without maxmemory nothing is evicted, with it sessions are`,
    );
  }
  const evicted = evicting.reduce((sum, info) => sum + info.whole("evicted_keys"), 0);
  return failure(
    `maxmemory-policy is ${policies}, which logs users out when the memory is full: ` +
      `${number(evicted)} keys have been evicted since the start`,
  );
}

/** The share of its limit from which memory is nearly full, as in session:status. */
const NEARLY_FULL = 0.9;

const MIB = 1 << 20;

/** The server that is closest to its limit counts. */
export function memoryCheck(infos: readonly ServerInfo[]): Outcome {
  const shares = infos.map((info) => {
    const used = info.whole("used_memory");
    // Without a limit, the machine's memory is one.
    const limit = isLimited(info) ? info.whole("maxmemory") : info.whole("total_system_memory");
    return { used, limit, isSet: isLimited(info), share: limit === 0 ? 0 : used / limit };
  });
  const [fullest] = shares.sort((a, b) => b.share - a.share);
  if (fullest === undefined) return undefined;
  const { used, limit, isSet, share } = fullest;
  const evidence = `${mebibytes(used)} of ${mebibytes(limit)} MiB are used` +
    (isSet ? " (maxmemory)" : "; there is no maxmemory, only the memory of the machine");
  if (isSet && used >= limit) {
    return failure(`${evidence}: new sessions are refused or evict others`);
  }
  return share >= NEARLY_FULL ? warning(evidence) : ok(evidence);
}

function mebibytes(bytes: number): string {
  return number(Math.round(bytes / MIB * 10) / 10);
}

/** @throws {OperationError} if the user may not ask whether there are snapshots. */
export async function persistenceCheck(
  nodes: readonly RedisNode[],
  infos: readonly ServerInfo[],
): Promise<Outcome> {
  const kinds = await Promise.all(infos.map(async (info, index) => {
    const node = nodes[index];
    return node === undefined ? "none" : await persistenceOf(node, info);
  }));
  if (infos.some((info) => info.field("aof_last_write_status") === "err")) {
    return failure("the append-only file could not be written: Redis refuses to save sessions");
  }
  if (kinds.includes("snapshots") && infos.some(isSaveBroken)) {
    return failure(
      "the last snapshot has failed, so Redis refuses to save sessions, or loses them at a restart",
      "Look at the server's log and its disk, then BGSAVE",
    );
  }
  if (kinds.includes("none")) {
    return warning(
      "there is neither an append-only file nor a snapshot: a restart loses all sessions",
    );
  }
  if (!kinds.includes("snapshots")) return ok("there is an append-only file");
  const [info] = infos;
  const ago = (info?.whole("server_time_usec") ?? 0) / 1000 -
    (info?.whole("rdb_last_save_time") ?? 0) * 1000;
  return ok(`there are snapshots${ago > 0 ? `, the last one ${roughly(ago)} ago` : ""}`);
}

function isSaveBroken(info: ServerInfo): boolean {
  return info.field("rdb_last_bgsave_status") === "err";
}

async function persistenceOf(node: RedisNode, info: ServerInfo) {
  if (info.field("aof_enabled") === "1") return "append-only file";
  const rules = await setting(node, "save");
  if (rules === undefined) throw new OperationError("this user may not run CONFIG GET");
  return rules === "" ? "none" : "snapshots";
}
