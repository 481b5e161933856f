/**
 * The text with visible control characters, so that no name or message from outside can move the
 * cursor, colour the terminal or fake a line of output.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, escape);
}

function escape(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  if (character === "\r") return "\\r";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Decodes UTF-8. A byte order mark stays.
 * @throws if the bytes are anything else.
 */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new Error("it is not UTF-8", { cause: error });
  }
}

/** The line ending at `lineEnd` (the offset of a `\n`), or that of the first line. */
export function newlineOf(text: string, lineEnd = text.indexOf("\n")): "\n" | "\r\n" {
  return lineEnd > 0 && text[lineEnd - 1] === "\r" ? "\r\n" : "\n";
}

/** A list for a sentence: `redis, database or memory`. */
export function listed(words: readonly string[], conjunction: "or" | "and" = "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}
