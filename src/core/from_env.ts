/**
 * Texts of a config that contain environment variables. A variable is marked with characters that
 * Unicode reserves for private use, so the text can be put together like any other.
 */
import { UsageError } from "./errors.ts";

/** A variable in a text. */
export interface TextVariable {
  readonly name: string;
  /** What it stands for if it is not set; undefined if it must be set. */
  readonly fallback: string | undefined;
}

const VARIABLE = /\ue000([A-Za-z_]\w*)(?:\ue001([^\ue000-\ue002]*))?\ue001(\d+)\ue002/g;
const MARKS = /[\ue000-\ue002]/;

/**
 * A variable that azu reads when it runs, and the app when it starts.
 * @throws {UsageError} if the name is not one of a variable.
 */
export function fromEnv(name: unknown, fallback?: unknown): string {
  if (typeof name !== "string" || !/^[A-Za-z_]\w{0,100}$/.test(name)) {
    throw new UsageError('fromEnv: expected the name of a variable, such as "APP_NAME"');
  }
  if (fallback === undefined) return marked(name);
  if (typeof fallback !== "string" || fallback === "" || MARKS.test(fallback)) {
    throw new UsageError(`fromEnv: expected a text of at least one character as ${name}'s default`);
  }
  return marked(`${name}\ue001${fallback}`);
}

/** @param content The name, and the default if there is one. */
function marked(content: string): string {
  return `\ue000${content}\ue001${checksum(content)}\ue002`;
}

/** Tells whether code has changed what is marked, such as by `toLowerCase()`. */
function checksum(content: string): number {
  let sum = 0;
  for (let at = 0; at < content.length; at++) sum = (sum * 31 + content.charCodeAt(at)) % 65_521;
  return sum;
}

/** The parts of a text: plain ones, and variables. */
export function partsOf(text: string): (string | TextVariable)[] {
  const parts: (string | TextVariable)[] = [];
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const [all, name = "", fallback, sum] = match;
    const content = fallback === undefined ? name : `${name}\ue001${fallback}`;
    if (checksum(content) !== Number(sum)) continue;
    parts.push(text.slice(end, match.index), { name, fallback });
    end = match.index + all.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** The variables in a text, in their order. */
export function variablesIn(text: string): TextVariable[] {
  return partsOf(text).filter((part) => typeof part !== "string");
}

/** The name of the variable that is the whole text, without a default; undefined for other texts. */
export function variableOf(text: string): string | undefined {
  const [part, another] = partsOf(text);
  if (part === undefined || typeof part === "string" || another !== undefined) return undefined;
  return part.fallback === undefined ? part.name : undefined;
}

/** Whether a text contains a variable, or what is left of one. */
export function hasVariables(text: string): boolean {
  return MARKS.test(text);
}

/** Whether code has changed the mark of a variable, so that it cannot be read. */
export function isBroken(text: string): boolean {
  return partsOf(text).some((part) => typeof part === "string" && MARKS.test(part));
}

/** The text with each variable replaced by what `valueOf` returns. */
export function replaceVariables(
  text: string,
  valueOf: (variable: TextVariable) => string,
): string {
  return partsOf(text).map((part) => typeof part === "string" ? part : valueOf(part)).join("");
}

/**
 * The text with the values of its variables.
 * @param what What the text is, for example `the key prefix`.
 * @throws {UsageError} if one without a default is not set.
 */
export function withValues(
  text: string,
  what: string,
  env: (name: string) => string | undefined,
): string {
  return replaceVariables(text, ({ name, fallback }) => {
    const value = env(name) ?? fallback;
    if (value !== undefined) return value;
    throw new UsageError(`${name} is not set, and ${what} contains it`, {
      hint: `Set ${name} to the value that the app has`,
    });
  });
}

/** The text for people: `${APP_NAME}:session:`, with a default `${APP_NAME:-shop}:session:`. */
export function withNames(text: string): string {
  return replaceVariables(
    text,
    ({ name, fallback }) => fallback === undefined ? `\${${name}}` : `\${${name}:-${fallback}}`,
  );
}
