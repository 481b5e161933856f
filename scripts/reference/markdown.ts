/** Markdown that GitHub and VitePress show alike, laid out as `deno fmt` does. */

/** A table. Cells are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** A code span for a table cell. A text with backticks gets longer fences. */
export function code(text: string): string {
  const fence = text.includes("`") ? "``" : "`";
  return `${fence}${text.replaceAll("|", "\\|")}${fence}`;
}

export function codeBlock(language: string, lines: readonly string[]): string {
  return ["```" + language, ...lines, "```"].join("\n");
}

/** What is code in a text: spans, placeholders, options, variables, files, and quoted values. */
const CODE = new RegExp(
  [
    /`[^`]+`/,
    /\{ \w+: "[^"]*" \}/,
    /"[^"]*"/,
    /<\w+>/,
    /(?<=; )-(?= )/,
    /(?<![\w-])--?[a-z][a-z-]*\b/,
    /\b[A-Z]+_[A-Z_]+\b/,
    /(?<![\w/])[\w./-]+\.(?:cr|ts|yml)\b/,
    /\bsession(?:[.:][a-z]\w*)+/,
  ].map(({ source }) => source).join("|"),
  "g",
);

/** A text of the help or of a comment as the Markdown of a table cell. */
export function prose(text: string): string {
  let end = 0;
  const parts: string[] = [];
  for (const match of text.matchAll(CODE)) {
    parts.push(escaped(text.slice(end, match.index)), code(match[0].replace(/^`|`$/g, "")));
    end = match.index + match[0].length;
  }
  return [...parts, escaped(text.slice(end))].join("");
}

/** The width of the lines of a page: see `fmt` in deno.json. */
const WIDTH = 100;

/** A paragraph in lines. */
export function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && `${line} ${word}`.length <= WIDTH) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.join("\n");
}

/** Text in which nothing is markup, neither for Markdown nor for Vue. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|]/g, "\\$&");
}

/** The anchor of a heading of words, which GitHub and VitePress make alike. */
export function slug(heading: string): string {
  if (!/^[A-Za-z][\w ]*$/.test(heading)) throw new TypeError(`Not only words: ${heading}`);
  return heading.toLowerCase().replaceAll(" ", "-");
}
