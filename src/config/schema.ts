/** What azu.config.ts may contain. The types are derived from the schema. */
import * as v from "valibot";
import type { BackendFactory } from "../backends/contract.ts";
import { type BackendType, isBackendType } from "../backends/registry.ts";
import { databaseOptions } from "../backends/sql/backend.ts";
import { parseTable } from "../backends/sql/ddl.ts";
import { memoryOptions } from "../backends/memory.ts";
import { redisOptions } from "../backends/redis/backend.ts";
import { isRecord } from "../core/record.ts";
import { duration, noArray, oneOf, options, shown, text, truth } from "../core/schema.ts";

const cookie = options({
  /** The cookie's name, at most 256 characters; default `"<app>_session"`. */
  name: v.optional(
    text("a cookie name (letters, digits and !#$%&'*+-.^_`|~)", (name) => {
      return /^[\w!#$%&'*+\-.^`|~]{1,256}$/.test(name);
    }),
  ),
  /** Sent over HTTPS only; default true. */
  secure: v.optional(truth()),
  /** Hidden from scripts; default true. */
  httpOnly: v.optional(truth()),
  /** Whether other sites' requests carry it; default `"strict"`. */
  sameSite: v.optional(oneOf(["strict", "lax", "none"])),
  /** The domain, with its subdomains; default: only the host that set the cookie. */
  domain: v.optional(
    text('a domain such as "example.com"', (domain) => {
      return /^\.?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(domain);
    }),
  ),
  /** The path below which it is sent; default `"/"`. */
  path: v.optional(
    text('a path that starts with "/"', (path) => /^\/[^\s;,\p{Cc}]*$/u.test(path)),
  ),
});

/** The session cookie. */
export type CookieOptions = v.InferInput<typeof cookie>;

const factory = v.custom<BackendFactory>(
  (input) => typeof input === "function",
  (issue) =>
    "expected redis({...}), database({...}), memory({...}) or a function that returns a " +
    `backend, got ${shown(issue.input)}`,
);

const optionsOfType = {
  redis: options({ ...redisOptions.entries, type: v.optional(oneOf(["redis"])) }),
  database: options({ ...databaseOptions.entries, type: v.optional(oneOf(["database"])) }),
  memory: options({ ...memoryOptions.entries, type: v.optional(oneOf(["memory"])) }),
} as const satisfies Record<BackendType, v.GenericSchema>;

/** An entry under a built-in backend's name: its options, or a function that replaces it. */
function entryOf<const T extends BackendType>(type: T) {
  return v.optional(
    v.lazy((input): typeof factory | typeof optionsOfType[T] =>
      typeof input === "function" ? factory : optionsOfType[type]
    ),
  );
}

/** An entry under a name that the author chose. */
const customEntry = v.lazy((input) => {
  const type = isRecord(input) ? input["type"] : undefined;
  return typeof type === "string" && isBackendType(type) ? optionsOfType[type] : factory;
});

const session = options({
  /**
   * Which of the backends the app uses: `"redis"`, `"database"`, `"memory"` or a name of your own;
   * default `"redis"`.
   */
  backend: v.optional(text("a backend's name", (name) => name !== "")),
  /**
   * The backend that sessions move from: the app moves a session to its new store when the first
   * request brings it, and ends sessions in both.
   */
  migrateFrom: v.optional(text("a backend's name", (name) => name !== "")),
  /**
   * The backend that sessions are about to move to. The app also finds sessions that its other
   * processes, with `migrateFrom`, have moved there, and ends sessions in both.
   */
  migrateTo: v.optional(text("a backend's name", (name) => name !== "")),
  /** How long a session lives without a visit, at least `"1s"`; default `"24h"`. */
  ttl: v.optional(duration(1000)),
  /**
   * Whether every visit extends the lifetime; default true. If not, it is counted from the first
   * visit or the login.
   */
  sliding: v.optional(truth()),
  /** The session cookie. */
  cookie: v.optional(cookie),
  /** What sessions record about the visitor, besides the user and the time; default: nothing. */
  record: v.optional(options({
    /** The IP address of the last visit; default false. */
    ip: v.optional(truth()),
    /** The browser's `User-Agent` at the last visit, up to 255 characters; default false. */
    userAgent: v.optional(truth()),
  })),
  /** The app's users. */
  user: v.optional(options({
    /** The type of their ids, the same in every environment; default `"int64"`. */
    type: v.optional(oneOf(["int64", "uuid", "string"])),
  })),
  /** The options of the built-in backends, and your own backends. */
  backends: v.optional(
    noArray(v.objectWithRest(
      { redis: entryOf("redis"), database: entryOf("database"), memory: entryOf("memory") },
      customEntry,
      (issue) => `expected an object, got ${shown(issue.input)}`,
    )),
  ),
});

const audit = options({
  /** The file of the records, relative to the config. It is created with the first one. */
  file: v.optional(text("a file's name", (name) => name.trim() !== "")),
  /** The table of the records instead, in the database of the backend `database`. */
  table: v.optional(
    text('a table name such as "azu_audit"', (name) => parseTable(name) !== undefined),
  ),
  /** Whether a command stops if its record cannot be written; default: it warns. */
  required: v.optional(truth()),
});

const settings = {
  /** The app's name, at most 200 characters; default: `name` in `shard.yml`. */
  app: v.optional(text("a name", (name) => name.trim() !== "" && name.length <= 200)),
  /** Where and how sessions are kept. */
  session: v.optional(session),
  /** Where azu records what its commands do with sessions; default: nowhere. */
  audit: v.optional(audit),
};

const overrides = options(settings);

export const configSchema = options({
  ...settings,
  /**
   * A folder of templates to use in place of azu's own, relative to the config:
   * `azu session:setup --eject` makes it.
   */
  templates: v.optional(text('a folder such as "./azu_templates"', (path) => path !== "")),
  /** What differs in an environment; `AZU_ENV` chooses it, and for azu also `--env`. */
  environments: v.optional(
    noArray(v.record(
      v.string(),
      overrides,
      (issue) => `expected an object, got ${shown(issue.input)}`,
    )),
  ),
});

/** What azu.config.ts says. */
export type Config = v.InferInput<typeof configSchema>;

/** What one environment changes. */
export type Overrides = v.InferInput<typeof overrides>;
