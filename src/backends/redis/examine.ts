/** What a clear needs, and whether the keys under the prefix look like sessions. */
import { Buffer } from "node:buffer";
import type { LookOptions } from "../contract.ts";
import { within } from "../../core/within.ts";
import { AnswerTimeout, ErrorReply } from "./connection.ts";
import { explainRedisError } from "./errors.ts";
import { isName } from "./look_alikes.ts";
import { type RedisNode, removeKeys, textOf } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { saysMoved } from "./topology.ts";
import { type KeySpace, scan } from "./walk.ts";

/** Keys to look at on each server, and how many to scan at most to find them. */
const SAMPLE = 100;
const MOST_SCANNED = 20_000;

/** Milliseconds for a server to answer all of that. */
const PATIENCE = 2000;

/** Replies of a server that will soon be ready, or that a clear explains itself. */
const PASSING = /^(?:LOADING|BUSY|MASTERDOWN|TRYAGAIN)/;

/**
 * Looks at a sample of the keys of every server that answers. A server that does not is left to the
 * clear, which tries again and explains it.
 * @param isOpaque Whether the values have a form that azu does not know.
 * @returns phrases: why the keys may not be sessions.
 * @throws {AzuError} if a server would refuse to remove keys.
 */
export async function examine(
  nodes: RedisNodes,
  keys: KeySpace,
  signal: AbortSignal,
  { onProgress }: LookOptions,
  isOpaque: boolean,
): Promise<readonly string[]> {
  const { masters } = await nodes.topology(signal);
  const samples = await Promise.allSettled(masters.map(async (address) => {
    const node = await nodes.node(address, signal);
    const late = () => {
      node.connection.close(); // the clear opens another one
      return new AnswerTimeout("no answer while checking");
    };
    return await within(examineNode(node, keys, () => onProgress?.(0)), { ms: PATIENCE, late });
  }));
  signal.throwIfAborted();
  for (const sample of samples) {
    if (sample.status === "rejected" && isRefusal(sample.reason)) {
      throw explainRedisError(sample.reason, nodes.endpoint);
    }
  }
  const all = samples.flatMap((sample) => sample.status === "fulfilled" ? sample.value : []);
  return doubtsOf(all, isOpaque);
}

async function examineNode(node: RedisNode, keys: KeySpace, tick: () => void) {
  await checkRemoval(node, keys.prefix);
  return await describe(node, await sampleOf(node, keys, tick), keys.prefix.length);
}

/** Asks the server to remove a key that does not exist: its id is random. */
async function checkRemoval(node: RedisNode, prefix: Buffer): Promise<void> {
  const none = Buffer.concat([prefix, Buffer.from(`azu-${crypto.randomUUID()}`)]);
  await removeKeys(node, [none]).catch((error: unknown) => {
    if (!(error instanceof ErrorReply) || isRefusal(error)) throw error;
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof ErrorReply && !saysMoved(error) && !PASSING.test(error.message);
}

async function sampleOf(node: RedisNode, keys: KeySpace, tick: () => void): Promise<Buffer[]> {
  const sample: Buffer[] = [];
  let cursor = "0";
  for (let scanned = 0; scanned < MOST_SCANNED && sample.length < SAMPLE; scanned += 1000) {
    tick();
    const reply = await scan(node, cursor, keys, 1000);
    sample.push(...reply.keys);
    cursor = reply.cursor;
    if (cursor === "0") break;
  }
  return sample.slice(0, SAMPLE);
}

/** What is known about one key. */
export interface Sampled {
  /** Whether another name follows the prefix, as in `shop:cart:1`. */
  readonly isNested: boolean;
  /** That name, if it looks like one and not like an id. */
  readonly name: string | undefined;
  /** `string`, `hash` and so on; undefined if the user may not ask. */
  readonly type: string | undefined;
  /** How its value begins; undefined if the user may not ask. */
  readonly form: "session" | "other" | undefined;
}

export async function describe(
  node: RedisNode,
  keys: readonly Buffer[],
  prefixLength: number,
): Promise<Sampled[]> {
  const ask = async (name: string, key: Buffer, ...args: number[]) => {
    return await node.connection.call(name, key, ...args).catch((error: unknown) => {
      if (error instanceof ErrorReply) return undefined; // not allowed, or moved, or another type
      throw error;
    });
  };
  const isAllowed = keys[0] !== undefined && await ask("TYPE", keys[0]) !== undefined;
  return await Promise.all(keys.map(async (key): Promise<Sampled> => {
    const rest = key.subarray(prefixLength).toString("latin1");
    const [name = ""] = rest.split(":", 1);
    const isNested = rest.includes(":");
    const type = isAllowed ? textOf(await ask("TYPE", key)) : undefined;
    const start = type === "string" ? await ask("GETRANGE", key, 0, 31) : undefined;
    return {
      isNested,
      name: isNested && isName(name) ? name : undefined,
      type: type === "" || type === "none" ? undefined : type,
      form: Buffer.isBuffer(start) ? formOf(start) : undefined,
    };
  }));
}

/** The shard writes JSON, gzip, or sealed text in base64. */
function formOf(start: Buffer): "session" | "other" {
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  return isGzip || /^(?:\{|[\w+/=-]{32}$)/.test(start.toString("latin1")) ? "session" : "other";
}

export function doubtsOf(keys: readonly Sampled[], isOpaque: boolean): string[] {
  const count = (holds: (key: Sampled) => boolean) => keys.filter(holds).length;
  const of = (some: number) => `${some} of ${keys.length} keys`;
  const nested = count(({ isNested }) => isNested);
  const names = [...new Set(keys.flatMap(({ name }) => name === undefined ? [] : [name]))];
  const typed = count(({ type }) => type !== undefined && type !== "string");
  const types = new Set(keys.map(({ type }) => type).filter((type) => type !== "string"));
  const sessions = count(({ form }) => form === "session");
  const others = count(({ form }) => form === "other");
  return [
    ...(nested > 0
      ? [
        `${of(nested)} looked at have another name behind the prefix` +
        (names.length > 0 ? `, such as ${names.slice(0, 3).join(", ")}` : ""),
      ]
      : []),
    ...(typed > 0
      ? [`${of(typed)} looked at are of another type: ${[...types].filter(Boolean).join(", ")}`]
      : []),
    ...(!isOpaque && sessions > 0 && others > 0
      ? [`${of(others)} looked at have another kind of value`]
      : []),
  ];
}
