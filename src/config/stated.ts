/** What the app's source states, and where that is not what the config says. */
import { INITIALIZER } from "../app/app.ts";
import type { Initializer } from "../app/initializer/initializer.ts";
import type { Backend, Stated } from "../backends/contract.ts";
import type { BackendEntry } from "../backends/registry.ts";
import { isRecord } from "../core/record.ts";
import { printable } from "../core/text.ts";

/** What wins over the config. That no clustering is seen states nothing: it may be elsewhere. */
export function statedBy(initializer: Initializer | undefined): Stated {
  if (initializer === undefined) return {};
  const { keyPrefix, table, clustered, clusterChannel } = initializer;
  return {
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(table === undefined ? {} : { table }),
    ...(clustered ? { clustered } : {}),
    ...(typeof clusterChannel === "string" ? { channel: clusterChannel } : {}),
  };
}

/** What the app computes: what it is cannot be told from the source. */
export function unreadable(initializer: Initializer | undefined, backend: Backend): string[] {
  if (initializer?.stores.includes("redis") !== true) return [];
  const used = (what: string) => `The ${what} that ${INITIALIZER} uses cannot be read from it: `;
  const pattern = printable(backend.describe().pattern ?? "");
  const channel = printable(backend.nodeCache?.channel ?? "");
  return [
    ...(initializer.keyPrefix === undefined
      ? [`${used("key prefix")}${pattern} may not be what the app writes`]
      : []),
    ...(initializer.clusterChannel === null
      ? [`${used("cluster's channel")}"${channel}" may not be where the app's nodes listen`]
      : []),
  ];
}

/** Settings that source and config state differently. */
export function disagreements(
  stated: Stated,
  entry: BackendEntry | undefined,
  name: string,
): string[] {
  if (!isRecord(entry)) return [];
  const cluster = isRecord(entry["cluster"]) ? entry["cluster"] : {};
  const settings: [what: string, path: string, inSource: string | undefined, inConfig: unknown][] =
    [
      ["keyPrefix", "keyPrefix", stated.keyPrefix, entry["keyPrefix"]],
      ["table", "table", stated.table, entry["table"]],
      ["cluster's channel", "cluster.channel", stated.channel, cluster["channel"]],
    ];
  return settings.flatMap(([what, path, inSource, inConfig]) => {
    if (inSource === undefined || typeof inConfig !== "string" || inConfig === inSource) return [];
    return [
      `${INITIALIZER} states the ${what} "${printable(inSource)}", the config ` +
      `(session.backends.${name}.${path}) "${printable(inConfig)}": ` +
      "using the app's own, for that is what the app uses",
    ];
  });
}
