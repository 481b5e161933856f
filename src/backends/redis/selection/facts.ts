/** Reads from a server what is known of keys: their values, and when they expire. */
import { Buffer } from "node:buffer";
import { ErrorReply, ProtocolError } from "../connection.ts";
import { isList, isUnknownCommand, type RedisNode } from "../node.ts";
import { bySlot } from "../slots.ts";
import { saysMoved } from "../topology.ts";
import { allEnded } from "../walk.ts";

/** What to read of keys. */
export interface Wanted {
  readonly values: boolean;
  readonly expiries: boolean;
}

/** A key that is there. */
export interface FoundKey {
  readonly key: Buffer;
  /** Null if it has another type; undefined if values are not wanted. */
  readonly value: Buffer | null | undefined;
  /** Milliseconds since 1970; null if it never expires; undefined if expiries are not wanted. */
  readonly expiresAt: number | null | undefined;
}

/**
 * Keys per MGET, at most and before it is known how large values are. More are hardly faster
 * (measured), and an answer must stay below 64 MiB.
 */
const MOST_AT_ONCE = 100;
const FIRST = 10;

/** Bytes of values to ask for at once. Several batches are under way at the same time. */
const ANSWER = 4 << 20;

/** Replies to PEXPIRETIME and PTTL. */
const NEVER = -1;
const GONE = -2;

export class KeyReader {
  readonly #wanted: Wanted;
  /** Keys for the next MGET: fewer if values are large. */
  #atOnce = FIRST;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /**
   * Reads keys, a few at a time, because their values may be large.
   * @param receive Is given each key that is still there.
   * @returns whether the cluster sent some keys elsewhere. Those are not received.
   */
  async read(
    node: RedisNode,
    keys: readonly Buffer[],
    receive: (found: FoundKey) => void,
  ): Promise<boolean> {
    const { values, expiries } = this.#wanted;
    if (!values && !expiries) {
      for (const key of keys) receive({ key, value: undefined, expiresAt: undefined });
      return false;
    }
    let moved = false;
    for (let begin = 0; begin < keys.length;) {
      const some = keys.slice(begin, begin + this.#atOnce);
      begin += some.length;
      const found = await this.#readSome(node, some);
      if (found.moved) moved = true;
      found.keys.forEach(receive);
    }
    return moved;
  }

  async #readSome(
    node: RedisNode,
    keys: readonly Buffer[],
  ): Promise<{ readonly keys: readonly FoundKey[]; readonly moved: boolean }> {
    const { values: wantsValues, expiries: wantsExpiries } = this.#wanted;
    const [values, expiries] = await Promise.all([
      wantsValues ? this.#valuesOf(node, keys) : undefined,
      wantsExpiries ? expiriesOf(node, keys) : undefined,
    ]);
    // MGET has no value for keys of another type, and for keys that are gone: have they expired?
    const doubtful = expiries === undefined ? keys.filter((key) => values?.get(key) === null) : [];
    const times = expiries ?? await expiriesOf(node, doubtful);
    const isRead = (key: Buffer) => (values?.has(key) ?? true) && (expiries?.has(key) ?? true);
    const there = keys.filter((key) => isRead(key) && times.get(key) !== GONE);
    return {
      keys: there.map((key) => {
        const time = expiries?.get(key);
        return { key, value: values?.get(key), expiresAt: time === NEVER ? null : time };
      }),
      moved: !keys.every(isRead),
    };
  }

  /** @returns the values of the keys that are on this node. */
  async #valuesOf(node: RedisNode, keys: readonly Buffer[]): Promise<Map<Buffer, Buffer | null>> {
    const values = new Map<Buffer, Buffer | null>();
    let bytes = 0;
    await allEnded(
      bySlot(node, keys).map(async (group) => {
        const reply = await unlessMoved(node.connection.call("MGET", group), node);
        if (reply === undefined) return;
        if (!isList(reply) || reply.length !== group.length) throw unexpected("MGET");
        group.forEach((key, index) => {
          const value = reply[index];
          if (value !== null && !Buffer.isBuffer(value)) throw unexpected("MGET");
          bytes += value?.length ?? 0;
          values.set(key, value);
        });
      }),
    );
    const fitting = Math.floor(ANSWER * keys.length / Math.max(1, bytes));
    this.#atOnce = Math.max(1, Math.min(MOST_AT_ONCE, fitting));
    return values;
  }
}

/**
 * When keys expire, by the clock of the server: {@linkcode NEVER}, {@linkcode GONE}, or in
 * milliseconds since 1970.
 * @returns the expiries of the keys that are on this node.
 */
async function expiriesOf(node: RedisNode, keys: readonly Buffer[]): Promise<Map<Buffer, number>> {
  const expiries = new Map<Buffer, number>();
  if (keys.length === 0) return expiries;
  // Before Redis 7, there is only the time left.
  const now = node.tells === "PTTL" ? await timeOf(node) : 0;
  try {
    await allEnded(keys.map(async (key) => {
      const reply = await unlessMoved(node.connection.call(node.tells, key), node);
      if (reply === undefined) return;
      if (typeof reply !== "number" || reply < GONE) throw unexpected(node.tells);
      expiries.set(key, reply < 0 ? reply : now + reply);
    }));
    return expiries;
  } catch (error) {
    if (node.tells === "PTTL" || !isUnknownCommand(error)) throw error;
    node.tells = "PTTL";
    return await expiriesOf(node, keys);
  }
}

/** The server's clock, in milliseconds since 1970. */
async function timeOf({ connection }: RedisNode): Promise<number> {
  const reply = await connection.call("TIME");
  const [seconds, microseconds] = isList(reply) ? reply.map(Number) : [];
  const time = Math.floor((seconds ?? NaN) * 1000 + (microseconds ?? NaN) / 1000);
  if (Number.isNaN(time)) throw unexpected("TIME");
  return time;
}

/** @returns undefined if the cluster sent the command elsewhere. */
export async function unlessMoved(reply: Promise<unknown>, { mode }: RedisNode): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ErrorReply && mode === "cluster" && saysMoved(error)) return undefined;
    throw error;
  }
}

function unexpected(command: string): ProtocolError {
  return new ProtocolError(`the reply to ${command} has another form`);
}
