/** The checks of `session:doctor` on Redis. */
import { type Check, makeChecks, ok, once } from "../../checks.ts";
import type { DiagnosisOptions } from "../../diagnosis.ts";
import { clockCheck, latencyCheck } from "../../server_checks.ts";
import { ErrorReply, ProtocolError } from "../connection.ts";
import { explainRedisError } from "../errors.ts";
import { isList, type RedisNode, textOf } from "../node.ts";
import type { RedisNodes } from "../nodes.ts";
import type { RedisSessions } from "../store.ts";
import { nameOf } from "../url.ts";
import type { KeySpace } from "../walk.ts";
import { keyChecks } from "./keys.ts";
import { addressCheck, replicasCheck } from "./replicas.ts";
import { rightsChecks } from "./rights.ts";
import { sampleOf } from "./sample.ts";
import { memoryCheck, persistenceCheck, policyCheck, serverInfo } from "./server.ts";

export async function diagnoseRedis(
  nodes: RedisNodes,
  keys: KeySpace,
  sessions: RedisSessions,
  options: DiagnosisOptions,
): Promise<void> {
  const { signal, now } = options;
  const { endpoint } = nodes;
  const masters = once(async () => {
    const { masters } = await nodes.topology(signal);
    return await Promise.all(masters.map((address) => nodes.node(address, signal)));
  });
  const infos = once(async () => await Promise.all((await masters()).map(serverInfo)));
  const sample = once(async () => await sampleOf(await masters(), keys, sessions));
  const slowest = async (ask: (node: RedisNode) => Promise<unknown>) => {
    return await Promise.all((await masters()).map(ask));
  };
  const checks: Check[] = [
    ["reach.login", async () => {
      const names = (await masters()).map(({ address }) => nameOf(address));
      const user = endpoint.password === "" ? "without a password" : `as ${userOf(endpoint)}`;
      return ok(`logged in ${user} at ${names.join(", ")}`);
    }],
    ["reach.addresses", async () => await addressCheck(await masters(), signal)],
    ["reach.latency", () => latencyCheck(() => slowest(ping))],
    ["reach.clock", () => clockCheck(async () => await timeOf(await masters()), now)],
    ...rightsChecks(masters, keys, sessions, userOf(endpoint)),
    ["redis.policy", async () => policyCheck(await infos())],
    ["redis.memory", async () => memoryCheck(await infos())],
    ["redis.persistence", async () => await persistenceCheck(await masters(), await infos())],
    ["redis.replicas", async () => {
      return await replicasCheck(await masters(), await infos(), endpoint.sentinelMaster);
    }],
    ...keyChecks(sample, sessions.keyPrefix, options),
  ];
  await makeChecks(checks, options, (error) => explainRedisError(error, endpoint));
}

/** The user that a URL without one logs in as is called default. */
function userOf({ username }: { readonly username: string }): string {
  return username === "" ? "default" : username;
}

/** A user without the right to send PING gets an answer, too. */
async function ping({ connection }: RedisNode): Promise<void> {
  await connection.call("PING").catch((error: unknown) => {
    if (!(error instanceof ErrorReply)) throw error;
  });
}

/** The time of the server whose clock is furthest ahead. */
async function timeOf(masters: readonly RedisNode[]): Promise<number> {
  const times = await Promise.all(masters.map(async ({ connection }) => {
    const reply = await connection.call("TIME");
    const [seconds, microseconds] = isList(reply) ? reply.map(textOf) : [];
    const time = Number(seconds) * 1000 + Number(microseconds) / 1000;
    if (Number.isNaN(time)) throw new ProtocolError("the reply to TIME has another form");
    return time;
  }));
  return Math.max(...times);
}
