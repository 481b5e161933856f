/** The protocol's reader: what is cut anywhere, and what no server should send. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { encoded, encodedWithKeys } from "../../../src/backends/redis/resp/command.ts";
import {
  integer,
  parseReply,
  ProtocolError,
  type Reply,
  RespError,
} from "../../../src/backends/redis/resp/protocol.ts";
import {
  forEachKey,
  parseScan,
  partition,
  pick,
  type RawKeys,
} from "../../../src/backends/redis/resp/scan.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (text: string) => encoder.encode(text);

/** A reply as a server sends it. */
function written(reply: Reply): Uint8Array {
  if (reply === null) return bytesOf("$-1\r\n");
  if (typeof reply === "number") return bytesOf(`:${reply}\r\n`);
  if (typeof reply === "string") return bytesOf(`+${reply}\r\n`);
  if (reply instanceof RespError) return bytesOf(`-${reply.message}\r\n`);
  if (reply instanceof Uint8Array) {
    return joined([bytesOf(`$${reply.length}\r\n`), reply, bytesOf("\r\n")]);
  }
  return joined([bytesOf(`*${reply.length}\r\n`), ...reply.map(written)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Comparable: errors by their words, bytes as numbers. */
function plain(reply: Reply | undefined): unknown {
  if (reply instanceof RespError) return { error: reply.message };
  if (reply instanceof Uint8Array) return [...reply];
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

const lines = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) =>
  !/[\r\n]/.test(text) && text.isWellFormed()
);
const { reply: replies } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.constant(null),
    lines,
    lines.map((text) => new RespError(text)),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie("reply"), { maxLength: 4 }),
  ),
}));

Deno.test("property: what a server writes is read, wherever it is cut", () => {
  fc.assert(fc.property(replies, fc.uint8Array({ maxLength: 6 }), (reply, after) => {
    const bytes = joined([written(reply), after]);
    const end = bytes.length - after.length;
    for (let cut = 0; cut < end; cut++) {
      strictEqual(parseReply(bytes.subarray(0, cut), 0), undefined, `cut at ${cut}`);
    }
    const parsed = parseReply(bytes, 0);
    deepStrictEqual([plain(parsed?.value), parsed?.next], [plain(reply), end]);
  }));
});

Deno.test("property: whatever comes, it is a reply, none yet, or an error of the protocol", () => {
  const characters = fc.constantFrom(..."*$+-:0123456789\r\nx".split(""));
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(characters, { maxLength: 60 }).map((all) => bytesOf(all.join(""))),
    fc.array(fc.constantFrom("*1\r\n", "$1\r\n", "x\r\n", "*0\r\n", ":1\r\n", "$-1\r\n"), {
      maxLength: 20,
    }).map((all) => bytesOf(all.join(""))),
  );
  const parsers: ((bytes: Uint8Array, start: number) => unknown)[] = [parseReply, parseScan];
  fc.assert(
    fc.property(noise, (bytes) => {
      for (const parse of parsers) {
        try {
          parse(bytes, 0);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("what no Redis says is an error at its first byte", () => {
  for (
    const start of ["HTTP/1.1 400 Bad Request", "SSH-2.0-x", "\x15\x03\x01\x00\x02\x02\x46", "\0"]
  ) {
    throws(() => parseReply(bytesOf(start), 0), ProtocolError, start);
    throws(() => parseScan(bytesOf(start), 0), ProtocolError, start);
  }
});

Deno.test("lengths that cannot be are errors, those that are only large are waited for", () => {
  const wrong = [
    "$-2",
    "$x",
    "$",
    "$1x",
    "$536870913",
    "$99999999999999999999",
    "*-2",
    "*16777217",
  ];
  for (const line of wrong) {
    throws(() => parseReply(bytesOf(`${line}\r\n`), 0), ProtocolError, line);
    throws(() => parseReply(bytesOf(`*1\r\n${line}\r\n`), 0), ProtocolError, line);
  }
  strictEqual(parseReply(bytesOf("$536870912\r\nabc"), 0), undefined);
  strictEqual(parseReply(bytesOf("*16777216\r\n:1\r\n"), 0), undefined);
  for (const line of ["*-1", "*3000000000", "*x", "$1"]) {
    throws(() => parseScan(bytesOf(`*2\r\n$1\r\n0\r\n${line}\r\n`), 0), ProtocolError, line);
  }
});

Deno.test("a text or a line without its end is an error", () => {
  for (const broken of ["$1\r\nxy\r\n", "$1\r\nx\n\r", "+OK\rx", ":1\r:"]) {
    throws(() => parseReply(bytesOf(broken), 0), ProtocolError, JSON.stringify(broken));
  }
  throws(() => parseReply(bytesOf(`+${"x".repeat(70_000)}`), 0), ProtocolError);
  strictEqual(parseReply(bytesOf(`+${"x".repeat(60_000)}`), 0), undefined);
});

Deno.test("lists that are nested too deep are an error, not the end of the stack", () => {
  const nested = (depth: number) => bytesOf("*1\r\n".repeat(depth) + ":1\r\n");
  strictEqual(parseReply(nested(8), 0)?.next, 8 * 4 + 4);
  for (const depth of [9, 100_000]) throws(() => parseReply(nested(depth), 0), ProtocolError);
});

Deno.test("numbers: signs, and what is none", () => {
  const read = (text: string) => integer(bytesOf(text), 0, text.length);
  deepStrictEqual(["0", "-1", "12345678901"].map(read), [0, -1, 12_345_678_901]);
  for (const none of ["", "-", "+1", "1.5", " 1", "1e3", "0x1", "1".repeat(21)]) {
    throws(() => read(none), ProtocolError, none);
  }
});

/** Keys as SCAN sends them. */
function rawKeys(keys: readonly Uint8Array[]): RawKeys {
  return { bytes: joined(keys.map(written)), count: keys.length };
}

function keysOf(raw: RawKeys): string[] {
  const keys: string[] = [];
  forEachKey(raw, (start, end) => keys.push([...raw.bytes.subarray(start, end)].join()));
  return keys;
}

const someKeys = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 8 });

Deno.test("property: a SCAN's reply is read wherever it is cut, its keys as they came", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), someKeys, (cursor, keys) => {
    const bytes = joined([written([bytesOf(`${cursor}`), keys]), bytesOf("+next")]);
    const end = bytes.length - 5;
    for (let cut = 0; cut < end; cut++) {
      strictEqual(parseScan(bytes.subarray(0, cut), 0), undefined, `cut at ${cut}`);
    }
    const parsed = parseScan(bytes, 0);
    if (parsed === undefined || parsed.value instanceof RespError) throw new Error("no keys");
    deepStrictEqual([parsed.value.cursor, parsed.next], [`${cursor}`, end]);
    deepStrictEqual(keysOf(parsed.value.keys), keys.map((key) => [...key].join()));
  }));
});

Deno.test("what is no answer to SCAN is an error of the protocol, an error is the server's", () => {
  const wrong = [
    "*1\r\n",
    "*3\r\n",
    ":1\r\n",
    "+OK\r\n",
    "*2\r\n:0\r\n*0\r\n",
    "*2\r\n$1\r\nx\r\n*0\r\n",
  ];
  for (const reply of [...wrong, "*2\r\n$1\r\n0\r\n*1\r\n:5\r\n", "*2\r\n$0\r\n\r\n*0\r\n"]) {
    throws(() => parseScan(bytesOf(reply), 0), ProtocolError, JSON.stringify(reply));
  }
  const error = parseScan(bytesOf("-LOADING wait\r\n"), 0);
  strictEqual(error?.value instanceof RespError && error.value.code, "LOADING");
  strictEqual(error?.next, 15);
});

Deno.test("property: keys that are parted are all there, each on its side, as commands", () => {
  fc.assert(fc.property(someKeys, fc.integer({ min: 0, max: 255 }), (keys, limit) => {
    const raw = rawKeys(keys);
    const isSmall = (start: number, end: number) => end > start && (raw.bytes[start] ?? 0) <= limit;
    const { yes, no } = partition(raw, isSmall);
    const small = keys.filter(([first]) => first !== undefined && first <= limit);
    const others = keys.filter(([first]) => first === undefined || first > limit);
    deepStrictEqual(keysOf(yes), small.map((key) => [...key].join()));
    deepStrictEqual(keysOf(no), others.map((key) => [...key].join()));
    deepStrictEqual([yes.count, no.count], [small.length, others.length]);
    deepStrictEqual(pick(raw, []).count, 0);
    // A command is a list of texts, and so can be read back as one.
    const command = parseReply(joined(encodedWithKeys("UNLINK", [yes])), 0);
    deepStrictEqual(plain(command?.value), [
      [..."UNLINK"].map((c) => c.charCodeAt(0)),
      ...small.map((k) => [...k]),
    ]);
  }));
});

Deno.test("property: a command is read back as what it was made of", () => {
  const argument = fc.oneof(fc.string(), fc.maxSafeInteger(), fc.uint8Array());
  fc.assert(fc.property(fc.array(argument, { minLength: 1, maxLength: 6 }), (command) => {
    const parsed = parseReply(encoded(command), 0);
    const expected = command.map((part) => part instanceof Uint8Array ? part : bytesOf(`${part}`));
    deepStrictEqual(plain(parsed?.value), expected.map((part) => [...part]));
    strictEqual(decoder.decode(encoded(command)).startsWith(`*${command.length}\r\n`), true);
  }));
});
