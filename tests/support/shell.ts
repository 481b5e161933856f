/** Quotes one word for a POSIX shell. Throws when no shell could pass the word on. */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new TypeError("A shell word cannot contain NUL");
  return `'${word.replaceAll("'", () => `'\\''`)}'`;
}
