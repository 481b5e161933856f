/**
 * Draws the ratios in a table of results above the table. The table is the only source of the
 * numbers, and the alternative for those who cannot see the plot. A plot is HTML with small pictures
 * in it, so that its text wraps on a phone.
 */
import type { MarkdownRenderer } from "vitepress";
import { HEADINGS, type Ratio, readRatio } from "./results.ts";

type Token = ReturnType<MarkdownRenderer["parse"]>[number];

/** The numbers that an axis can show. */
const TICKS = [0.2, 0.5, 1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100];
/** The least distance between two of them, in percent of the width. */
const TICK_DISTANCE = 9;

/** How values become places on an axis. */
interface Axis {
  readonly ticks: readonly number[];
  /** The place of a value, in percent of the width. */
  place(value: number): number;
}

/** A plugin for markdown-it. */
export function plotResults(md: MarkdownRenderer): void {
  md.core.ruler.push("plot-results", (state) => {
    state.tokens = state.tokens.flatMap((token, index) => {
      if (token.type !== "table_open") return [token];
      const [headings = [], ...rows] = readTable(state.tokens, index);
      if (headings.join() !== HEADINGS.join()) return [token];
      const html = new state.Token("html_block", "", 0);
      html.content = plots(rows, (text) => md.renderInline(text));
      return [html, token];
    });
  });
}

/** The text of the cells of a table, by rows. */
function readTable(tokens: readonly Token[], start: number): string[][] {
  const rows: string[][] = [];
  for (const token of tokens.slice(start)) {
    if (token.type === "table_close") break;
    if (token.type === "tr_open") rows.push([]);
    if (token.type === "inline") rows.at(-1)?.push(token.content.trim());
  }
  return rows;
}

/** The plots of all ratios in the rows of a table. */
export function plots(
  rows: readonly (readonly string[])[],
  renderInline: (markdown: string) => string,
): string {
  const ratios = rows.map(readRatio).filter((ratio) => ratio !== undefined);
  const upper = ratios.filter(({ direction }) => direction === "at most");
  const lower = ratios.filter(({ direction }) => direction === "at least");
  return plot("Ratios with an upper bound: less is better", upper, renderInline) +
    plot("Ratios with a lower bound: more is better", lower, renderInline);
}

function plot(
  title: string,
  ratios: readonly Ratio[],
  renderInline: (markdown: string) => string,
): string {
  if (ratios.length === 0) return "";
  const axis = axisOf(ratios);
  const rows = ratios.map((ratio) => row(ratio, axis, renderInline(ratio.figure)));
  return `<figure class="plot">
<figcaption>${title}</figcaption>
<p class="plot-key"><span class="plot-key-measured">measured</span>
<span class="plot-key-beyond">measured, bound not met</span>
<span class="plot-key-rounds">all rounds</span> <span class="plot-key-bound">bound</span></p>
<div class="plot-rows">
${rows.join("\n")}
<div class="plot-row plot-axis" aria-hidden="true">${ticks(axis)}</div>
</div>
</figure>
`;
}

function row(ratio: Ratio, axis: Axis, label: string): string {
  const { measured, values, bound, direction, isWithin } = ratio;
  const result = `${measured}, bound ${direction} ${bound}${isWithin ? "" : ", not met"}`;
  const x = (value: number) => `${axis.place(value).toFixed(2)}%`;
  const marks = values.map((value) => {
    return `<circle class="${isWithin ? "within" : "beyond"}" cx="${x(value)}" cy="50%" r="5"/>`;
  });
  const grid = axis.ticks.map((tick) => {
    return line("grid", `x1="${x(tick)}" x2="${x(tick)}" y1="0" y2="100%"`);
  });
  return `<div class="plot-row"><span class="plot-label">${label}</span>` +
    `<svg role="img" aria-label="${result}" width="100%">` +
    grid.join("") +
    line("rounds", `x1="${x(ratio.low)}" x2="${x(ratio.high)}" y1="50%" y2="50%"`) +
    line("bound", `x1="${x(bound)}" x2="${x(bound)}" y1="15%" y2="85%"`) +
    `${marks.join("")}</svg>` +
    `<span class="plot-value" aria-hidden="true">${measured}</span></div>`;
}

function line(name: string, place: string): string {
  return `<line class="${name}" ${place}/>`;
}

function ticks(axis: Axis): string {
  const texts = axis.ticks.map((tick) => {
    return `<text x="${axis.place(tick).toFixed(2)}%" y="14" text-anchor="middle">${tick}</text>`;
  });
  return `<span class="plot-label"></span><svg width="100%">${texts.join("")}</svg>` +
    `<span class="plot-value"></span>`;
}

/** A logarithmic axis: "half as long" is as far from 1 as "twice as long". */
function axisOf(ratios: readonly Ratio[]): Axis {
  const all = ratios.flatMap(({ low, high, bound }) => [low, high, bound, 1]);
  const start = Math.log(Math.min(...all));
  const end = Math.log(Math.max(...all));
  const place = (value: number) => 3 + 94 * (Math.log(value) - start) / (end - start);
  const isOnAxis = (tick: number) => Math.log(tick) >= start && Math.log(tick) <= end;
  const ticks: number[] = [];
  for (const tick of TICKS.filter(isOnAxis)) {
    const last = ticks.at(-1);
    if (last === undefined || place(tick) - place(last) >= TICK_DISTANCE) ticks.push(tick);
  }
  return { ticks, place };
}
