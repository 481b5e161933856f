/** The kinds of errors in the files of a config, before they are explained. */
import { messageOf } from "../core/errors.ts";

/** A place in a file: line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A mistake in a file. */
export class SourceError extends Error {
  constructor(
    readonly path: string,
    reason: string,
    readonly place: Place | undefined = undefined,
  ) {
    super(reason);
  }
}

/** An import that fails. Its place is not known yet. */
export class ImportError extends Error {
  constructor(readonly path: string, readonly specifier: string, why: string) {
    super(`cannot import "${specifier}": ${why}`);
  }
}

/** The engine rejected the syntax of a file, without a place. */
export class CompileError extends Error {
  constructor(readonly path: string, cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** A config tried something that it may not do. */
export class Refusal extends Error {}
