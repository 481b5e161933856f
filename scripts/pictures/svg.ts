/** Draws the output of a terminal as an SVG. */

const CELL = { width: 8.4, height: 20 };
const PADDING = 18;
const BAR = 34;

const COLOURS = { back: "#12161d", bar: "#1c222c", text: "#d6dce6", dots: "#3a4453" };

/** The codes that azu writes, as attributes. */
const STYLES: Readonly<Record<string, string>> = {
  "1": 'font-weight="600" fill="#ffffff"',
  "2": 'fill="#8d99ab"',
  "31": 'fill="#ff7b72"',
  "32": 'fill="#5ed08a"',
  "33": 'fill="#e8b756"',
  "36": 'fill="#56c2d6"',
};

const ESCAPE = "\x1b[";
/** The code that ends a style. */
const RESET = "0";

/** A run of characters in one style. */
interface Run {
  readonly text: string;
  readonly column: number;
  readonly style: string | undefined;
}

/**
 * @param output Text with the escape sequences of colours, and no others.
 * @throws {Error} if it contains a code that has no style here.
 */
export function terminalSvg(title: string, output: string, columns: number): string {
  const lines = output.replaceAll("\r", "").trimEnd().split("\n").flatMap((line) => {
    return wrapped(runsOf(line), columns);
  });
  const width = Math.ceil(columns * CELL.width + 2 * PADDING);
  const height = BAR + lines.length * CELL.height + 2 * PADDING;
  const dots = [0, 1, 2].map((index) => {
    return `<circle cx="${PADDING + 4 + index * 18}" cy="${BAR / 2}" r="5"/>`;
  });
  const texts = lines.map((line, index) =>
    textOf(line, BAR + PADDING + (index + 0.75) * CELL.height)
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${COLOURS.back}"/>`,
    `<path d="M0 ${BAR}V8a8 8 0 0 1 8-8h${width - 16}a8 8 0 0 1 8 8v${BAR - 8}z" ` +
    `fill="${COLOURS.bar}"/>`,
    `<g fill="${COLOURS.dots}">${dots.join("")}</g>`,
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" ` +
    `font-size="14" fill="${COLOURS.text}">`,
    ...texts.filter((text) => text !== ""),
    "</g>",
    "</svg>\n",
  ].join("\n");
}

/** A line as runs of one style each. */
function runsOf(line: string): Run[] {
  const runs: Run[] = [];
  let column = 0;
  // Each part begins with the code of its style. The first part has none: its style is the usual.
  const [first = "", ...rest] = line.split(ESCAPE);
  for (const part of [`${RESET}m${first}`, ...rest]) {
    const end = part.indexOf("m");
    const code = part.slice(0, end);
    const style = STYLES[code];
    if (code !== RESET && style === undefined) throw new Error(`an unknown code: ${code}`);
    const text = part.slice(end + 1);
    if (text !== "") runs.push({ text, column, style });
    column += [...text].length;
  }
  return runs;
}

/** The lines that a terminal makes of a longer one. */
function wrapped(runs: readonly Run[], columns: number): Run[][] {
  const lines: Run[][] = [[]];
  for (const { text, column, style } of runs) {
    for (let from = 0; from < [...text].length;) {
      const place = column + from;
      const row = Math.floor(place / columns);
      const part = [...text].slice(from, from + columns - place % columns).join("");
      (lines[row] ??= []).push({ text: part, column: place % columns, style });
      from += [...part].length;
    }
  }
  return lines;
}

/** Each run has a place of its own, so that the columns stay in line in every font. */
function textOf(runs: readonly Run[], y: number): string {
  const parts = runs.filter(({ text }) => text.trim() !== "").map(({ text, column, style }) => {
    const start = text.length - text.trimStart().length;
    const x = (PADDING + (column + start) * CELL.width).toFixed(1);
    const length = ([...text.trim()].length * CELL.width).toFixed(1);
    const attributes = style === undefined ? "" : ` ${style}`;
    return `<tspan x="${x}" textLength="${length}"${attributes}>${escaped(text.trim())}</tspan>`;
  });
  return parts.length === 0 ? "" : `<text y="${y}">${parts.join("")}</text>`;
}

function escaped(text: string): string {
  // Several spaces would become one.
  const kept = text.replaceAll(" ", "\u00a0");
  return kept.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
