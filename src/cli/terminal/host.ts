import type { Io } from "../../core/io.ts";

/** The process as the command line sees it: everything that it reads from or writes to. */
export interface Host extends Omit<Io, "cwd"> {
  readonly args: readonly string[];
  /** The folder that the process was started in, absolute. */
  readonly cwd: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  /**
   * Aborted by the first Ctrl-C or SIGTERM, with an {@link Interruption} as its reason.
   * Signals end the process by themselves until {@link Host.handleSignals} is called.
   */
  readonly signal: AbortSignal;
  handleSignals(): void;
  /** Called before a second signal ends the process at once; undefined where nothing is to say. */
  lastWords: (() => void) | undefined;
}

export interface Output {
  /** Whether a person is looking. */
  readonly isTerminal: boolean;
  /** The terminal's width in characters; undefined where it is not known. */
  columns(): number | undefined;
  /** Writes everything, at once; a reader that went away is not an error. */
  write(text: string): void;
}

export interface Input {
  readonly isTerminal: boolean;
  /** One line without its end; undefined at the end of the input, or when aborted. */
  readLine(signal: AbortSignal): Promise<string | undefined>;
}

/** Why an operation was cut off. */
export class Interruption extends Error {
  override name = "Interruption";
  constructor(readonly exitCode: 130 | 143) {
    super("interrupted");
  }
}
