/** The `layout` of a database backend: which columns of a table hold what. */
import * as v from "valibot";
import { isRecord } from "../../core/record.ts";
import { duration, oneOf, options, text } from "../../core/schema.ts";
import { DEFAULT_PACKING, inPayload, packing, pathsIn } from "../layout_options.ts";

const isName = (name: string) => name !== "" && !name.includes("\0");
const column = () => text("the name of a column", isName);
const columnOr = (forms: string) => text(`the name of a column or ${forms}`, isName);

const COLUMN_OR_PATH = columnOr('{ path: "…" }');
const TIME = columnOr("an object");

const numbers = options({
  /** The column, of whole or other numbers. */
  column: column(),
  /** What they count since 1970. */
  unit: oneOf(["seconds", "milliseconds"]),
});

/** A time in a column of numbers, such as Unix seconds. */
export type EpochColumn = v.InferInput<typeof numbers>;

const lifetime = options({
  /** The time that the lifetime is counted from. It must be in a column. */
  after: oneOf(["createdAt", "visitedAt"]),
  /** How long a session lives after that. */
  lifetime: duration(),
});

const payload = options({
  /** The column that contains the payload. */
  column: column(),
  /**
   * How it is packed: as `"json"`; as `"gzip"`, which is JSON that may be compressed; as
   * `"sealed"`, the same, which the session shard may have sealed; or `"opaque"`, so that nothing
   * can be read from it. Default: `"sealed"`.
   */
  packed: v.optional(packing),
});

const textPlace = () =>
  v.optional(v.lazy((input): typeof COLUMN_OR_PATH | typeof inPayload => {
    return isRecord(input) ? inPayload : COLUMN_OR_PATH;
  }));

const timePlace = () =>
  v.optional(v.lazy((input): typeof TIME | typeof numbers | typeof inPayload => {
    if (!isRecord(input)) return TIME;
    return "path" in input ? inPayload : numbers;
  }));

/**
 * An expiry is never in the payload: the statement that removes an expired row checks its expiry
 * again, and cannot read a payload.
 */
const expiry = () =>
  v.optional(v.lazy((input): typeof TIME | typeof numbers | typeof lifetime => {
    if (!isRecord(input)) return TIME;
    return "after" in input || "lifetime" in input ? lifetime : numbers;
  }));

const layout = options({
  /** The column of the session id. */
  id: column(),
  /** The user's id: a column, which is NULL if nobody is logged in, or `{ path }`. */
  user: textPlace(),
  /** When a session was created: a column of times, `{ column, unit }` or `{ path }`. */
  createdAt: timePlace(),
  /** When it was last visited: as `createdAt`. */
  visitedAt: timePlace(),
  /** When it expires: a column of times, `{ column, unit }` or `{ after, lifetime }`. */
  expiresAt: expiry(),
  /** The IP address: a column or `{ path }`. */
  ip: textPlace(),
  /** The user agent: a column or `{ path }`. */
  userAgent: textPlace(),
  /** The payload: a column or `{ column, packed }`. */
  payload: v.optional(v.lazy((input): typeof TIME | typeof payload => {
    return isRecord(input) ? payload : TIME;
  })),
});

export type DatabaseLayoutOptions = v.InferOutput<typeof layout>;

export const databaseLayout = v.pipe(
  layout,
  v.check(
    (layout) => contradictionIn(layout) === undefined,
    ({ input }) => contradictionIn(input) ?? "",
  ),
);

/** Where a table that other software has created contains what is known of its sessions. */
export type DatabaseLayout = v.InferInput<typeof databaseLayout>;

/** The column of the payload, and how it is packed; undefined if the layout names none. */
export function payloadOf({ payload }: Pick<DatabaseLayoutOptions, "payload">) {
  if (payload === undefined) return undefined;
  return typeof payload === "string"
    ? { column: payload, packed: DEFAULT_PACKING }
    : { column: payload.column, packed: payload.packed ?? DEFAULT_PACKING };
}

function contradictionIn(layout: DatabaseLayoutOptions): string | undefined {
  const [inPath] = Object.keys(pathsIn(layout));
  const packed = payloadOf(layout)?.packed;
  if (inPath !== undefined && packed === undefined) {
    return `expected payload, because ${inPath} is in it, got none`;
  }
  if (inPath !== undefined && packed === "opaque") {
    return `expected ${inPath} in a column, because the payload is opaque, got a path`;
  }
  const { expiresAt } = layout;
  if (!isRecord(expiresAt) || !("after" in expiresAt)) return undefined;
  const base = layout[expiresAt.after];
  const isColumn = base !== undefined && (typeof base === "string" || "column" in base);
  if (isColumn) return undefined;
  const got = base === undefined ? "none" : "a path";
  return `expected a column for ${expiresAt.after}, because expiresAt is counted from it, got ${got}`;
}
