/** What the `layout` of any backend may contain. The types are derived from the schemas. */
import * as v from "valibot";
import { oneOf, options, shown, text } from "../core/schema.ts";
import { isRecord } from "../core/record.ts";
import type { Packing, Path, PayloadLayout } from "./payload.ts";

const path = options({
  /** Where it is in the payload: names of properties, from the outside in, such as `"passport.user"`. */
  path: text('a path such as "passport.user"', (path) => {
    return path.split(".").every((name) => name !== "");
  }),
});

/** A fact in the payload. */
export type PayloadPath = v.InferInput<typeof path>;

const noPath = v.custom<never>(
  () => false,
  ({ input }) => `expected { path: "…" }, got ${shown(input)}`,
);

/** The schema of {@linkcode PayloadPath}. */
export const inPayload = v.lazy((input): typeof path | typeof noPath => {
  return isRecord(input) ? path : noPath;
});

/** The schema of {@linkcode Packing}. */
export const packing = oneOf(["json", "gzip", "sealed", "opaque"]);

/** What is assumed of a payload if the config does not say it. */
export const DEFAULT_PACKING: Packing = "sealed";

/** The paths among the places of facts. */
export function pathsIn(
  places: Readonly<Partial<Record<keyof PayloadLayout, unknown>>>,
): PayloadLayout {
  const paths: Partial<Record<keyof PayloadLayout, Path>> = {};
  for (const fact of ["user", "createdAt", "visitedAt", "ip", "userAgent"] as const) {
    const place = places[fact];
    if (isPath(place)) paths[fact] = place.path.split(".");
  }
  return paths;
}

function isPath(place: unknown): place is PayloadPath {
  return isRecord(place) && typeof place["path"] === "string";
}
