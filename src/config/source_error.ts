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

/** The first place of one of the texts in a file; undefined if it contains none. */
export function placeOf(source: string, texts: readonly string[]): Place | undefined {
  const found = texts.map((text) => source.indexOf(text)).filter((at) => at >= 0);
  if (found.length === 0) return undefined;
  const lines = source.slice(0, Math.min(...found)).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** The engine rejected the syntax of a file, without a place. */
export class CompileError extends Error {
  constructor(readonly path: string, cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** A config tried something that it may not do. */
export class Refusal extends Error {}
