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
  /**
   * Whether to read by a script, if the server allows it: many keys by one command instead of one
   * command for each expiry, which takes half the time (measured).
   */
  readonly byScript?: boolean;
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

/** The same for a call of the script, which a copy makes for every key (measured). */
const MOST_BY_SCRIPT = 500;

/** Bytes of values to ask for at once. Several batches are under way at the same time. */
const ANSWER = 4 << 20;

/** Replies to PEXPIRETIME and PTTL. */
const NEVER = -1;
const GONE = -2;

/**
 * The value and the expiry of each key, as MGET and PEXPIRETIME tell them. Before Redis 7, there is
 * only the time left.
 */
const READ = `
local isOld = redis.pcall('PEXPIRETIME', KEYS[1])
local now = 0
if type(isOld) == 'table' then
  local clock = redis.call('TIME')
  now = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local answers = {}
local values = redis.call('MGET', unpack(KEYS))
for i, key in ipairs(KEYS) do
  local expiry = redis.call(now == 0 and 'PEXPIRETIME' or 'PTTL', key)
  if expiry >= 0 then expiry = now + expiry end
  answers[2 * i - 1] = values[i]
  answers[2 * i] = expiry
end
return answers`;

/** A user or a server that allows no scripts, or not with these commands. */
const REFUSED = /^NOPERM|^ERR unknown command|can't run this command|Unknown Redis command/i;

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
    // The keys of a script must be in one slot.
    if (this.#wanted.byScript && node.allowsScripts && node.mode !== "cluster") {
      const found = await this.#readByScript(node, keys);
      if (found !== undefined) return { keys: found, moved: false };
    }
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

  /** @returns undefined if the server does not allow it. */
  async #readByScript(
    node: RedisNode,
    keys: readonly Buffer[],
  ): Promise<readonly FoundKey[] | undefined> {
    const { connection } = node;
    const reply = await connection.call("EVAL", READ, keys.length, keys).catch((error: unknown) => {
      if (!(error instanceof ErrorReply) || !REFUSED.test(error.message)) throw error;
      node.allowsScripts = false;
    });
    if (!node.allowsScripts) return undefined;
    if (!isList(reply) || reply.length !== 2 * keys.length) throw unexpected("EVAL");
    const found: FoundKey[] = [];
    let bytes = 0;
    for (const [index, key] of keys.entries()) {
      const value = reply[2 * index];
      const expiry = reply[2 * index + 1];
      if (value !== null && !Buffer.isBuffer(value)) throw unexpected("EVAL");
      if (typeof expiry !== "number" || expiry < GONE) throw unexpected("EVAL");
      if (expiry === GONE) continue;
      bytes += value?.length ?? 0;
      found.push({ key, value, expiresAt: expiry === NEVER ? null : expiry });
    }
    this.#fit(keys.length, bytes);
    return found;
  }

  /** Makes the next request so large that its answer fits. */
  #fit(keys: number, bytes: number): void {
    const fitting = Math.floor(ANSWER * keys / Math.max(1, bytes));
    const most = this.#wanted.byScript ? MOST_BY_SCRIPT : MOST_AT_ONCE;
    this.#atOnce = Math.max(1, Math.min(most, fitting));
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
    this.#fit(keys.length, bytes);
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
