import type { Host, Output } from "./host.ts";

/** Where the width of a terminal is not known. */
const USUAL_COLUMNS = 80;

/** The last line of a terminal, redrawn in place, and taken away before anything else is said. */
export class StatusLine {
  readonly #output: Output;
  /** Whether there is a terminal that can redraw a line. */
  readonly isPossible: boolean;
  #drawn = false;

  constructor(host: Host) {
    this.#output = host.stderr;
    this.isPossible = host.stderr.isTerminal && host.env("TERM") !== "dumb";
  }

  /** @param text One line of plain text; what does not fit is cut off. */
  show(text: string): void {
    if (!this.isPossible) return;
    // A line that is as wide as the terminal would wrap on some.
    const width = (this.#output.columns() ?? USUAL_COLUMNS) - 1;
    const fits = [...text].length <= width;
    const line = fits ? text : `${[...text].slice(0, Math.max(0, width - 1)).join("")}…`;
    this.#output.write(`${REDRAW}${line}`);
    this.#drawn = true;
  }

  hide(): void {
    if (this.#drawn) this.#output.write(REDRAW);
    this.#drawn = false;
  }
}

/** To the beginning of the line, and nothing is left of it. */
const REDRAW = "\r\u001b[K";
