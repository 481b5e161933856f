/** SCAN's replies, and their keys on the way back to the server: never an object a key. */
import { joined } from "./command.ts";
import {
  expectLineEnd,
  integer,
  LARGEST_BULK,
  lineEnd,
  type Parsed,
  parseReply,
  ProtocolError,
  RespError,
  text,
} from "./protocol.ts";

/** A batch of keys as they came: each `$<length>\r\n<key>\r\n`, which commands send likewise. */
export interface RawKeys {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** How many keys there are in several batches. */
export function countOf(batches: readonly RawKeys[]): number {
  return batches.reduce((sum, { count }) => sum + count, 0);
}

/** What SCAN answers. */
export interface ScanReply {
  readonly cursor: string;
  readonly keys: RawKeys;
}

/**
 * The reply to a SCAN, its keys not taken apart: a million keys would be a million objects.
 * @throws {ProtocolError}
 */
export function parseScan(
  bytes: Uint8Array,
  start: number,
): Parsed<ScanReply | RespError> | undefined {
  if (start >= bytes.length) return undefined;
  if (bytes[start] === 45 /* - */) {
    const error = parseReply(bytes, start);
    return error?.value instanceof RespError ? { ...error, value: error.value } : undefined;
  }
  const outer = header(bytes, start, "*");
  if (outer === undefined) return undefined;
  if (outer.value !== 2) throw new ProtocolError("no answer to SCAN");
  const cursor = parseReply(bytes, outer.next);
  if (cursor === undefined) return undefined;
  if (!(cursor.value instanceof Uint8Array)) throw new ProtocolError("no answer to SCAN");
  const list = header(bytes, cursor.next, "*");
  if (list === undefined) return undefined;
  let next = list.next;
  for (let index = 0; index < list.value; index++) {
    const key = header(bytes, next, "$");
    if (key === undefined) return undefined;
    const end = key.next + key.value;
    if (end + 2 > bytes.length) return undefined;
    expectLineEnd(bytes, end);
    next = end + 2;
  }
  const digits = text(cursor.value, 0, cursor.value.length);
  if (!/^\d{1,20}$/.test(digits)) throw new ProtocolError("a cursor that is none");
  const keys = { bytes: bytes.slice(list.next, next), count: list.value };
  return { value: { cursor: digits, keys }, next };
}

/** How many keys of each group a command was for; those whose answers have come, in their order. */
export function parseCounts(
  bytes: Uint8Array,
  start: number,
  groups: readonly RawKeys[],
): Parsed<(number | RespError)[]> {
  const value: (number | RespError)[] = [];
  let next = start;
  for (const { count } of groups) {
    const reply = parseReply(bytes, next);
    if (reply === undefined) break;
    const answer = reply.value;
    const isCount = typeof answer === "number" && answer >= 0 && answer <= count;
    if (!isCount && !(answer instanceof RespError)) throw new ProtocolError("no count of keys");
    value.push(answer);
    next = reply.next;
  }
  return { value, next };
}

/** Calls back with where each key begins and ends. */
export function forEachKey(
  { bytes, count }: RawKeys,
  visit: (start: number, end: number) => void,
): void {
  for (let index = 0, at = 0; index < count; index++) {
    const end = lineEnd(bytes, at + 1);
    const start = end + 2;
    const length = integer(bytes, at + 1, end);
    visit(start, start + length);
    at = start + length + 2;
  }
}

/** Those of the keys that lie in the ranges, each `[start, end]` as {@link forEachKey} tells it. */
export function pick(
  { bytes, count }: RawKeys,
  ranges: readonly (readonly [number, number])[],
): RawKeys {
  if (ranges.length === count) return { bytes, count };
  const parts = ranges.map(([start, end]) => bytes.subarray(headerStart(bytes, start), end + 2));
  return { bytes: joined(parts), count: parts.length };
}

/** The keys for which the test holds, and the others. */
export function partition(
  keys: RawKeys,
  test: (start: number, end: number) => boolean,
): { readonly yes: RawKeys; readonly no: RawKeys } {
  const [yes, no]: [number, number][][] = [[], []];
  forEachKey(keys, (start, end) => (test(start, end) ? yes : no)?.push([start, end]));
  return { yes: pick(keys, yes ?? []), no: pick(keys, no ?? []) };
}

/** Where the `$<length>` before a key begins. */
function headerStart(bytes: Uint8Array, keyStart: number): number {
  let at = keyStart - 3;
  while (bytes[at] !== 36 /* $ */) at--;
  return at;
}

function header(bytes: Uint8Array, start: number, type: string): Parsed<number> | undefined {
  if (start >= bytes.length) return undefined;
  if (bytes[start] !== type.charCodeAt(0)) throw new ProtocolError("a reply of another type");
  const end = lineEnd(bytes, start + 1);
  if (end < 0) return undefined;
  const value = integer(bytes, start + 1, end);
  if (value < 0 || value > LARGEST_BULK) throw new ProtocolError("an impossible length");
  return { value, next: end + 2 };
}
