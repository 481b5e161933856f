/** Bars and sparklines of block characters. */

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/**
 * A bar that fills a share of a width. A share that is not zero can always be seen.
 * @param share 0 to 1.
 * @param width In characters.
 */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const shown = share > 0 ? Math.max(1, eighths) : 0;
  return "█".repeat(Math.floor(shown / 8)) + (EIGHTHS[shown % 8] ?? "");
}

const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * Numbers as heights, between the smallest and the largest of them.
 * @param width In characters: one for each number. If there are more, the last ones are shown.
 */
export function sparkline(numbers: readonly number[], width: number): string {
  const shown = numbers.slice(-width);
  const least = Math.min(...shown);
  const span = Math.max(...shown) - least;
  return shown.map((number) => {
    const level = span === 0 ? 0 : Math.round((number - least) / span * (LEVELS.length - 1));
    return LEVELS[level] ?? "";
  }).join("");
}
