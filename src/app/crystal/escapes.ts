/** The characters that a one-letter escape stands for; any other escaped character is itself. */
const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["e", "\x1b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);

const UNICODE = /\\u(?:\{([0-9a-fA-F \t]*)\}|([0-9a-fA-F]{4}))/y;
const BYTE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3}))/y;
const CONTINUATION = /\\\r?\n\s*/y;

/** What an escape sequence stands for, and where the text goes on after it (a UTF-16 offset). */
export interface Escape {
  readonly text: string;
  readonly end: number;
}

/** Reads the escape whose backslash is at `at`; a malformed one stands for its second character. */
export function readEscape(source: string, at: number): Escape {
  const simple = SIMPLE.get(source.charAt(at + 1));
  if (simple !== undefined) return { text: simple, end: at + 2 };
  const continued = matchAt(CONTINUATION, source, at);
  if (continued !== null) return { text: "", end: at + continued[0].length };
  return readUnicode(source, at) ?? readBytes(source, at) ?? readItself(source, at);
}

/** A match of the sticky `pattern` that begins exactly at `at`. */
export function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function readUnicode(source: string, at: number): Escape | undefined {
  const match = matchAt(UNICODE, source, at);
  if (match === null) return undefined;
  const codes = (match[1] ?? match[2] ?? "").split(/[ \t]+/).filter((code) => code !== "");
  return { text: codes.map(fromCode).join(""), end: at + match[0].length };
}

function fromCode(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
}

/** `\x` and octal escapes are bytes: a run is decoded together, as UTF-8. */
function readBytes(source: string, at: number): Escape | undefined {
  const bytes: number[] = [];
  let end = at;
  for (;;) {
    const match = matchAt(BYTE, source, end);
    if (match === null) break;
    const [hex, octal] = [match[1], match[2]];
    bytes.push(hex === undefined ? Number.parseInt(octal ?? "0", 8) : Number.parseInt(hex, 16));
    end += match[0].length;
  }
  if (bytes.length === 0) return undefined;
  return {
    text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes)),
    end,
  };
}

function readItself(source: string, at: number): Escape {
  const code = source.codePointAt(at + 1);
  const text = code === undefined ? "" : String.fromCodePoint(code);
  return { text, end: at + 1 + text.length };
}
