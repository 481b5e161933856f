/** Estimates how hard a secret is to guess. */

/** Bits of a letter in a word of a natural language. */
const BITS_IN_WORD = 1.5;

/** Bits of a sign between words, if it has occurred before. */
const BITS_OF_SEPARATOR = 1;

/** Letters in a row that may be a word. */
const WORD = 3;

/** The part of a text that words must fill. */
const MOST = 0.6;

/** Characters of a part that counts only once. */
const REPEATED = 4;

/**
 * The entropy in bits, as if each character were chosen at random among those of its kinds. Nothing
 * is counted for characters that continue a run such as `aaa` or `123`, or repeat a part of the text
 * before them, and little for what looks like words and separators. It is an estimate: no text shows
 * how it was made.
 */
export function estimatedBits(secret: string): number {
  const characters = [...secret];
  const each = bitsOfCharacter(secret);
  const isHex = /^[0-9a-f]*$/i.test(secret);
  const inWord = isHex ? new Set<number>() : placesInWords(characters);
  let bits = 0;
  const signs = new Set<string>();
  characters.forEach((character, at) => {
    if (continuesRun(characters, at) || repeats(characters, at)) return;
    if (inWord.has(at)) bits += BITS_IN_WORD;
    else bits += inWord.size > 0 && signs.has(character) ? BITS_OF_SEPARATOR : each;
    if (/[^\p{L}\p{N}]/u.test(character)) signs.add(character);
  });
  return Math.floor(bits);
}

/** How many characters there are of the kinds that occur, in bits. */
function bitsOfCharacter(secret: string): number {
  if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(secret)) return 4;
  const kinds: readonly (readonly [RegExp, number])[] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^a-zA-Z0-9]/, 32],
  ];
  const count = kinds.reduce((sum, [kind, size]) => kind.test(secret) ? sum + size : sum, 0);
  return Math.log2(Math.max(count, 1));
}

/** Whether it follows two characters by the same step: `aaa`, `abc`, `321`. */
function continuesRun(characters: readonly string[], at: number): boolean {
  const [first, second, third] = [at - 2, at - 1, at].map((place) => {
    return characters[place]?.codePointAt(0);
  });
  if (first === undefined || second === undefined || third === undefined) return false;
  return third - second === second - first && Math.abs(third - second) <= 1;
}

/** Whether it ends a part that occurs earlier, too. */
function repeats(characters: readonly string[], at: number): boolean {
  if (at < REPEATED) return false;
  const part = characters.slice(at - REPEATED + 1, at + 1).join("");
  return characters.slice(0, at).join("").includes(part);
}

/** The places of words, if most of the text is words: random letters may look like some, too. */
function placesInWords(characters: readonly string[]): Set<number> {
  const places = new Set<number>();
  const words = new RegExp(`[A-Z]?[a-z]{${WORD},}|[A-Z]{${WORD},}`, "g");
  for (const { index, 0: word } of characters.join("").matchAll(words)) {
    if (!/[aeiou]/i.test(word)) continue;
    for (let at = index; at < index + word.length; at++) places.add(at);
  }
  return places.size > MOST * characters.length ? places : new Set();
}
