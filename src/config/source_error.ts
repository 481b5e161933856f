/** The ways in which a config's files can be wrong, before they are put into words. */
import { messageOf } from "../core/errors.ts";

/** A place in a file as its author sees it: line and column, both from 1. */
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

/** An import that cannot be; where it stands is still to be found. */
export class ImportError extends Error {
  constructor(readonly path: string, readonly specifier: string, why: string) {
    super(`cannot import "${specifier}": ${why}`);
  }
}

/** The engine refused a file's syntax; it does not say where. */
export class CompileError extends Error {
  constructor(readonly path: string, cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** Something that a config may not do, refused before it is tried. */
export class Refusal extends Error {}
