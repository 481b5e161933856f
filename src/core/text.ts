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

/** The line ending at `lineEnd` (the offset of a `\n`), or that of the first line. */
export function newlineOf(text: string, lineEnd = text.indexOf("\n")): "\n" | "\r\n" {
  return lineEnd > 0 && text[lineEnd - 1] === "\r" ? "\r\n" : "\n";
}

/** A list for a sentence: `redis, database or memory`. */
export function listed(words: readonly string[], conjunction: "or" | "and" = "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}

/** The candidate most similar to a mistyped word; undefined if none is similar. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(word.length > 4 ? 2 : 1, Math.floor(word.length / 3));
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** The Levenshtein distance of two words, ignoring case. */
function editDistance(from: string, to: string): number {
  const a = from.toLowerCase().slice(0, 64);
  const b = to.toLowerCase().slice(0, 64);
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
