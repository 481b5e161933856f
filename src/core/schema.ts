/** Building blocks for schemas, with messages that a user understands. */
import * as v from "valibot";
import { type Duration, formatMilliseconds, parseDuration } from "./duration.ts";
import { hasVariables, isBroken, replaceVariables, variableOf, withNames } from "./from_env.ts";
import { redact } from "./redact.ts";
import { listed, printable } from "./text.ts";

/** A value for a message: short, on one line, without credentials. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    const text = redact(withNames(value));
    return `"${printable(text.length > 60 ? `${text.slice(0, 57)}...` : text)}"`;
  }
  if (value === null || ["undefined", "number", "boolean", "bigint"].includes(typeof value)) {
    return String(value);
  }
  return Array.isArray(value)
    ? "an array"
    : typeof value === "object"
    ? "an object"
    : `a ${typeof value}`;
}

function expected(what: string): (issue: { input: unknown }) => string {
  return ({ input }) => refusal(what, input);
}

function refusal(what: string, input: unknown): string {
  return typeof input === "string" && hasVariables(input)
    ? `expected ${what}: fromEnv is for keyPrefix, table and url only`
    : `expected ${what}, got ${shown(input)}`;
}

/** A duration such as `"24h"`, parsed to milliseconds. The minimum is in milliseconds too. */
export function duration(least = 1) {
  return v.pipe(
    v.custom<Duration>(
      (input) => typeof input === "string" && (parseDuration(input) ?? 0) >= least,
      (issue) => {
        const isShort = typeof issue.input === "string" && parseDuration(issue.input) !== undefined;
        const what = isShort ? `of at least ${formatMilliseconds(least)}` : 'such as "24h"';
        return refusal(`a duration ${what}`, issue.input);
      },
    ),
    v.transform((text) => parseDuration(text) ?? 0),
  );
}

/** A string that satisfies a condition. */
export function text(what: string, isValid: (value: string) => boolean = () => true) {
  return v.custom<string>(
    (input) => typeof input === "string" && !hasVariables(input) && isValid(input),
    expected(what),
  );
}

/**
 * A string that may contain variables.
 * @param isValid Gets the string with a letter or the default in the place of each variable.
 */
export function textWithVariables(
  what: string,
  isValid: (value: string) => boolean = () => true,
) {
  return v.custom<string>(
    (input) =>
      typeof input === "string" && !isBroken(input) &&
      isValid(replaceVariables(input, ({ fallback }) => fallback ?? "x")),
    (issue) =>
      typeof issue.input === "string" && isBroken(issue.input)
        ? `expected ${what}: what fromEnv returns may be added to a text, and not be changed`
        : `expected ${what}, got ${shown(issue.input)}`,
  );
}

export function whole(minimum: number, maximum: number) {
  return v.custom<number>(
    (input) => Number.isInteger(input) && Number(input) >= minimum && Number(input) <= maximum,
    expected(`a whole number from ${minimum} to ${maximum}`),
  );
}

export function truth() {
  return v.boolean(expected("true or false"));
}

export function oneOf<const T extends readonly string[]>(words: T) {
  return v.picklist(words, expected(listed(words.map((word) => `"${word}"`))));
}

/**
 * A connection URL, or `fromEnv` with the name of the variable that contains it. Its problems are
 * reported without its credentials.
 */
export function url(problemOf: (url: string) => string | undefined) {
  return v.custom<string>(
    (input) => {
      if (typeof input !== "string") return false;
      return hasVariables(input) ? variableOf(input) !== undefined : problemOf(input) === undefined;
    },
    ({ input }) => {
      if (typeof input !== "string") return `expected a URL, got ${shown(input)}`;
      return hasVariables(input)
        ? 'expected a URL, or fromEnv("NAME") alone and without a default'
        : problemOf(input) ?? "";
    },
  );
}

/** An object with these keys only. */
export function options<const T extends v.ObjectEntries>(entries: T) {
  const message = ({ expected, input }: v.StrictObjectIssue) => {
    // The library quotes the name of a key that is missing.
    return expected?.startsWith('"') ? "required" : refusal("an object", input);
  };
  return Object.assign(noArray(v.strictObject(entries, message)), { entries });
}

/** Makes a schema refuse arrays, which the library accepts as objects. */
export function noArray<const S extends v.GenericSchema>(schema: S) {
  const refusal = v.custom<never>(() => false, expected("an object"));
  return v.lazy((input): S | typeof refusal => Array.isArray(input) ? refusal : schema);
}
