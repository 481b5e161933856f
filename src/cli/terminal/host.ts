import type { Io } from "../../core/io.ts";

/** The process: everything that the command line reads or writes. */
export interface Host extends Omit<Io, "cwd"> {
  readonly args: readonly string[];
  /** The absolute path of the folder in which the process was started. */
  readonly cwd: string;
  /** The absolute path of the executable; `azu` if it runs from source. */
  readonly executable: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  /**
   * Aborted by the first Ctrl-C, SIGTERM or SIGHUP, with an {@link Interruption} as its reason. Until
   * {@link Host.handleSignals} is called, signals end the process.
   */
  readonly signal: AbortSignal;
  handleSignals(): void;
  /** Called before a second signal ends the process; undefined if there is nothing to report. */
  lastWords: (() => void) | undefined;
}

export interface Output {
  /** Whether a person reads it. */
  readonly isTerminal: boolean;
  /** The terminal's width in characters; undefined if it is not known. */
  columns(): number | undefined;
  /** The terminal's height in lines; undefined if it is not known. */
  rows(): number | undefined;
  /** Writes the whole text at once. A closed pipe is not an error. */
  write(text: string): void;
  /** Whether nobody reads it any more, or it could not be written. */
  readonly isClosed: boolean;
}

/** Assumed if the width of a terminal is not known. */
const USUAL_COLUMNS = 80;

/**
 * How many characters a line may have so that no terminal wraps it: some wrap a line that is as wide
 * as they are.
 */
export function usableColumns(output: Output): number {
  return (output.columns() ?? USUAL_COLUMNS) - 1;
}

export interface Input {
  readonly isTerminal: boolean;
  /** Reads a line, without its line ending; undefined at the end of the input, or when aborted. */
  readLine(signal: AbortSignal): Promise<string | undefined>;
  /**
   * The same for a secret, which the terminal does not show. `ask` shows the question. Only after
   * `handleSignals()`: a signal that ends the process would leave the terminal without an echo.
   */
  readHiddenLine(signal: AbortSignal, ask: () => void): Promise<string | undefined>;
  /** Everything until its end, as it comes. */
  readonly bytes: ReadableStream<Uint8Array>;
}

/** Why an operation was interrupted. */
export class Interruption extends Error {
  override name = "Interruption";
  constructor(readonly exitCode: 129 | 130 | 143) {
    super("interrupted");
  }
}
