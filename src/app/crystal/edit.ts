/** Inserts text into Crystal source. All other bytes and all other tokens stay the same. */
import { type Token, tokenize } from "./lexer.ts";

/** A text to be put into a source. */
export interface Insertion {
  /** UTF-16 offset. */
  readonly at: number;
  readonly text: string;
}

/** The source with the texts inserted. They must be in the order of their places. */
export function inserted(source: string, insertions: readonly Insertion[]): string {
  let [text, from] = ["", 0];
  for (const insertion of insertions) {
    text += source.slice(from, insertion.at) + insertion.text;
    from = insertion.at;
  }
  return text + source.slice(from);
}

/**
 * Whether `after` is `before` with the tokens of `added`, and nothing else, put in at one place:
 * before the token at `index`. Line breaks are ignored here.
 */
export function addsOnly(before: string, after: string, index: number, added: string): boolean {
  const old = tokenize(before);
  const at = old.slice(0, index).filter(isCode).length;
  const expected = written(old).toSpliced(at, 0, ...written(tokenize(added)));
  const found = written(tokenize(after));
  return expected.length === found.length && expected.every((token, i) => token === found[i]);
}

function isCode({ kind }: Token): boolean {
  return kind !== "newline";
}

function written(tokens: readonly Token[]): string[] {
  return tokens.filter(isCode).map((token) =>
    JSON.stringify(
      "text" in token ? [token.kind, token.text] : [
        token.kind,
        ...("value" in token ? [token.value, token.literal] : []),
      ],
    )
  );
}
