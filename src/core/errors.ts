/** The exit codes. Scripts rely on them: see docs/reference/exit-codes.md. */
export const ExitCode = {
  /** Done, or nothing to do. */
  ok: 0,
  /** Failed, or only partly done. */
  failed: 1,
  /** The command line or the config is wrong. */
  usage: 2,
  /** This backend cannot do that. */
  impossible: 3,
  /** Ended because the terminal was closed (SIGHUP). */
  hungUp: 129,
  /** Ended by Ctrl-C. */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/**
 * An error that a reader can act on. It is printed as sentences, never as a stack trace. Any other
 * error is a bug in azu.
 */
export class AzuError extends Error {
  override name = "AzuError";

  /**
   * @param message What failed, on which (redacted) target, and why.
   * @param exitCode The exit code of the process.
   * @param options `details`: a list to which the message leads; `hint`: what to do next; `cause`:
   *   the error underneath.
   */
  constructor(
    message: string,
    readonly exitCode: ExitCode,
    readonly options: ErrorOptions & {
      readonly hint?: string;
      readonly details?: readonly string[];
    } = {},
  ) {
    super(message, { cause: options.cause });
  }

  get hint(): string | undefined {
    return this.options.hint;
  }

  get details(): readonly string[] {
    return this.options.details ?? [];
  }
}

/** Several mistakes, each printed on its own line. */
export class Problems extends AzuError {
  override name = "Problems";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"), ExitCode.usage);
  }
}

/** The command line, the environment or the config is wrong. */
export class UsageError extends AzuError {
  override name = "UsageError";
  constructor(message: string, options: AzuError["options"] = {}) {
    super(message, ExitCode.usage, options);
  }
}

/** The operation was tried, and failed or was only partly done. */
export class OperationError extends AzuError {
  override name = "OperationError";
  constructor(message: string, options: AzuError["options"] = {}) {
    super(message, ExitCode.failed, options);
  }
}

/** The same failure with an addition to its message. */
export function extended(error: AzuError, addition: string): OperationError {
  return new OperationError(`${error.message}; ${addition}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

/** This backend can never do that. */
export class ImpossibleError extends AzuError {
  override name = "ImpossibleError";
  constructor(message: string, options: AzuError["options"] = {}) {
    super(message, ExitCode.impossible, options);
  }
}

/** Whether a path leads to nothing. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "a value that is not an error and has no text"; // an object without a prototype, say
  }
}
