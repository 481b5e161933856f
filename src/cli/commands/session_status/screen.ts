/** A status as lines for a terminal. */
import type { Figure, FigureName } from "../../../backends/survey.ts";
import type { Bucket } from "../../../commands/session_status/histogram.ts";
import type { Status } from "../../../commands/session_status/status.ts";
import type { Operation, StorePlace } from "../../operation.ts";
import { bar } from "../../terminal/chart.ts";
import { usableColumns } from "../../terminal/host.ts";
import type { Line } from "../../terminal/reporter.ts";
import { cellText, cut, widthOf } from "../../terminal/table.ts";
import { agoText, bytesText, countText, shareText } from "../../terminal/units.ts";

/** What a screen says besides the status. */
export interface ScreenContext {
  readonly environment: string;
  /** The name of the backend, if there are two. */
  readonly store: string | undefined;
  /** The server and the keys or table, without credentials. */
  readonly target: string;
  /** The heading of what the server says about itself. */
  readonly place: "Table" | "Server";
  /** Columns of a line. */
  readonly width: number;
}

/** The widest screen: longer lines are hard to read. */
const WIDEST = 100;

/** Characters of a line where there is no terminal. */
const USUAL_WIDTH = 80;

export function screenContext(
  { host: { stdout }, environment, second }: Operation,
  { target, choice }: StorePlace,
): ScreenContext {
  const { address, pattern, table } = target;
  const parts = [address ?? choice.backend.name];
  if (pattern !== undefined) parts.push(`keys ${pattern}`);
  if (table !== undefined) parts.push(`table ${table}`);
  return {
    environment: environment.name,
    store: second === undefined ? undefined : choice.backend.name,
    target: parts.join(", "),
    place: table === undefined ? "Server" : "Table",
    width: Math.min(WIDEST, stdout.isTerminal ? usableColumns(stdout) : USUAL_WIDTH),
  };
}

const COUNTS: readonly (readonly [FigureName, string])[] = [
  ["live", "live"],
  ["expired", "expired"],
  ["endless", "never expire"],
  ["loggedIn", "logged in"],
  ["anonymous", "anonymous"],
];

/** Columns of a label at the beginning of a line, of a share, and of the longest bar. */
const LABEL = 16;
const SHARE = 6;
const WIDEST_BAR = 24;

/** @returns the lines of a screen of any height. */
export function screenOf(status: Status, context: ScreenContext): Line[] {
  return linesOf(partsOf(status, context), context);
}

/**
 * @param news What has changed meanwhile.
 * @param rows The height of the terminal. What is least urgent is left out if there is no room.
 */
export function screenWithin(
  rows: number,
  status: Status,
  context: ScreenContext,
  news: readonly Line[],
): Line[] {
  const [head = [], ...parts] = partsOf(status, context);
  const all = [[...head, ...news], ...parts];
  for (let count = all.length; count > 0; count--) {
    const lines = linesOf(all.slice(0, count), context);
    if (lines.length <= rows || count === 1) return lines.slice(0, rows);
  }
  return [];
}

/** The parts of a screen, the most urgent first. */
function partsOf(status: Status, context: ScreenContext): Line[][] {
  const { width, environment, store } = context;
  const where = store === undefined ? "" : ` in ${cellText(store)}`;
  const head: Line[] = [
    [[`Sessions of ${cellText(environment)}${where}`, "bold"]],
    ...wrapped(context.target, width).map((text): Line => [[text, "dim"]]),
  ];
  const all = [
    head,
    countLines(status, width),
    serverLines(status, context),
    [...sizeLines(status), ...createdLines(status)],
    ...histogramParts(status, width),
    footer(status, width),
  ];
  return all.filter((lines) => lines.length > 0);
}

/** With a blank line between two parts. */
function linesOf(parts: readonly (readonly Line[])[], { width }: ScreenContext): Line[] {
  const lines = parts.flatMap((part, index) => index === 0 ? part : [[], ...part]);
  return lines.map((line) => fitted(line, width));
}

function countLines({ figures }: Status, width: number): Line[] {
  const { sessions } = figures;
  const shown = [sessions, ...COUNTS.map(([name]) => figures[name])].map(numberText);
  const column = Math.max(...shown.map(widthOf));
  const room = Math.min(WIDEST_BAR, width - LABEL - column - SHARE - 3);
  return [
    [[label("Sessions")], [padStart(numberText(sessions), column), "bold"]],
    ...COUNTS.map(([name, text]): Line => {
      const figure = figures[name];
      const share = sessions && figure ? figure.value / Math.max(1, sessions.value) : 0;
      const shareColumn = share === 0 ? "" : shareText(share);
      return [
        [label(`  ${text}`)],
        [padStart(numberText(figure), column)],
        [`${shareColumn.padStart(SHARE)}  `, "dim"],
        [bar(share, room), "cyan"],
      ];
    }),
  ];
}

function sizeLines({ figures: { bytes, indexBytes, freeBytes, sessions } }: Status): Line[] {
  if (bytes === undefined) return [];
  const each = sessions === undefined || sessions.value === 0
    ? ""
    : `, ${bytesText(Math.round(bytes.value / sessions.value))} each`;
  const parts = [`${sizeText(bytes)}${each}`];
  if (indexBytes !== undefined) parts.push(`indexes ${sizeText(indexBytes)}`);
  if (freeBytes !== undefined) parts.push(`free ${sizeText(freeBytes)}`);
  return parts.map((text, index): Line => [[label(index === 0 ? "Size" : "")], [text]]);
}

function createdLines({ time, created, isCreatedExact, sampled }: Status): Line[] {
  if (created === undefined) return [];
  // The newest of a sample is older than the newest of all.
  const of = isCreatedExact ? "" : `, of ${countText(sampled)}`;
  return [
    [[label("Oldest")], [agoText(time - created.oldest) + of]],
    [[label("Newest")], [agoText(time - created.newest) + of]],
  ];
}

/** Columns of the name of a bucket, and between two histograms. */
const BUCKET = 9;
const GAP = 4;

/** Columns that each of two histograms beside each other needs. */
const NARROWEST_HALF = 28;

/** The histograms: as one part beside each other, if there is room. */
function histogramParts({ timeLeft, age }: Status, width: number): Line[][] {
  const half = Math.floor((width - GAP) / 2);
  if (timeLeft === undefined || age === undefined || half < NARROWEST_HALF) {
    return [
      timeLeft === undefined ? [] : histogramOf("Time left", timeLeft, width),
      age === undefined ? [] : histogramOf("Age", age, width),
    ];
  }
  const right = histogramOf("Age", age, half);
  const both = histogramOf("Time left", timeLeft, half).map((line, index): Line => {
    const blanks = " ".repeat(half + GAP - lineWidth(line));
    return [...line, [blanks], ...right[index] ?? []];
  });
  return [both];
}

function histogramOf(title: string, buckets: readonly Bucket[], width: number): Line[] {
  const room = Math.min(WIDEST_BAR, width - BUCKET - SHARE - 2);
  const most = Math.max(...buckets.map(({ share }) => share));
  return [
    [[title, "bold"]],
    ...buckets.map(({ below, share }): Line => [
      [(below === null ? "longer" : `< ${endText(below)}`).padEnd(BUCKET)],
      [`${(share === 0 ? "" : shareText(share)).padStart(SHARE)}  `, "dim"],
      [bar(most === 0 ? 0 : share / most, room), "cyan"],
    ]),
  ];
}

/** The end of a bucket: `10 min`. */
function endText(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 60) return `${minutes} min`;
  return minutes < 1440 ? `${minutes / 60} h` : `${minutes / 1440} d`;
}

function serverLines({ figures, properties }: Status, { place, width }: ScreenContext): Line[] {
  const { deadRows, memoryUsed, memoryLimit, evicted } = figures;
  const lines: Line[] = [];
  if (memoryUsed !== undefined) {
    const used = memoryUsed.value / (memoryLimit?.value ?? Infinity);
    const limit = memoryLimit === undefined
      ? " (no limit)"
      : ` of ${bytesText(memoryLimit.value)}, ${shareText(used)}`;
    lines.push([
      [label("  memory")],
      [`${sizeText(memoryUsed)}${limit}  `],
      [width < 60 ? "" : bar(used, WIDEST_BAR / 2), used > 0.9 ? "red" : "cyan"],
    ]);
  }
  if (evicted !== undefined) lines.push(...labelled("evicted", numberText(evicted), width));
  if (deadRows !== undefined) lines.push(...labelled("dead rows", numberText(deadRows), width));
  for (const [name, text] of Object.entries(properties)) lines.push(...labelled(name, text, width));
  return lines.length === 0 ? [] : [[[place, "bold"]], ...lines];
}

function labelled(name: string, text: string, width: number): Line[] {
  return wrapped(text, width - LABEL).map((line, index): Line => {
    return [[label(index === 0 ? `  ${cellText(name)}` : "")], [line]];
  });
}

/** What the mark means, if it is used. */
function footer({ figures, sampled }: Status, width: number): Line[] {
  const isEstimated = Object.values(figures).some(({ isExact }) => !isExact);
  if (!isEstimated) return [];
  const isPart = sampled < (figures.sessions?.value ?? 0);
  const text = isPart
    ? `≈ an estimate, of the server or from ${countText(sampled)} sessions, as the histograms`
    : "≈ an estimate of the server";
  return wrapped(text, width).map((text): Line => [[text, "dim"]]);
}

function label(text: string): string {
  return text.padEnd(LABEL);
}

function numberText(figure: Figure | undefined): string {
  if (figure === undefined) return "?";
  return figure.isExact ? countText(figure.value) : `≈ ${countText(figure.value)}`;
}

function sizeText({ value, isExact }: Figure): string {
  return isExact ? bytesText(value) : `≈ ${bytesText(value)}`;
}

function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/** A text in lines, broken at blanks. */
export function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of cellText(text).split(" ")) {
    const last = lines.at(-1) ?? "";
    const longer = last === "" ? word : `${last} ${word}`;
    if (widthOf(longer) <= width || last === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function lineWidth(line: Line): number {
  return line.reduce((sum, [text]) => sum + widthOf(text), 0);
}

/** A line without what does not fit, and without blanks at its end. */
function fitted(line: Line, width: number): Line {
  let room = width;
  const parts = line.map(([text, colour]) => {
    const shown = room > 0 ? cut(text, room) : "";
    room -= widthOf(shown);
    return [shown, colour] as const;
  });
  const last = parts.findLastIndex(([text]) => text.trim() !== "");
  return parts.slice(0, last + 1).map(([text, colour], index): Line[number] => {
    const kept = index === last ? text.trimEnd() : text;
    return colour === undefined ? [kept] : [kept, colour];
  });
}
