import { type AzuError, messageOf } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import type { Host, Output } from "./host.ts";
import { type Paint, painter } from "./paint.ts";

export interface ReporterOptions {
  /** One JSON document on stdout instead of lines. */
  readonly json: boolean;
  /** Warnings and errors only. */
  readonly quiet: boolean;
}

/**
 * Says things: stdout carries the answer, stderr the conversation. Every word passes through
 * redaction once more on its way out.
 */
export class Reporter {
  readonly paint: Paint;
  readonly paintError: Paint;
  readonly options: ReporterOptions;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #warnings: string[] = [];

  constructor(host: Host, options: ReporterOptions) {
    this.#stdout = host.stdout;
    this.#stderr = host.stderr;
    this.options = options;
    this.paint = painter(host, host.stdout);
    this.paintError = painter(host, host.stderr);
  }

  /** A line of the answer. */
  line(text: string): void {
    if (!this.options.json && !this.options.quiet) this.#stdout.write(`${redact(text)}\n`);
  }

  /** A line of the conversation: not part of the answer. */
  note(text: string): void {
    if (!this.options.quiet) this.#stderr.write(`${redact(text)}\n`);
  }

  warn(text: string): void {
    const safe = redact(text);
    this.#warnings.push(safe);
    this.#stderr.write(`${this.paintError("yellow", "warning:")} ${safe}\n`);
  }

  /** A failure that the reader can act on. A list of problems is printed bare, a line each. */
  error(error: AzuError): void {
    const message = redact(error.message);
    const label = message.includes("\n") ? "" : `${this.paintError("red", "error:")} `;
    this.#stderr.write(`${label}${message}\n`);
    if (error.hint !== undefined) this.#stderr.write(`${redact(error.hint)}\n`);
  }

  /** The one JSON document, where JSON was asked for. Undefined values are left out. */
  document(fields: Readonly<Record<string, unknown>>, error?: AzuError): void {
    if (!this.options.json) return;
    const failure = error === undefined ? {} : {
      error: {
        message: redact(error.message),
        ...(error.hint === undefined ? {} : { hint: redact(error.hint) }),
      },
    };
    const document = { ...fields, warnings: this.#warnings, ...failure };
    this.#stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}

/** What a bug prints: all that helps to mend it, and nothing secret. */
export function bugReport(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? error.message : messageOf(error);
  return `This is a bug in azu; please report it with the lines below\n${redact(stack)}\n`;
}
