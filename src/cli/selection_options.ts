/** The options that select sessions. Every command that takes a selection declares them with this. */
import { parseDuration } from "../core/duration.ts";
import { newCommand, value, values } from "./program.ts";

/** A point in time: so many milliseconds ago, or in milliseconds since 1970. */
export type When = { readonly ago: number } | { readonly at: number };

const time = value(parseDuration, 'a time such as "30d" or "90m", of ten years at most');

const when = value(
  whenOf,
  'a time such as "30d", or a date such as "2026-11-28" or "2026-11-28T03:00Z"',
);

/** Adds the options to a command. */
export function selectionOptions(command: ReturnType<typeof newCommand>) {
  return command
    .optionsGroup("Selection (a session must meet all that are given):")
    .option("--user <id>", "Of this user; may be repeated", userId("--users-from <file>"))
    .option("--users-from <file>", "Of one of the users in a file, one per line; - reads stdin")
    .option("--except-user <id>", "Not of this user; may be repeated", userId())
    .option("--anonymous", "Without a user")
    .option("--logged-in", "With a user")
    .option("--live", "Not expired")
    .option("--expired", "Expired")
    .option("--no-expiry", "That never expire")
    .option("--older-than <time>", "Created longer ago than this", time)
    .option("--idle <time>", "Last visited longer ago than this", time)
    .option("--created-before <when>", "Created before a date, or longer ago than a time", when)
    .option("--created-after <when>", "Created at a date or later, or within a time", when)
    .option("--expires-within <time>", "Not expired, but within this time", time)
    .option("--ip <address>", "From an address or a network (CIDR); may be repeated", words())
    .option("--handle <handle>", "With this handle; may be repeated", words())
    .option("--handles-from <file>", "With one of the handles in a file; - reads stdin");
}

export type SelectionFlags = ReturnType<ReturnType<typeof selectionOptions>["opts"]>;

export const SELECTION_HELP =
  "A selection's <time> is a number with s, m, h, d or w. A <when> is such a time, which means " +
  "that long ago, or a date such as 2026-11-28 or 2026-11-28T03:00Z; without a zone, in UTC.";

/** Texts that are checked when the command runs, because what checks them loads slowly. */
function words() {
  return values((text) => text, "a text");
}

/**
 * A user id. What looks like an option is refused: it has taken the place of a value that is
 * missing, as in `--except-user $NOBODY --dry-run`.
 * @param fromFile The option that takes such ids from a file.
 */
function userId(fromFile?: string) {
  const else_ = fromFile === undefined ? "" : `; for one that begins with -, use ${fromFile}`;
  return values(
    (text) => text.trim() === "" || /^-(?!\d)/.test(text) ? undefined : text,
    `a user id${else_}`,
  );
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** Reads a duration, or a date of ISO 8601. Without a zone, it is in UTC. */
export function whenOf(text: string): When | undefined {
  const ago = parseDuration(text);
  if (ago !== undefined) return { ago };
  const [, date, clock = "00:00", zone = "Z"] = DATE.exec(text) ?? [];
  if (date === undefined) return undefined;
  const at = Date.parse(`${date}T${clock}${zone}`);
  // JavaScript takes 30 February for 2 March.
  const midnight = Date.parse(`${date}T00:00Z`);
  const isReal = !Number.isNaN(at) && new Date(midnight).toISOString().startsWith(date);
  return isReal ? { at } : undefined;
}
