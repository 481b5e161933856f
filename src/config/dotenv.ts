/** Parses .env files. The only file that imports dotenv. */
import { parse } from "dotenv";

export interface Dotenv {
  /** Does not change the environment. */
  readonly variables: ReadonlyMap<string, string>;
  /** The names of variables whose value was cut off at a `#` that is not in quotes. */
  readonly cutOff: ReadonlySet<string>;
}

export function parseDotenv(source: string): Dotenv {
  // A `#` after a blank begins a comment. Elsewhere it is meant to be a part of the value.
  const cut = source.matchAll(
    /^\s*(?:export\s+)?([\w.-]+)\s*[=:][ \t]*(?:[^\s'"`#][^#\r\n]*)?(?<![ \t])#(?![ \t])/gm,
  );
  return {
    variables: new Map(Object.entries(parse(source))),
    cutOff: new Set([...cut].map(([, name = ""]) => name)),
  };
}
