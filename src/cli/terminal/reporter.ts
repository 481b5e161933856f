import { type AzuError, messageOf, Problems } from "../../core/errors.ts";
import { redact } from "../../core/redact.ts";
import { printable } from "../../core/text.ts";
import type { Host, Output } from "./host.ts";
import { type Colour, type Paint, painter } from "./paint.ts";
import { StatusLine } from "./status_line.ts";

export interface ReporterOptions {
  /** One JSON document on stdout instead of lines. */
  readonly json: boolean;
  /** Warnings and errors only. */
  readonly quiet: boolean;
}

/**
 * Says things: stdout carries the answer, stderr the conversation. Every word passes here on its
 * way out: redacted once more, and without anything that could act on a terminal or forge a line.
 */
export class Reporter {
  readonly options: ReporterOptions;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #paint: Paint;
  readonly #paintError: Paint;
  readonly #status: StatusLine;
  readonly #warnings: string[] = [];

  constructor(host: Host, options: ReporterOptions) {
    this.options = options;
    this.#stdout = host.stdout;
    this.#stderr = host.stderr;
    this.#paint = painter(host, host.stdout);
    this.#paintError = painter(host, host.stderr);
    this.#status = new StatusLine(host);
  }

  /** A line of the answer, all of it in one colour where one is given. */
  line(text: string, colour?: Colour): void {
    if (this.options.json || this.options.quiet) return;
    const safe = visible(text);
    this.#answer(colour === undefined ? safe : this.#paint(colour, safe));
  }

  /** A line of the answer about something that was looked at and found to be done. */
  verified(text: string): void {
    if (this.options.json || this.options.quiet) return;
    this.#answer(`${this.#paint("green", "✓")} ${visible(text)}`);
  }

  /** A line of the conversation: not part of the answer. */
  note(text: string): void {
    if (!this.options.quiet) this.#aside(visible(text));
  }

  /** A line that whoever is asked must see, however quiet the rest. */
  say(text: string): void {
    this.#aside(visible(text));
  }

  /** How far it is, redrawn in place; undefined takes it away. Only where {@link canRedraw}. */
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

  /** A failure that the reader can act on. A list of problems is printed bare, a line each. */
  error(error: AzuError): void {
    if (error instanceof Problems && error.problems.length > 1) {
      for (const problem of error.problems) this.#aside(visible(problem));
    } else {
      this.#aside(`${this.#paintError("red", "error:")} ${visible(error.message)}`);
    }
    if (error.hint !== undefined) this.#aside(visible(error.hint));
  }

  /** The one JSON document, where JSON was asked for. Undefined values are left out. */
  document(fields: Readonly<Record<string, unknown>>, error?: AzuError): void {
    if (!this.options.json) return;
    const failure = error === undefined ? {} : {
      error: { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) },
    };
    const document = { ...fields, warnings: this.#warnings, ...failure };
    const text = JSON.stringify(
      document,
      (_key, value: unknown) => typeof value === "string" ? redact(value) : value,
      2,
    );
    this.#answer(text);
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

/** Tabs are text; every other control character is made visible. */
function visible(text: string): string {
  return redact(text).split("\t").map(printable).join("\t");
}

/** What a bug prints: all that helps to mend it, and nothing secret. */
export function bugReport(error: unknown): string {
  const stack = error instanceof Error && typeof error.stack === "string"
    ? error.stack
    : messageOf(error);
  return `This is a bug in azu; please report it with the lines below\n${redact(stack)}\n`;
}
