const encoder = new TextEncoder();

/** Writes a line to standard output, because `console` is forbidden in this project. */
export function printLine(line: string): void {
  writeAll(Deno.stdout, encoder.encode(`${line}\n`));
}

/** Writes a line to standard error. */
export function printNote(line: string): void {
  writeAll(Deno.stderr, encoder.encode(`${line}\n`));
}

/** Writes all bytes. A single `writeSync` may write only some of them. */
export function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += to.writeSync(bytes.subarray(done));
}

/** Collects the text of a stream. The `\r\n` of a terminal becomes `\n`. */
export class Output {
  /** Settles when the stream has ended or was cancelled. */
  readonly ended: Promise<void>;
  #text = "";
  #seen = 0;
  #open = true;
  #changed = Promise.withResolvers<void>();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.ended = this.#gather();
  }

  /** All that has come so far. */
  get text(): string {
    return this.#text.replaceAll("\r\n", "\n");
  }

  /**
   * Waits until `pattern` comes after the place where the last wait ended, and returns what
   * matched, or undefined when the stream ends without it.
   */
  async waitFor(pattern: string | RegExp): Promise<string | undefined> {
    while (true) {
      const match = find(this.text, pattern, this.#seen);
      if (match !== undefined) {
        this.#seen = match.end;
        return match.text;
      }
      if (!this.#open) return undefined;
      await this.#changed.promise;
    }
  }

  /** Stops reading, even if the writer keeps the stream open. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
    await this.ended;
  }

  async #gather(): Promise<void> {
    const decoder = new TextDecoder();
    while (true) {
      const { done, value } = await this.#reader.read();
      this.#text += decoder.decode(value, { stream: !done });
      this.#open = !done;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
      if (done) return;
    }
  }
}

function find(text: string, pattern: string | RegExp, from: number) {
  const rest = text.slice(from);
  // Without "g" and "y" a pattern keeps no position of its own.
  const match = typeof pattern === "string"
    ? { index: rest.indexOf(pattern), text: pattern }
    : { index: rest.search(pattern), text: rest.match(stateless(pattern))?.[0] ?? "" };
  if (match.index < 0) return undefined;
  return { text: match.text, end: from + match.index + match.text.length };
}

function stateless(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, () => ""));
}
