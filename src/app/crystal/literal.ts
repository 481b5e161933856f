/** The only place that writes values into Crystal source. No text can become code. */
import { fromEnv, partsOf, type TextVariable } from "../../core/from_env.ts";

/** A Crystal string literal. The variables in the text are read when it is evaluated. */
export function crystalString(text: string): string {
  const parts = partsOf(text).map((part) =>
    typeof part === "string" ? escaped(part) : `#{${crystalVariable(part)}}`
  );
  return `"${parts.join("")}"`;
}

/** Every `#` is escaped, so that none can begin an interpolation. */
function escaped(text: string): string {
  return text.toWellFormed().replace(/["\\#]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (/["\\#]/.test(character)) return `\\${character}`;
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

function crystalVariable({ name, fallback }: TextVariable): string {
  const otherwise = fallback === undefined
    ? `abort("${name} is missing: the sessions need it")`
    : crystalString(fallback);
  return `ENV["${name}"]?.presence || ${otherwise}`;
}

/** A variable as {@linkcode crystalVariable} writes it into a text. */
const VARIABLE =
  /#\{ENV\["([A-Za-z_]\w{0,100})"\]\?\.presence \|\| (?:"((?:[^"\\#]|\\[^])+)"|abort\("[^"\\#]*"\))\}/;
/** Texts without code: a character, or an escape whose meaning is certain. */
const PLAIN = /^(?:[^"\\#]|#(?!\{)|\\["\\#ntre]|\\u\{[0-9a-fA-F]{1,6}\})*$/;

/**
 * Reads a string literal. Knows what {@linkcode crystalString} writes, and plain literals.
 * @returns the text, with its variables; undefined for any other literal.
 */
export function readCrystalString(literal: string): string | undefined {
  const inner = /^"([^]*)"$/.exec(literal)?.[1];
  if (inner === undefined) return undefined;
  let text = "";
  // Each variable has two groups, so every third part is plain.
  const parts = inner.split(VARIABLE);
  for (let at = 0; at < parts.length; at += 3) {
    const plain = unescaped(parts[at] ?? "");
    if (plain === undefined) return undefined;
    text += plain;
    const name = parts[at + 1];
    if (name === undefined) continue;
    const fallback = parts[at + 2];
    const value = fallback === undefined ? undefined : unescaped(fallback);
    if (fallback !== undefined && value === undefined) return undefined;
    text += fromEnv(name, value);
  }
  return text;
}

const ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ n: "\n", t: "\t", r: "\r", e: "\x1b" }),
);

/** Undefined if the text contains code, or an escape that is not known here. */
function unescaped(text: string): string | undefined {
  if (!PLAIN.test(text)) return undefined;
  return text.replace(/\\(?:u\{([0-9a-fA-F]+)\}|(.))/gs, (_, hex?: string, character = "") => {
    if (hex === undefined) return ESCAPES.get(character) ?? character;
    const code = Number.parseInt(hex, 16);
    return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  });
}

/** A Crystal `Time::Span`, in the largest unit that takes a whole number: `24.hours`. */
export function crystalSpan(milliseconds: number): string {
  const units = [["days", 86_400_000], ["hours", 3_600_000], ["minutes", 60_000], [
    "seconds",
    1000,
  ]] as const;
  for (const [unit, size] of units) {
    const amount = milliseconds / size;
    // One day is written as `24.hours`: it is a length of time, not a date.
    if (Number.isInteger(amount) && (unit !== "days" || amount > 1)) {
      return amount === 1 ? `1.${unit.slice(0, -1)}` : `${amount}.${unit}`;
    }
  }
  return `${milliseconds}.milliseconds`;
}

const SPANS: ReadonlyMap<string, number> = new Map([
  ["millisecond", 1],
  ["second", 1000],
  ["minute", 60_000],
  ["hour", 3_600_000],
  ["day", 86_400_000],
]);

/** The milliseconds of a span as {@linkcode crystalSpan} writes it; undefined for other code. */
export function readCrystalSpan(code: string): number | undefined {
  const [, amount, unit = ""] = /^(\d{1,12})\.(\w+?)s?$/.exec(code) ?? [];
  const size = SPANS.get(unit);
  return amount === undefined || size === undefined ? undefined : Number(amount) * size;
}

/**
 * The name of an app as a Crystal module's: `my-app` becomes `MyApp`, as `azu new` does it.
 * Characters that a constant cannot contain are removed. If nothing is left, it is `App`.
 */
export function crystalModule(app: string): string {
  const words = app.normalize("NFKD").replace(/\p{M}/gu, "").split(/[^A-Za-z0-9]+/).filter((word) =>
    word !== ""
  );
  const name = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
  return /^[A-Z]/.test(name) ? name : `App${name}`;
}

/** The text of a comment, on one line, so that no part of it becomes code. */
export function crystalComment(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/**
 * The constants that Crystal programs have at their top: those of the standard library (version
 * 1.6 with all of it required, and what later ones added), and of the shards that Azu apps use.
 */
export const TOP_LEVEL_CONSTANTS: ReadonlySet<string> = new Set(
  `
  ARGF ARGV AlwaysInline ArgumentError Array Atomic Base64 Benchmark BigDecimal BigFloat BigInt
  BigRational BitArray Bool Box Bytes CSV CallConvention Channel Char Class Colorize Comparable
  Complex Compress Crypto Crystal Deprecated Deque Digest Dir DivisionByZeroError ECR ENV Enum
  Enumerable Errno Exception Experimental Extern Fiber File FileUtils Flags Float Float32 Float64
  GC HTML HTTP Hash INI IO IPSocket IndexError Indexable Int Int128 Int16 Int32 Int64 Int8
  Intrinsics InvalidBigDecimalException InvalidByteSequenceError Iterable Iterator JSON KeyError
  LLVM Levenshtein Link Log MIME Math Mutex Naked NamedTuple Nil NilAssertionError NoInline
  NoReturn NotImplementedError Number OAuth OAuth2 Object OpenSSL OptionParser OverflowError
  PROGRAM_NAME Packed Path Pointer PrettyPrint Primitive Proc Process Raises Random Range
  Reference Regex ReturnsTwice RuntimeError STDERR STDIN STDOUT SemanticVersion Set Signal Slice
  Socket Spec StaticArray Steppable String StringPool StringScanner Struct Symbol Syscall System
  SystemError TCPServer TCPSocket Termios Thread ThreadLocal Time Tuple TypeCastError UDPSocket
  UInt128 UInt16 UInt32 UInt64 UInt8 UNIXServer UNIXSocket URI UUID Unicode Union VaList Value
  Void WasiError WeakRef WinError XML YAML WaitGroup
  Ameba Azu CQL ConnectionPool Crinja DB MySql PG PQ Radix Redis Schema Session SQLite3
  `.trim().split(/\s+/),
);
