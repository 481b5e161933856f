/** The options of a Redis backend in the config. */
import * as v from "valibot";
import { isRecord } from "../../core/record.ts";
import { duration, options, shown, text, url, whole } from "../../core/schema.ts";
import { redisUrlProblem } from "./url.ts";

/** An unpaired surrogate would reach Redis as U+FFFD, and match other keys. */
function bytes(what: string) {
  return v.pipe(
    text(`${what} of at least one character`, (value) => value !== ""),
    v.check((value) => value.isWellFormed(), (issue) => {
      return `expected ${what} of whole characters, got ${shown(issue.input)}`;
    }),
  );
}

const clusterOptions = options({
  /** The channel on which the nodes listen; default `"session:cluster:invalidate"`. */
  channel: v.optional(bytes("a channel's name")),
  /** How long a node may serve a session from its cache; default `"30s"`, at least `"1s"`. */
  cacheTtl: v.optional(duration(1000)),
});

const file = () => v.optional(text("the name of a PEM file", (name) => name !== ""));

const tlsOptions = v.pipe(
  options({
    /** The certificates of authorities that are trusted besides the known ones. */
    ca: file(),
    /** The certificate that azu shows, where Redis asks for one; with `key`. */
    cert: file(),
    /** The private key of `cert`. */
    key: file(),
  }),
  v.check(
    ({ cert, key }) => (cert === undefined) === (key === undefined),
    "expected cert and key together, got one of them",
  ),
);

const clustered = v.boolean((issue) =>
  `expected true, false or an object, got ${shown(issue.input)}`
);

export const redisOptions = options({
  /** Where Redis is; default: `REDIS_URL`, else `redis://localhost:6379`. */
  url: v.optional(url(redisUrlProblem)),
  /**
   * PEM files for a URL that begins with `rediss://`, each relative to the config; azu's own
   * connection only, for the app has its own settings.
   */
  tls: v.optional(tlsOptions),
  /** What every session key starts with; default `"<app>:session:"`. */
  keyPrefix: v.optional(bytes("a key prefix")),
  /** Connections that the app holds open; default 5. */
  poolSize: v.optional(whole(1, 1000)),
  /** How long the app waits for a free connection; default `"5s"`. */
  poolTimeout: v.optional(duration()),
  /**
   * Whether the app runs as several nodes that share this Redis and keep sessions in local caches
   * (the session shard's `ClusteredRedisStore`); default false. Redis Cluster is not meant.
   */
  cluster: v.optional(
    v.lazy((input): typeof clustered | typeof clusterOptions =>
      isRecord(input) ? clusterOptions : clustered
    ),
  ),
});

/** What a Redis backend may be told; everything has a default. */
export type RedisOptions = v.InferInput<typeof redisOptions>;
