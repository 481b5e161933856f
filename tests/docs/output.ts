/** Compares what a command has printed with what a page shows. */

/** What differs between runs, and the word that stands for it in both texts. */
const VARIABLE: readonly (readonly [RegExp, string])[] = [
  [/[^\n]*\r.\[K/g, ""], // progress on a slow machine: on a terminal, and elsewhere
  [/^(?:Connecting|Counting|Counted|Reading|Read|Checking|Looking|Verifying) .*\n/gm, ""],
  [/\b\d{14}(?=_\w+\.cr\b|\b)/g, "<time>"], // in the name of a migration
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+\d\d:\d\d)?/g, "<date>"],
  [/^azu \d\S* \(.*\)$/gm, "<version>"],
  [/(?<=&& )\/?\S*azu(?= session:(?:sweep|copy))/g, "<azu>"], // the path of the executable
  [/^index [0-9a-f]+\.\.[0-9a-f]+/gm, "<index>"], // of git
  [/\b(now|\d+ (s|min) ago)\b/g, "<ago>"],
  [/\b[0-9.]+ (B|KiB|MiB)\b/g, "<size>"],
  [/\babout \d+ bits of entropy\b/g, "<entropy>"], // of a random secret
];

/** A line that stands for any number of lines. */
const LEFT_OUT = "…";

/** Whether the output is the one that the page shows. */
export function isShown(actual: string, shown: readonly string[]): boolean {
  return matches(linesOf(actual), linesOf(shown.join("\n")));
}

function linesOf(text: string): string[] {
  let even = text;
  for (const [pattern, word] of VARIABLE) even = even.replaceAll(pattern, word);
  // Columns move if a value is longer than the one on the page.
  const lines = even.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  ").trimEnd());
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function matches(actual: readonly string[], shown: readonly string[]): boolean {
  const [first, ...others] = shown;
  if (first === undefined) return actual.length === 0;
  if (first === LEFT_OUT) {
    return Array.from({ length: actual.length + 1 }).some((_, skipped) => {
      return matches(actual.slice(skipped), others);
    });
  }
  return first === actual[0] && matches(actual.slice(1), others);
}
