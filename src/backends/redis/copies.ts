/** Finds, writes and removes single sessions, for copies into a Redis. */
import { Buffer } from "node:buffer";
import { AzuError } from "../../core/errors.ts";
import type { Change, Dropped, Place, Saved } from "../contract.ts";
import type { PayloadReader } from "../payload.ts";
import { SAME_TIME } from "../same_session.ts";
import { droppedOf, idOf, SettledChanges, sizeOf, type Step } from "../settled_changes.ts";
import type { StoredSession } from "../stored.ts";
import { ErrorReply, ProtocolError } from "./connection.ts";
import { explainRedisError } from "./errors.ts";
import { isList, type RedisNode, textOf } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { KeyOwners } from "./key_owners.ts";
import { patiently } from "./retry.ts";
import { KeyReader, unlessMoved } from "./selection/facts.ts";
import { bySlot } from "./slots.ts";
import { storedSession } from "./stored_session.ts";
import { allEnded } from "./walk.ts";

/** Writes at once, and bytes of them: the server does nothing else meanwhile. */
const MOST_AT_ONCE = 100;
const MOST_BYTES = 1 << 20;

/**
 * Writes or removes each key, if it still has the value and the expiry that were found. An expiry is
 * a time and not the time left, which would be longer by the time that the request takes. One that
 * stays is not written: before Redis 7, it is not known exactly. Before Redis 6, there is no KEEPTTL.
 *
 * For each key: the value and the expiry that were found, or "" and "new"; the value and the expiry
 * to write, or "" and "gone". An expiry is in milliseconds since 1970, or "never".
 */
const WRITE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function textOf(err) return string.gsub(err, '^-', '') end
local function write(key, value, expiry, before)
  if expiry == 'gone' then
    local reply = redis.pcall('UNLINK', key)
    return type(reply) == 'table' and textOf(reply.err) or 'done'
  end
  if expiry ~= 'never' and tonumber(expiry) <= now then return 'expired' end
  if expiry == before and not redis.pcall('SET', key, value, 'KEEPTTL').err then return 'done' end
  local reply = redis.pcall('SET', key, value)
  if reply.err then return textOf(reply.err) end
  if expiry ~= 'never' then redis.call('PEXPIREAT', key, expiry) end
  return 'done'
end
local function isAsFound(key, value, expiry)
  local there = redis.call('TYPE', key).ok
  if expiry == 'new' or there ~= 'string' then return expiry == 'new' and there == 'none' end
  if redis.call('GET', key) ~= value then return false end
  local left = redis.call('PTTL', key)
  if expiry == 'never' or left < 0 then return expiry == 'never' and left < 0 end
  return math.abs(now + left - tonumber(expiry)) < ${SAME_TIME}
end
local answers = {}
for i, key in ipairs(KEYS) do
  local at = 4 * (i - 1)
  if isAsFound(key, ARGV[at + 1], ARGV[at + 2]) then
    answers[i] = write(key, ARGV[at + 3], ARGV[at + 4], ARGV[at + 2])
  else
    answers[i] = 'other'
  end
end
return answers`;

export class RedisCopies {
  readonly #nodes: RedisNodes;
  readonly #prefix: Buffer;
  readonly #payloads: PayloadReader;
  readonly #owners: KeyOwners;
  readonly #reader = new KeyReader({ values: true, expiries: true, byScript: true });

  constructor(nodes: RedisNodes, prefix: Buffer, payloads: PayloadReader) {
    this.#nodes = nodes;
    this.#prefix = prefix;
    this.#payloads = payloads;
    this.#owners = new KeyOwners(nodes);
  }

  async find(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (StoredSession | undefined)[]> {
    const keys = ids.map((id) => this.#keyOf(id));
    const found = new Map<Buffer, StoredSession>();
    let left: readonly Buffer[] = keys;
    await this.#patiently(signal, async () => {
      const moved: Buffer[] = [];
      await allEnded(
        (await this.#owners.group(left, (key) => key, signal)).map(async ({ node, items }) => {
          const isMoved = await this.#reader.read(node, items, (key) => {
            const session = storedSession(key, this.#prefix.length, this.#payloads);
            if (typeof session !== "string") found.set(key.key, session);
            else found.set(key.key, unreadable(key.key.subarray(this.#prefix.length).toString()));
          });
          if (isMoved) moved.push(...items);
        }),
      );
      left = moved;
      if (moved.length > 0) throw this.#owners.moved();
    });
    return keys.map((key) => found.get(key));
  }

  async save(changes: readonly Change[], signal: AbortSignal): Promise<readonly Saved[]> {
    return await this.#change(changes, signal);
  }

  async drop(
    sessions: readonly StoredSession[],
    signal: AbortSignal,
  ): Promise<readonly Dropped[]> {
    const steps = sessions.map((found): Step => ({ session: undefined, found }));
    return (await this.#change(steps, signal)).map(droppedOf);
  }

  async #change(steps: readonly Step[], signal: AbortSignal): Promise<readonly Saved[]> {
    const settled = new SettledChanges(steps);
    let mayBeDone = false;
    await this.#patiently(signal, async () => {
      if (mayBeDone) {
        const find = (ids: readonly string[]) => this.find(ids, signal);
        await settled.read(settled.pending, find, signal, true);
      }
      mayBeDone = true;
      const groups = await this.#owners.group(
        settled.pending,
        (step) => this.#keyOf(idOf(step)),
        signal,
      );
      await allEnded(groups.map(({ node, items }) => this.#write(node, items, settled)));
      if (settled.pending.length > 0) throw this.#owners.moved();
    });
    return settled.all;
  }

  async place(signal: AbortSignal): Promise<Place | undefined> {
    const servers: string[] = [];
    const { masters } = await this.#nodes.topology(signal);
    for (const address of masters) {
      const node = await this.#nodes.node(address, signal);
      const id = await runId(node);
      if (id === undefined) return undefined;
      servers.push(`${id}/${node.mode === "cluster" ? 0 : this.#nodes.endpoint.database}`);
    }
    return { servers, prefix: this.#prefix.toString() };
  }

  #keyOf(id: string): Buffer {
    return Buffer.concat([this.#prefix, Buffer.from(id)]);
  }

  async #write(
    node: RedisNode,
    changes: readonly Step[],
    settled: SettledChanges,
  ): Promise<void> {
    const byKey = new Map(changes.map((change) => [this.#keyOf(idOf(change)), change]));
    const groups = bySlot(node, [...byKey.keys()]);
    await allEnded(groups.map(async (keys) => {
      const found = keys.map((key) => byKey.get(key)).filter((change) => change !== undefined);
      for (const some of parts(found)) await this.#writeSome(node, some, settled);
    }));
  }

  /** Writes keys of one slot. */
  async #writeSome(
    node: RedisNode,
    changes: readonly Step[],
    settled: SettledChanges,
  ): Promise<void> {
    const keys = changes.map((change) => this.#keyOf(idOf(change)));
    const values = changes.flatMap(({ session, found }) => [
      bytesOf(found?.payload ?? new Uint8Array()),
      found === undefined ? "new" : found.expiresAt ?? "never",
      bytesOf(session?.payload ?? new Uint8Array()),
      session === undefined ? "gone" : session.expiresAt ?? "never",
    ]);
    const call = node.connection.call("EVAL", WRITE, keys.length, keys, ...values);
    const reply = await unlessMoved(call, node);
    if (reply === undefined) return;
    if (!isList(reply) || reply.length !== changes.length) throw unexpected();
    for (const [index, change] of changes.entries()) {
      const answer = textOf(reply[index]);
      if (answer === "done" || answer === "other" || answer === "expired") {
        settled.settle(change, answer);
      } else if (/^[A-Z]+ /.test(answer)) throw new ErrorReply(answer);
      else throw unexpected();
    }
  }

  async #patiently(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await patiently(
        async () => {
          try {
            await work();
          } catch (error) {
            this.#owners.forget();
            throw error;
          }
        },
        this.#nodes.hasSeveral,
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof AzuError ? error : explainRedisError(error, this.#nodes.endpoint);
    }
  }
}

/** Another type than a string. It differs from every session, and nothing tells which is newer. */
function unreadable(id: string): StoredSession {
  return {
    id,
    payload: new Uint8Array(),
    expiresAt: null,
    createdAt: null,
    visitedAt: null,
    user: null,
    ip: null,
    userAgent: null,
  };
}

/** What the server calls itself until it is restarted; undefined if the user may not ask. */
async function runId({ connection }: RedisNode): Promise<string | undefined> {
  try {
    return /^run_id:(\w+)/m.exec(textOf(await connection.call("INFO", "server")))?.[1];
  } catch (error) {
    if (error instanceof ErrorReply) return undefined;
    throw error;
  }
}

/** The changes in parts, each for one request. */
function* parts(changes: readonly Step[]): Generator<readonly Step[]> {
  let part: Step[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = sizeOf(change);
    if (part.length > 0 && (part.length === MOST_AT_ONCE || bytes + size > MOST_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(change);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unexpected(): ProtocolError {
  return new ProtocolError("the reply to EVAL has another form");
}
