/** Prints figures with their bounds, and remembers those that exceed a bound. */
import { printLine } from "../../tests/support/output.ts";

/** The limit of a figure. */
export type Bound = { readonly most: number } | { readonly least: number };

export class Report {
  readonly #broken: string[] = [];
  #title = "";

  /** The figures that exceed their bounds. */
  get broken(): readonly string[] {
    return this.#broken;
  }

  title(title: string): void {
    this.#title = title;
    printLine(`\n${title}`);
  }

  /** @param detail More about the figure, such as the single measurements. */
  bound(name: string, value: number, bound: Bound, detail = "", digits = 2): void {
    const keeps = "most" in bound ? value <= bound.most : value >= bound.least;
    const limit = "most" in bound ? `≤ ${bound.most}` : `≥ ${bound.least}`;
    if (!keeps) this.#broken.push(`${this.#title}: ${name}`);
    const state = keeps ? "" : "  BROKEN";
    this.#line(name, value.toFixed(digits), `${limit.padEnd(7)}${state}`, detail);
  }

  /** A figure without a bound. */
  figure(name: string, value: number, detail = "", digits = 2): void {
    this.#line(name, value.toFixed(digits), " ".repeat(7), detail);
  }

  #line(name: string, value: string, state: string, detail: string): void {
    const rest = detail === "" ? "" : `  (${detail})`;
    printLine(`  ${name.padEnd(52)} ${value.padStart(7)}  ${state}${rest}`.trimEnd());
  }
}

/** Several measurements as text. */
export function list(values: readonly number[], digits = 2): string {
  return values.map((value) => value.toFixed(digits)).join(", ");
}
