/** Quotes one word for a POSIX shell. Throws if no shell can pass it on. */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new TypeError("A shell word cannot contain NUL");
  return `'${word.replaceAll("'", () => `'\\''`)}'`;
}
