/** Reads the Redis serialization protocol (RESP2), https://redis.io/docs/latest/develop/reference/protocol-spec/ */

/** What a server answers; texts come as bytes, for keys may hold anything. */
export type Reply = number | null | Uint8Array | string | RespError | readonly Reply[];

export function isList(reply: Reply | undefined): reply is readonly Reply[] {
  return Array.isArray(reply);
}

/** An error that the server answered with; its code is the first word of its message. */
export class RespError extends Error {
  override readonly name = "RespError";

  get code(): string {
    return this.message.split(" ", 1)[0] ?? "";
  }
}

/** What came is not the protocol: another kind of server, or bytes that were lost or changed. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** A value, and where the next reply begins. */
export interface Parsed<T> {
  readonly value: T;
  readonly next: number;
}

/** Replies are small, or batches of keys; whatever claims to be larger is none. */
export const LARGEST_BULK = 512 << 20;
const LARGEST_ARRAY = 1 << 24;
const DEEPEST = 8;

/** What a reply begins with. */
const TYPES: ReadonlySet<number> = new Set(Array.from("+-:$*", (type) => type.charCodeAt(0)));

const [CR, LF, MINUS, ZERO, NINE] = [13, 10, 45, 48, 57] as const;

/**
 * The reply that begins at `start`; undefined where its end has not come yet.
 * @throws {ProtocolError}
 */
export function parseReply(bytes: Uint8Array, start: number, depth = 0): Parsed<Reply> | undefined {
  const type = bytes[start];
  if (type === undefined) return undefined;
  // At once: what speaks another protocol may never send the end of a line.
  if (!TYPES.has(type)) throw new ProtocolError("a reply of no known type");
  const end = lineEnd(bytes, start + 1);
  if (end < 0) return undefined;
  const next = end + 2;
  switch (String.fromCharCode(type)) {
    case "+":
      return { value: text(bytes, start + 1, end), next };
    case "-":
      return { value: new RespError(text(bytes, start + 1, end)), next };
    case ":":
      return { value: integer(bytes, start + 1, end), next };
    case "$":
      return parseBulk(bytes, integer(bytes, start + 1, end), next);
    default:
      if (depth >= DEEPEST) throw new ProtocolError("lists nested too deep");
      return parseArray(bytes, integer(bytes, start + 1, end), next, depth);
  }
}

function parseBulk(bytes: Uint8Array, length: number, start: number): Parsed<Reply> | undefined {
  if (length === -1) return { value: null, next: start };
  if (length < 0 || length > LARGEST_BULK) throw new ProtocolError("a text of impossible length");
  const next = start + length + 2;
  if (next > bytes.length) return undefined;
  expectLineEnd(bytes, start + length);
  return { value: bytes.slice(start, start + length), next };
}

function parseArray(
  bytes: Uint8Array,
  length: number,
  start: number,
  depth: number,
): Parsed<Reply> | undefined {
  if (length === -1) return { value: null, next: start };
  if (length < 0 || length > LARGEST_ARRAY) throw new ProtocolError("a list of impossible length");
  const values: Reply[] = [];
  let next = start;
  for (let index = 0; index < length; index++) {
    const parsed = parseReply(bytes, next, depth + 1);
    if (parsed === undefined) return undefined;
    values.push(parsed.value);
    next = parsed.next;
  }
  return { value: values, next };
}

/** Lines are short: numbers, states and errors. */
const LONGEST_LINE = 1 << 16;

export function lineEnd(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(CR, start);
  if (end >= 0 && end + 1 < bytes.length) {
    if (bytes[end + 1] !== LF) throw new ProtocolError("a line without its end");
    return end;
  }
  if (bytes.length - start > LONGEST_LINE) throw new ProtocolError("a line without its end");
  return -1;
}

export function expectLineEnd(bytes: Uint8Array, at: number): void {
  if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new ProtocolError("a text without its end");
}

export function integer(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) {
    const digit = bytes[at] ?? 0;
    if (digit < ZERO || digit > NINE) throw new ProtocolError("a number that is none");
    value = value * 10 + (digit - ZERO);
  }
  if (end - start < (negative ? 2 : 1) || end - start > 20) {
    throw new ProtocolError("a number that is none");
  }
  return negative ? -value : value;
}

const decoder = new TextDecoder();

export function text(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
