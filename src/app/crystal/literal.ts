/** The only place that writes values into Crystal source. No text can become code. */

/** A Crystal string literal. Every `#` is escaped, so that none can begin an interpolation. */
export function crystalString(text: string): string {
  const body = text.toWellFormed().replace(/["\\#]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (/["\\#]/.test(character)) return `\\${character}`;
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
  return `"${body}"`;
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
