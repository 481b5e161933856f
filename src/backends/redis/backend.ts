import { UsageError } from "../../core/errors.ts";
import { isRecord } from "../../core/record.ts";
import { secretsIn } from "../../core/secrets.ts";
import { printable } from "../../core/text.ts";
import {
  type Backend,
  type BackendContext,
  CONNECT_TIMEOUT,
  type NodeCache,
  type SetupSpec,
} from "../contract.ts";
import { problemIn } from "../../core/connection_url.ts";
import { type UrlSource, urlSource } from "../url_source.ts";
import { APP_REDIS_URL_SHAPE, parseRedisUrl, REDIS_URL_SHAPE, type RedisEndpoint } from "./url.ts";
import * as v from "valibot";
import {
  duration,
  options,
  shown,
  text,
  textWithVariables,
  url,
  whole,
} from "../../core/schema.ts";
import { withValues } from "../../core/from_env.ts";
import { redisLayout } from "./layout_options.ts";

const USUAL_VARIABLE = "REDIS_URL";
const DEFAULT_URL = "redis://localhost:6379";

/** The session shard's own defaults. */
const DEFAULT_NODE_CACHE: NodeCache = { channel: "session:cluster:invalidate", cacheTtl: 30_000 };

/** Sessions stored as Redis keys under one prefix. */
export function bindRedis(
  chosen: v.InferOutput<typeof redisOptions>,
  context: BackendContext,
): Backend {
  const source = urlSource(chosen.url, USUAL_VARIABLE, context);
  const endpoint = endpointOf(source);
  const keyPrefix = context.stated.keyPrefix ?? chosen.keyPrefix ?? defaultPrefix(context.app);
  if (keyPrefix === "") {
    throw new UsageError("The app's initializer states an empty key prefix: refused", {
      hint: "Without a prefix, every key of the database would be a session",
    });
  }
  if (!keyPrefix.isWellFormed()) {
    throw new UsageError("The app's initializer states a key prefix with half a character", {
      hint: "Remove the unpaired surrogate (\\ud800 to \\udfff): Redis would look for other keys",
    });
  }
  const prefix = () => withValues(keyPrefix, "the key prefix", context.env);
  const pattern = () => `${prefix()}*`;
  const addressFrom = source.from;
  const nodeCache = nodeCacheOf(chosen, context);
  const tls = endpoint?.tls ? { ...chosen.tls, root: context.root } : undefined;
  return {
    name: "redis",
    capabilities: { clear: true, createTable: false, replicas: true, expiresItself: true },
    describe: () => {
      const place = endpoint === undefined ? {} : { address: endpoint.address, addressFrom };
      return { ...place, pattern: pattern() };
    },
    announce: () => [
      `Redis URL: ${endpoint?.address ?? ""}`,
      `Clearing Redis sessions with pattern: ${printable(pattern())}`,
    ],
    // The app's store cannot use values of another layout.
    ...(chosen.layout === undefined
      ? { setup: setupSpec(keyPrefix, chosen, nodeCache, source.variable) }
      : {}),
    ...(nodeCache === undefined ? {} : { nodeCache }),
    check() {
      if (endpoint === undefined) throw missingUrl(source.variable);
      if (addressFrom === "the default" && !context.hasApp) throw nowhere(context);
      if (chosen.tls !== undefined && !endpoint.tls) throw plainUrl(endpoint.address);
    },
    async reach(options) {
      if (endpoint === undefined) return; // to connect says what is missing
      const { reachRedis } = await import("./diagnosis/reach.ts");
      await reachRedis(endpoint, tls, options);
    },
    async connect(signal, { timeout = CONNECT_TIMEOUT } = {}) {
      if (endpoint === undefined) throw missingUrl(source.variable);
      const { openRedisStore } = await import("./store.ts");
      const secrets = secretsIn(context.env);
      const { layout } = chosen;
      const sessions = { keyPrefix: prefix(), channel: nodeCache?.channel, secrets, layout };
      return openRedisStore({ endpoint, tls, connectTimeout: timeout }, sessions, signal);
    },
  };
}

function setupSpec(
  keyPrefix: string,
  { poolSize = 5, poolTimeout = 5000 }: v.InferOutput<typeof redisOptions>,
  nodeCache: NodeCache | undefined,
  variable: string,
): SetupSpec {
  return {
    template: "redis",
    shards: [{ name: "redis", github: "stefanwille/crystal-redis" }],
    requires: ["redis"],
    variables: [{ name: variable, shape: APP_REDIS_URL_SHAPE }],
    values: {
      keyPrefix,
      poolSize,
      poolTimeout,
      ...(nodeCache === undefined ? {} : { nodeCache }),
      ...(variable === USUAL_VARIABLE ? {} : { urlVariable: variable }),
    },
  };
}

/** The default server may contain the sessions of any app. */
function nowhere({ root }: BackendContext): UsageError {
  return new UsageError(
    `Nothing says where the sessions are: ${root} has no shard.yml and no azu.config.ts, and ` +
      "REDIS_URL is not set",
    { hint: "Run azu in the app's folder, or name it with -C; or set REDIS_URL" },
  );
}

/** Certificates in the config show that an unencrypted connection is a mistake. */
function plainUrl(address: string): UsageError {
  return new UsageError(
    `session.backends.redis.tls is configured, but the URL is ${address}: nothing would be encrypted`,
    { hint: "Begin the URL with rediss://, or remove tls from the config" },
  );
}

/** The session shard's default is `session:`. An app with a name gets its own prefix. */
function defaultPrefix(app: string | undefined): string {
  return app === undefined ? "session:" : `${app}:session:`;
}

/** How to reach the caches of the app's nodes; undefined if they do not cache. */
function nodeCacheOf(
  { cluster }: v.InferOutput<typeof redisOptions>,
  { stated }: BackendContext,
): NodeCache | undefined {
  const isOn = stated.clustered ?? (cluster !== undefined && cluster !== false);
  if (!isOn) return undefined;
  const chosen = isRecord(cluster) ? cluster : {};
  return {
    channel: stated.channel ?? chosen.channel ?? DEFAULT_NODE_CACHE.channel,
    cacheTtl: stated.cacheTtl ?? chosen.cacheTtl ?? DEFAULT_NODE_CACHE.cacheTtl,
  };
}

/** Undefined if the variable that the config names is not set: setup needs no server. */
function endpointOf({ url, variable, from }: UrlSource): RedisEndpoint | undefined {
  if (url === undefined) {
    return variable === USUAL_VARIABLE ? parseRedisUrl(DEFAULT_URL) : undefined;
  }
  const problem = from === "the config" ? undefined : problemIn(parseRedisUrl, url);
  if (problem !== undefined) throw new UsageError(`${variable}: ${problem}`);
  return parseRedisUrl(url);
}

function missingUrl(variable: string): UsageError {
  return new UsageError(`No Redis to connect to: ${variable} is not set`, {
    hint: `Set ${variable} to ${REDIS_URL_SHAPE}`,
  });
}

/** An unpaired surrogate would reach Redis as U+FFFD, and match other keys. */
function bytes(what: string, checked = text) {
  return v.pipe(
    checked(`${what} of at least one character`, (value) => value !== ""),
    v.check((value) => value.isWellFormed(), (issue) => {
      return `expected ${what} of whole characters, got ${shown(issue.input)}`;
    }),
  );
}

const clusterOptions = options({
  /** The channel on which the nodes listen; default `"session:cluster:invalidate"`. */
  channel: v.optional(bytes("a channel's name")),
  /** How long a node may serve a session from its cache, at least `"1s"`; default `"30s"`. */
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
  /**
   * Where Redis is; default: `REDIS_URL`, else `redis://localhost:6379`. With
   * `fromEnv("OTHER_REDIS_URL")`, azu and the app take it from another variable.
   */
  url: v.optional(url((text) => problemIn(parseRedisUrl, text))),
  /**
   * PEM files for a URL that begins with `rediss://`, each relative to the config; azu's own
   * connection only, for the app has its own settings.
   */
  tls: v.optional(tlsOptions),
  /**
   * What every session key starts with; default: `"<app>:session:"`, or `"session:"` for an app
   * without a name. It may contain variables: `fromEnv("APP_NAME", "shop") + ":session:"`.
   */
  keyPrefix: v.optional(bytes("a key prefix", textWithVariables)),
  /**
   * What the values contain, if other software writes them. It replaces what azu knows of what the
   * app writes; what it does not name is not known.
   */
  layout: v.optional(redisLayout),
  /** Connections that the app keeps open; default 5. */
  poolSize: v.optional(whole(1, 1000)),
  /** How long the app waits for a free connection, and for an answer of Redis; default `"5s"`. */
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

/** The options of a Redis backend; all have defaults. */
export type RedisOptions = v.InferInput<typeof redisOptions>;
