/**
 * Waits until replicas have caught up. WAIT makes a server ask them for their offsets. But since
 * Redis 7.2, its reply is only about writes of its own connection, and this one may have written
 * nothing. So the offsets in INFO decide.
 */
import { sleep } from "../pace.ts";
import { ErrorReply } from "./connection.ts";
import { type RedisNode, textOf } from "./node.ts";

/** Milliseconds for one WAIT. Interruptions are noticed between two. */
const STEP = 500;

/** Milliseconds before offsets that are behind are read again. */
const REST = 100;

/**
 * How many replicas have caught up with what this server had done when it was asked. Returns as
 * soon as there are enough.
 * @param timeout Milliseconds.
 */
export async function followers(
  { connection }: RedisNode,
  replicas: number,
  timeout: number,
  signal: AbortSignal,
): Promise<number> {
  const end = performance.now() + timeout;
  const goal = (await replication(connection))?.offset ?? 0;
  for (;;) {
    signal.throwIfAborted();
    const left = end - performance.now();
    const step = Math.max(1, Math.min(STEP, Math.floor(left))); // 0 would mean no limit
    const waited = await connection.call("WAIT", replicas, step);
    const known = (await replication(connection))?.offsets;
    const followed = known?.filter((offset) => offset >= goal).length ??
      (typeof waited === "number" ? waited : 0);
    if (followed >= replicas || performance.now() >= end) return followed;
    await sleep(Math.min(REST, Math.max(0, end - performance.now())), signal);
  }
}

/** Undefined if the user may not run INFO. Then only the reply to WAIT is used. */
async function replication(connection: RedisNode["connection"]) {
  try {
    const info = textOf(await connection.call("INFO", "replication"));
    const offset = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
    if (offset === undefined) return undefined;
    const replicas = info.matchAll(/^slave\d+:.*state=online.*\boffset=(\d+)/gm);
    return { offset: Number(offset), offsets: [...replicas].map(([, at]) => Number(at)) };
  } catch (error) {
    if (error instanceof ErrorReply && error.code === "NOPERM") return undefined;
    throw error;
  }
}
