/** A status in OpenMetrics text, for Prometheus. */
import { type FigureName, figureNames } from "../../../backends/survey.ts";
import type { Status } from "../../../commands/session_status/status.ts";

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Default: gauge. */
  readonly type?: "counter";
}

/** The unit is the end of the name. */
const METRICS: Readonly<Record<FigureName, Metric>> = {
  sessions: { name: "azu_sessions", help: "Sessions in the store, expired ones included." },
  live: { name: "azu_sessions_live", help: "Sessions that have not expired." },
  expired: { name: "azu_sessions_expired", help: "Expired sessions that are still stored." },
  endless: { name: "azu_sessions_endless", help: "Sessions that never expire." },
  loggedIn: { name: "azu_sessions_logged_in", help: "Sessions with a user." },
  anonymous: { name: "azu_sessions_anonymous", help: "Sessions without a user." },
  bytes: { name: "azu_store_bytes", help: "Bytes that the sessions take." },
  indexBytes: { name: "azu_store_index_bytes", help: "Bytes of the indexes of the table." },
  freeBytes: { name: "azu_store_free_bytes", help: "Bytes of the table or file that are free." },
  deadRows: { name: "azu_store_dead_rows", help: "Dead rows of the table." },
  memoryUsed: { name: "azu_redis_memory_bytes", help: "Bytes of memory that Redis uses." },
  memoryLimit: { name: "azu_redis_memory_limit_bytes", help: "The maxmemory of Redis, in bytes." },
  evicted: {
    name: "azu_redis_evicted_keys",
    help: "Keys that Redis has evicted since its start.",
    type: "counter",
  },
};

/** @param labels Their values may be any texts. */
export function openMetrics(
  { figures, time }: Pick<Status, "figures" | "time">,
  labels: Readonly<Record<string, string>>,
): string[] {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  const series = `{${pairs.join(",")}}`;
  const lines = figureNames.flatMap((figure) => {
    const { name, help, type = "gauge" } = METRICS[figure];
    const value = figures[figure]?.value;
    if (value === undefined) return [];
    const sample = type === "counter" ? `${name}_total` : name;
    return [...head(name, type, help), `${sample}${series} ${value}`];
  });
  const read = "azu_status_time_seconds";
  return [
    ...lines,
    ...head(read, "gauge", "When the status was read, in seconds since 1970."),
    `${read}${series} ${time / 1000}`,
    "# EOF",
  ];
}

function head(name: string, type: string, help: string): string[] {
  const unit = /_(bytes|seconds)$/.exec(name)?.[1];
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
  ];
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
