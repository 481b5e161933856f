import type { LiteralKind } from "./crystal_text.ts";

/** A piece of Crystal source; `line` is the one it begins on, from 1. */
export type Token =
  /** Code: the text as written. `#{` and the `}` that closes it are operators. */
  | {
    readonly kind: "constant" | "identifier" | "number" | "operator";
    readonly text: string;
    readonly line: number;
  }
  /**
   * Text, its escapes decoded (regexes and `%w()` lists: as written). `literal` is false when code
   * is interpolated: `value` is then what comes before it, the code follows as tokens, and what
   * comes after the code is of the kind "text".
   */
  | {
    readonly kind: LiteralKind;
    readonly value: string;
    readonly literal: boolean;
    readonly line: number;
  }
  | { readonly kind: "newline"; readonly line: number };

/**
 * Where a token stands in its source, as UTF-16 offsets. A heredoc ends with its name, and `#{`
 * begins with the text before it.
 */
export interface Span {
  readonly start: number;
  end: number;
}
