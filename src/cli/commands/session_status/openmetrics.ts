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

/** The status of a store, and the labels of its series: their values may be any texts. */
export interface LabelledStatus {
  readonly status: Pick<Status, "figures" | "time">;
  readonly labels: Readonly<Record<string, string>>;
}

/** All series of a metric follow each other. */
export function openMetrics(stores: readonly LabelledStatus[]): string[] {
  const lines = figureNames.flatMap((figure) => {
    const { name, help, type = "gauge" } = METRICS[figure];
    const sample = type === "counter" ? `${name}_total` : name;
    const samples = stores.flatMap(({ status, labels }) => {
      const value = status.figures[figure]?.value;
      return value === undefined ? [] : [`${sample}${seriesOf(labels)} ${value}`];
    });
    return samples.length === 0 ? [] : [...head(name, type, help), ...samples];
  });
  const read = "azu_status_time_seconds";
  return [
    ...lines,
    ...head(read, "gauge", "When the status was read, in seconds since 1970."),
    ...stores.map(({ status, labels }) => `${read}${seriesOf(labels)} ${status.time / 1000}`),
    "# EOF",
  ];
}

function seriesOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(",")}}`;
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
