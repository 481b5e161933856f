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
