/** The state of a Redis: how many sessions there are, some of them, and what the servers say. */
import type { SessionInfo } from "../../contract.ts";
import { about, exactly, type Survey, type SurveyOptions } from "../../survey.ts";
import type { RedisNodes } from "../nodes.ts";
import { explainRedisError } from "../errors.ts";
import { patiently } from "../retry.ts";
import { type SelectedKeys, selectedKeys } from "../selection/selected.ts";
import type { RedisSessions } from "../store.ts";
import { allEnded, type KeySpace } from "../walk.ts";
import { findAll, type FoundKeys, glance, type KeysOfNode } from "./find.ts";
import { type ServerStates, serverStates, undefinedIfRefused } from "./server.ts";

/** @throws {AzuError} if a server cannot be reached, or refuses. */
export async function surveyRedis(
  nodes: RedisNodes,
  keys: KeySpace,
  sessions: Pick<RedisSessions, "layout" | "secrets">,
  options: SurveyOptions,
): Promise<Survey> {
  try {
    return await surveyed(nodes, keys, selectedKeys(nodes, keys, sessions, []), options);
  } catch (error) {
    options.signal.throwIfAborted();
    throw explainRedisError(error, nodes.endpoint);
  }
}

/** @param all Selects all keys. It describes those of the sample. */
async function surveyed(
  nodes: RedisNodes,
  keys: KeySpace,
  all: SelectedKeys,
  options: SurveyOptions,
): Promise<Survey> {
  const { signal, isQuick, onProgress } = options;
  const steadily = <T>(work: () => Promise<T>) => {
    return patiently(
      () => {
        onProgress?.(0); // a sign of life
        return work();
      },
      nodes.hasSeveral,
      signal,
    );
  };
  const found = isQuick
    ? await steadily(() => glance(nodes, keys, signal))
    : await findAll(nodes, keys, options);
  const { figures, properties, warnings, database } = await steadily(() => {
    return statesOf(nodes, signal);
  });
  const sample = await steadily(() => described(nodes, found.sample, all, signal));
  const weight = await steadily(() => weightOf(nodes, found.sample, signal));
  const { count, isExact } = found;
  const endless = database && endlessAmong(found, database);
  return {
    figures: {
      sessions: isExact ? exactly(count) : about(count),
      // Redis removes expired sessions before anybody sees them.
      expired: exactly(0),
      ...(endless === undefined ? {} : { endless: exactly(endless) }),
      ...(weight === undefined ? {} : { bytes: about(weight * count) }),
      ...figures,
    },
    sample,
    properties,
    warnings,
  };
}

/**
 * How many sessions never expire, if the servers tell: their numbers are of all keys.
 * @returns undefined if it is not certain.
 */
function endlessAmong(
  { count, isExact }: FoundKeys,
  { keys, endless }: NonNullable<ServerStates["database"]>,
): number | undefined {
  if (endless === 0) return 0;
  return isExact && keys === count ? endless : undefined;
}

async function statesOf(nodes: RedisNodes, signal: AbortSignal) {
  const { masters } = await nodes.topology(signal);
  return await serverStates(
    await Promise.all(masters.map((address) => nodes.node(address, signal))),
    nodes.endpoint.database,
  );
}

/** Keys that are described at once. */
const BATCH = 500;

async function described(
  nodes: RedisNodes,
  sample: readonly KeysOfNode[],
  all: SelectedKeys,
  signal: AbortSignal,
): Promise<readonly SessionInfo[]> {
  const parts = await Promise.all(sample.map(async ({ address, keys }) => {
    const found: SessionInfo[] = [];
    for (let begin = 0; begin < keys.length; begin += BATCH) {
      signal.throwIfAborted();
      const node = await nodes.node(address, signal);
      const { sessions } = await all.describe(node, keys.slice(begin, begin + BATCH));
      for (const { session } of sessions) found.push(session);
    }
    return found;
  }));
  return parts.flat();
}

/** How many keys of the sample are asked for the memory that they take. */
const WEIGHED = 1000;

/** The bytes that a session takes in Redis, on average; undefined if no server tells. */
async function weightOf(
  nodes: RedisNodes,
  sample: readonly KeysOfNode[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const each = Math.ceil(WEIGHED / Math.max(1, sample.length));
  const weights = await Promise.all(sample.map(async ({ address, keys }) => {
    const { connection } = await nodes.node(address, signal);
    return await allEnded(
      keys.slice(0, each).map(async (key) => {
        // Not all users may ask, and some keys are gone.
        return await connection.call("MEMORY", "USAGE", key).catch(undefinedIfRefused);
      }),
    );
  }));
  const known = weights.flat().filter((weight) => typeof weight === "number");
  return known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes) / known.length;
}
