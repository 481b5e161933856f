import type { Host } from "./host.ts";
import type { Reporter } from "./reporter.ts";

/** Milliseconds of silence before a person wonders. */
const PATIENCE = 500;

/** Milliseconds between two updates: of a line that is redrawn, and of lines in a log. */
const REDRAW = 200;
const LOG = 5000;

/** Tells how far a long operation is, on stderr; nothing with `--quiet` or `--json`. */
export class Progress implements Disposable {
  readonly #host: Host;
  readonly #reporter: Reporter;
  readonly #silent: boolean;
  #next: number;
  #drawn = false;

  constructor(host: Host, reporter: Reporter) {
    this.#host = host;
    this.#reporter = reporter;
    this.#silent = reporter.options.quiet || reporter.options.json;
    this.#next = host.now().getTime() + (host.stderr.isTerminal ? PATIENCE : LOG);
  }

  update(text: string): void {
    const now = this.#host.now().getTime();
    if (this.#silent || now < this.#next) return;
    const { stderr } = this.#host;
    this.#next = now + (stderr.isTerminal ? REDRAW : LOG);
    if (!stderr.isTerminal) return this.#reporter.note(text);
    stderr.write(`\r\u001b[K${text}`);
    this.#drawn = true;
  }

  /** Takes the line away again. */
  [Symbol.dispose](): void {
    if (this.#drawn) this.#host.stderr.write("\r\u001b[K");
  }
}
