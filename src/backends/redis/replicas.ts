/**
 * Waits until replicas have followed. WAIT makes a server ask them how far they are; but from
 * Redis 7.2 on its answer is about what its own connection has written, which is nothing where
 * there was nothing to remove or the connection is new. So it is the offsets in INFO that count.
 */
import { sleep } from "../pace.ts";
import { type RedisNode, textOf } from "./node.ts";
import { RespError } from "./resp/protocol.ts";

/** Milliseconds of one WAIT: between two, an interruption is noticed. */
const STEP = 500;

/** Milliseconds between two looks at offsets that are behind. */
const REST = 100;

/**
 * How many replicas have followed all that this server has done so far; ends early once they are
 * enough.
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
    const step = Math.max(1, Math.min(STEP, Math.floor(left))); // 0 would be for ever
    const waited = await connection.call("WAIT", replicas, step);
    const known = (await replication(connection))?.offsets;
    const followed = known?.filter((offset) => offset >= goal).length ??
      (typeof waited === "number" ? waited : 0);
    if (followed >= replicas || performance.now() >= end) return followed;
    await sleep(Math.min(REST, Math.max(0, end - performance.now())), signal);
  }
}

/** Undefined where the user may not ask: then WAIT alone has to do. */
async function replication(connection: RedisNode["connection"]) {
  try {
    const info = textOf(await connection.call("INFO", "replication"));
    const offset = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
    if (offset === undefined) return undefined;
    const replicas = info.matchAll(/^slave\d+:.*state=online.*\boffset=(\d+)/gm);
    return { offset: Number(offset), offsets: [...replicas].map(([, at]) => Number(at)) };
  } catch (error) {
    if (error instanceof RespError && error.code === "NOPERM") return undefined;
    throw error;
  }
}
