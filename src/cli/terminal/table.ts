/** Tables that fit the width of a terminal. */
import { visible } from "./reporter.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Whether its cells end at the same place, as numbers do. */
  readonly isRight?: boolean;
  /** Columns that may be cut: the characters that must stay. Others are left out instead. */
  readonly least?: number;
  /** Where there is too little room, the column with the highest number is left out first. */
  readonly rank: number;
}

/** The columns that are shown, and how wide each is. */
export interface Layout {
  /** Indexes of the columns that are shown. */
  readonly shown: readonly number[];
  /** The widths of those columns. */
  readonly widths: readonly number[];
}

const GAP = "  ";

/**
 * Decides which columns are shown, and how wide.
 * @param rows The cells to measure, as {@linkcode cellText} makes them.
 * @param width Characters of a line; undefined if there is no limit.
 */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): Layout {
  const natural = columns.map(({ title }, index) => {
    return rows.reduce((most, row) => Math.max(most, widthOf(row[index] ?? "")), title.length);
  });
  const all = columns.map((_, index) => index);
  if (width === undefined) return { shown: all, widths: natural };
  const least = columns.map(({ least }, index) => Math.min(least ?? Infinity, natural[index] ?? 0));
  const byRank = all.toSorted((a, b) => (columns[a]?.rank ?? 0) - (columns[b]?.rank ?? 0));
  let shown = all;
  for (let count = all.length; count > 1 && lineWidth(shown, least) > width; count--) {
    const kept = byRank.slice(0, count - 1);
    shown = all.filter((index) => kept.includes(index));
  }
  return { shown, widths: shared(shown, natural, least, width - lineWidth(shown, least)) };
}

function lineWidth(shown: readonly number[], widths: readonly number[]): number {
  const cells = shown.reduce((sum, index) => sum + (widths[index] ?? 0), 0);
  return cells + GAP.length * (shown.length - 1);
}

/** Gives the room that is left to the columns that were cut, from left to right. */
function shared(
  shown: readonly number[],
  natural: readonly number[],
  least: readonly number[],
  room: number,
): number[] {
  let left = Math.max(0, room);
  return shown.map((index) => {
    const smallest = least[index] ?? 0;
    const added = Math.min(left, (natural[index] ?? 0) - smallest);
    left -= added;
    return smallest + added;
  });
}

/** A line of a table. No blanks follow the last cell. */
export function tableLine(
  columns: readonly Column[],
  { shown, widths }: Layout,
  cells: readonly string[],
): string {
  return shown.map((index, at) => {
    const width = widths[at] ?? 0;
    const text = cut(cells[index] ?? "", width);
    const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
    return columns[index]?.isRight ? blanks + text : text + blanks;
  }).join(GAP).trimEnd();
}

/** A text of others as a cell: on one line, without control characters. */
export function cellText(text: string): string {
  return visible(text).replaceAll("\t", " ").trim();
}

/** A text with an ellipsis if it is too wide. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let room = width - 1;
  for (const character of text) {
    room -= widthOf(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Characters that take two columns: East Asian ones, and emoji. */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Characters that take none: they combine with the one before. */
const COMBINING = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (WIDE.test(character)) width += 2;
    else if (!COMBINING.test(character)) width += 1;
  }
  return width;
}
