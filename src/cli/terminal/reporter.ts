import { type AzuError, messageOf, Problems } from "../../core/errors.ts";
import { redact } from "../../core/redact.ts";
import { printable } from "../../core/text.ts";
import { type Host, type Output, usableColumns } from "./host.ts";

/** Kept here, because it is taken from the code of a config. */
const { stringify } = JSON;

export interface ReporterOptions {
  /** One JSON document on stdout instead of lines. */
  readonly json: boolean;
  /** Warnings and errors only. */
  readonly quiet: boolean;
}

/**
 * Prints everything: answers on stdout, all else on stderr. Redacts all texts once more, and makes
 * control characters visible, so that no text can act on the terminal or forge a line.
 */
export class Reporter {
  readonly options: ReporterOptions;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #paint: Paint;
  readonly #paintError: Paint;
  readonly #status: StatusLine;
  readonly #warnings: string[] = [];
  /** How many lines {@linkcode redraw} has drawn. */
  #drawn = 0;
  readonly #noted = new Set<string>();

  constructor(host: Host, options: ReporterOptions) {
    this.options = options;
    this.#stdout = host.stdout;
    this.#stderr = host.stderr;
    this.#paint = painter(host, host.stdout);
    this.#paintError = painter(host, host.stderr);
    this.#status = new StatusLine(host);
  }

  /** Prints a line of the answer, in one colour if one is given. */
  line(text: string, colour?: Colour): void {
    if (this.options.json || this.options.quiet) return;
    const safe = visible(text);
    this.#answer(colour === undefined ? safe : this.#paint(colour, safe));
  }

  /** Prints lines of the answer whose parts have different colours. */
  lines(lines: readonly Line[]): void {
    if (this.options.json || this.options.quiet) return;
    for (const line of lines) this.#answer(this.#painted(line));
  }

  /**
   * Draws lines of the answer over those that the last call has drawn. Requires a terminal that can
   * redraw, is wider than each line, and has more rows than there are lines.
   */
  redraw(lines: readonly Line[]): void {
    const up = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\r`;
    const text = lines.map((line) => `${this.#painted(line)}\u001b[K\n`).join("");
    this.#status.hide();
    this.#stdout.write(`${up}${text}\u001b[J`);
    this.#drawn = lines.length;
  }

  #painted(line: Line): string {
    return line.map(([text, colour]) => {
      const safe = visible(text);
      return colour === undefined || safe === "" ? safe : this.#paint(colour, safe);
    }).join("");
  }

  /** Prints a line of the answer that begins with a check mark: it has been verified. */
  verified(text: string): void {
    if (this.options.json || this.options.quiet) return;
    this.#answer(`${this.#paint("green", "✓")} ${visible(text)}`);
  }

  /**
   * Prints lines of data, for a program that reads them. Also with `--quiet`: they were asked for.
   * @param lines Made of texts that {@linkcode visible} or {@linkcode jsonLine} has redacted.
   * @param end What ends each line.
   */
  data(lines: readonly string[], end = "\n"): void {
    if (lines.length === 0) return;
    this.#status.hide();
    this.#stdout.write(lines.map((line) => `${printable(line)}${end}`).join(""));
  }

  /** Whether nobody reads the answer any more. */
  get isUnread(): boolean {
    return this.#stdout.isClosed;
  }

  /** Prints a line on stderr, but not with `--quiet`. */
  note(text: string): void {
    if (!this.options.quiet) this.#aside(visible(text));
  }

  /** The same, but not twice. */
  noteOnce(text: string): void {
    if (!this.#noted.has(text)) this.note(text);
    this.#noted.add(text);
  }

  /** Prints a line on stderr, also with `--quiet`. */
  say(text: string): void {
    this.#aside(visible(text));
  }

  /** Shows a line of progress, redrawn in place. Undefined removes it. Requires {@link canRedraw}. */
  status(text: string | undefined): void {
    if (text === undefined) this.#status.hide();
    else this.#status.show(visible(text));
  }

  get canRedraw(): boolean {
    return this.#status.isPossible;
  }

  warn(text: string): void {
    const safe = visible(text);
    this.#warnings.push(safe);
    this.#aside(`${this.#paintError("yellow", "warning:")} ${safe}`);
  }

  /** Prints an error and its hint; several problems on a line each, without `error:`. */
  error(error: AzuError): void {
    if (error instanceof Problems && error.problems.length > 1) {
      for (const problem of error.problems) this.#aside(visible(problem));
    } else {
      this.#aside(`${this.#paintError("red", "error:")} ${visible(error.message)}`);
    }
    for (const detail of error.details) this.#aside(`  ${visible(detail)}`);
    if (error.hint !== undefined) this.#aside(visible(error.hint));
  }

  /** With `--json`, prints the JSON document. Undefined values are left out. */
  document(fields: Readonly<Record<string, unknown>>, error?: AzuError): void {
    if (!this.options.json) return;
    const document = { ...fields, warnings: this.#warnings, ...errorField(error) };
    // JSON leaves some control characters as they are. Their visible form is its escape for them.
    this.#answer(stringify(document, redacted, 2).replace(CONTROL, printable));
  }

  #answer(line: string): void {
    this.#status.hide();
    this.#stdout.write(`${line}\n`);
  }

  #aside(line: string): void {
    this.#status.hide();
    this.#stderr.write(`${line}\n`);
  }
}

/** The field `error` of a JSON document; none without an error. */
export function errorField(error: AzuError | undefined) {
  if (error === undefined) return {};
  const { message, details, hint } = error;
  return {
    error: {
      message,
      ...(details.length === 0 ? {} : { details }),
      ...(hint === undefined ? {} : { hint }),
    },
  };
}

/** All that {@linkcode printable} makes visible, but line feeds. */
const CONTROL = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

function redacted(_key: string, value: unknown): unknown {
  return typeof value === "string" ? redact(value) : value;
}

/** A value as a line of JSON, with all texts redacted. */
export function jsonLine(value: unknown): string {
  return stringify(value, redacted);
}

/** Redacts a text, and makes all control characters but tabs visible. */
export function visible(text: string): string {
  return redact(text).split("\t").map(printable).join("\t");
}

/** The text of a bug report. It contains no secrets. */
export function bugReport(error: unknown): string {
  const stack = error instanceof Error && typeof error.stack === "string"
    ? error.stack
    : messageOf(error);
  return `This is a bug in azu; please report it with the lines below\n${redact(stack)}\n`;
}

const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 } as const;

export type Colour = keyof typeof CODES;

/** A line in parts, each in one colour if one is given. */
export type Line = readonly (readonly [text: string, colour?: Colour])[];

type Paint = (colour: Colour, text: string) => string;

/** Uses colours only on a terminal that can show them, and only if NO_COLOR is not set. */
function painter(host: Host, output: Output): Paint {
  const coloured = output.isTerminal && host.env("NO_COLOR") === undefined &&
    host.env("TERM") !== "dumb";
  if (!coloured) return (_colour, text) => text;
  return (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}

/** The last line of a terminal. It is redrawn in place, and removed before other output. */
class StatusLine {
  readonly #output: Output;
  /** Whether stderr is a terminal that can redraw a line. */
  readonly isPossible: boolean;
  #drawn = false;

  constructor(host: Host) {
    this.#output = host.stderr;
    this.isPossible = host.stderr.isTerminal && host.env("TERM") !== "dumb";
  }

  /** @param text One line of plain text. It is cut off at the width of the terminal. */
  show(text: string): void {
    if (!this.isPossible) return;
    const width = usableColumns(this.#output);
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

/** Moves to the beginning of the line, and clears it. */
const REDRAW = "\r\u001b[K";
