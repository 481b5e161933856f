/** The `layout` of a Redis backend: what the values of its keys contain. */
import * as v from "valibot";
import { options } from "../../core/schema.ts";
import { inPayload, packing, pathsIn } from "../layout_options.ts";

const layout = options({
  /** The user's id, which is missing or null if nobody is logged in. */
  user: v.optional(inPayload),
  /** When a session was created. */
  createdAt: v.optional(inPayload),
  /** When it was last visited. */
  visitedAt: v.optional(inPayload),
  /** The IP address. */
  ip: v.optional(inPayload),
  /** The user agent. */
  userAgent: v.optional(inPayload),
  /**
   * How values are packed: as `"json"`; as `"gzip"`, which is JSON that may be compressed; as
   * `"sealed"`, the same, which the session shard may have sealed; or `"opaque"`, so that nothing
   * can be read from them. Default: `"sealed"`.
   */
  packed: v.optional(packing),
});

export type RedisLayoutOptions = v.InferOutput<typeof layout>;

export const redisLayout = v.pipe(
  layout,
  v.check(
    (layout) => contradictionIn(layout) === undefined,
    ({ input }) => contradictionIn(input) ?? "",
  ),
);

/**
 * Where the values of keys that other software writes contain what is known of its sessions. They
 * expire as their keys do.
 */
export type RedisLayout = v.InferInput<typeof redisLayout>;

function contradictionIn(layout: RedisLayoutOptions): string | undefined {
  const [inPath] = Object.keys(pathsIn(layout));
  if (inPath === undefined || layout.packed !== "opaque") return undefined;
  return `expected no ${inPath}, because the values are opaque, got a path`;
}
