/** The way to Redis: see `backends/reach.ts`. */
import type { DiagnosisOptions } from "../../diagnosis.ts";
import { reachServers } from "../../reach.ts";
import { readTls, type TlsFiles } from "../tls.ts";
import type { RedisEndpoint } from "../url.ts";

/** Checks the servers in the URL: one, nodes of a cluster, or sentinels. */
export async function reachRedis(
  endpoint: RedisEndpoint,
  tls: TlsFiles | undefined,
  options: DiagnosisOptions,
): Promise<void> {
  const scheme = endpoint.sentinelMaster === undefined ? "redis" : "redis+sentinel";
  await reachServers(endpoint.nodes, async () => {
    const { cert, key } = tls === undefined ? {} : await readTls(tls);
    return {
      mode: tls === undefined ? "plain" : "checked",
      stated: `${scheme}://`,
      better: `Begin the URL with ${scheme.replace("redis", "rediss")}://`,
      ...(cert === undefined || key === undefined ? {} : { identity: { cert, key } }),
    };
  }, options);
}
